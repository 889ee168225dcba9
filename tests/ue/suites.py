#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The TLS switches of the profile, end to end; what they are is in docs/profile.md."""
from scenario import has, main, same


def chat(lab, profile_a, profile_b):
    """Alice calls Bob under these profiles and sends one text; returns her event."""
    lab.configure("alice", profile=profile_a)
    lab.configure("bob", profile=profile_b)
    there = lab.online("bob")
    here = lab.ue("alice", "chat", "bob", stdin=True)
    up = here.wait("call-established", "call-failed")
    if up["event"] == "call-established":
        here.type("one")
        has(there.wait("chat"), text="one", peer=lab.uri("alice"))
        here.close_stdin()
        here.finish(0)
        there.type("/quit")
        there.finish(0)
    else:
        here.stop()
        there.stop()
    return up


def named_identity(lab):
    """a named PSK identity, on one side or both, changes nothing else"""
    lab.start("alice", "bob")
    for a, b in (({"psk_identity": "mediasec"}, {}), ({}, {"psk_identity": "x"})):
        has(chat(lab, a, b), event="call-established", suite="PSK-AES128-GCM-SHA256")


def other_suites(lab):
    """the order is the caller's to choose from; Diffie-Hellman only when switched on"""
    lab.start("alice", "bob")
    cbc = {"psk_suites": "PSK-AES256-CBC-SHA384"}
    has(chat(lab, cbc, {}), event="call-established", suite="PSK-AES256-CBC-SHA384")
    dh = {"psk_suites": "ECDHE-PSK-AES256-CBC-SHA384", "psk_dh": 1}
    has(chat(lab, dh, dh), event="call-established", suite="ECDHE-PSK-AES256-CBC-SHA384")
    has(chat(lab, dh, {}), event="call-failed")


def tls13(lab):
    """TLS 1.3 with an external PSK between two who agree on it, and not otherwise"""
    lab.start("alice", "bob")
    new = {"tls13_psk": 1, "psk_identity": "mediasec"}
    has(chat(lab, new, new), event="call-established", suite="TLS_AES_128_GCM_SHA256")
    has(chat(lab, new, {}), event="call-failed")


def refused_configurations(lab):
    """switches that contradict each other are refused at the start, by name"""
    lab.start("alice")
    for profile, name in (({"psk_suites": "ECDHE-PSK-AES256-CBC-SHA384"}, "tls_suite_dh"),
                          ({"psk_suites": "PSK-NULL-SHA256"}, "tls_suite_null"),
                          ({"psk_suites": "AES128-SHA"}, "tls_suite_not_psk"),
                          ({"tls13_psk": 1}, "psk_identity"),
                          ({"psk_identity": "x" * 129}, "psk_identity")):
        lab.configure("alice", profile=profile)
        ue = lab.ue("alice", "listen")
        ue.finish(1)
        same(name in lab.logs(100), True, f"{name} in what is said about {profile}")


if __name__ == "__main__":
    main(named_identity, other_suites, tls13, refused_configurations)
