#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Media protected by certificates known by their fingerprint (RFC 8122), as towards the edge of a network: between two of
our clients without a gateway in between, and with openssl(1) as the other side."""
import os
import re
import socket
import stat
import sys

from scenario import SOURCE, has, main, same, traced
from sessions import Caller

sys.path.insert(0, os.path.join(SOURCE, "tests", "alg"))
from tls_ue import make_certificate, msrp_send, msrp_sdp, s_client, s_server  # noqa: E402

EDGE = {"e2ae": "ask", "outgoing": "e2ae"}


def chat(lab, **wanted):
    """Texts both ways; what both sides were told of the session."""
    bob = lab.online("bob")
    alice = lab.ue("alice", "chat", "bob", stdin=True)
    up = has(alice.wait("call-established", "call-failed"), event="call-established", **wanted)
    has(bob.wait("call-established"), **wanted)
    alice.type("hello")
    has(bob.wait("chat"), text="hello", asserted=lab.uri("alice"), peer=None)
    bob.type("back")
    has(alice.wait("chat"), text="back")
    alice.close_stdin()
    alice.finish(0)
    bob.stop()
    return up


def both_ways(lab):
    """a chat by fingerprints, whoever opens the connection; the certificate is kept and shown again"""
    lab.start("alice", "bob")
    for a, b in (("auto", "auto"), ("auto", "active"), ("active", "auto")):
        lab.configure("alice", media={**EDGE, "setup": a, "certificate": "own.pem"})
        lab.configure("bob", media={"e2ae": "ask", "setup": b})
        up = chat(lab, security="e2ae", protected=False, suite="TLS_AES_128_GCM_SHA256")
        same(up.get("peer"), None, "nobody vouches for the peer")
        path = os.path.join(lab.home("alice"), "own.pem")
        with open(path, encoding="ascii") as f:
            kept = f.read()
        same(stat.S_IMODE(os.stat(path).st_mode), 0o600, "mode")
        if a == b:
            first = kept
        same(kept, first, "certificate")


def plain(lab):
    """a session of ours without any protection, where both policies take it"""
    lab.start("alice", "bob")
    lab.configure("alice", media={"outgoing": "plain"}, policy={"plain_media": True})
    lab.configure("bob", policy={"plain_media": True})
    chat(lab, security="none", protected=False, suite=None)
    lab.configure("alice", media={"outgoing": "plain"})
    lab.ue("alice", "chat", "bob").finish(1)  # the configuration contradicts itself


def what_is_said(lab):
    """REGISTER announces, the offer asks; where the network announces nothing, a client that goes by registration does not ask"""
    lab.start("alice", "bob")
    lab.configure("bob", media={"e2ae": "ask"})
    bob = lab.online("bob")
    trace = os.path.join(lab.dir, "trace")
    lab.configure("alice", media=EDGE)
    alice = lab.ue("alice", "chat", "bob", stdin=True, options=("--trace", trace))
    alice.wait("call-established")
    alice.close_stdin()
    alice.finish(0)
    offer = traced(trace, "INVITE")[-1][1].decode()
    for line in (r"m=message \d+ TCP/TLS/MSRP \*", r"a=fingerprint:sha-256 (?:[0-9A-F]{2}:){31}[0-9A-F]{2}\r$", r"a=3ge2ae:requested\r$",
                 r"a=setup:actpass", r"a=msrp-cema"):
        same(bool(re.search(f"^{line}", offer, re.M)), True, f"{line} in {offer}")
    same("key-mgmt" in offer, False, "keys of the KMS")
    answer = [m for m in traced(trace, "SIP/2.0 200") if "INVITE" in m[0]][-1][1].decode()
    same("a=fingerprint:" in answer and "3ge2ae" not in answer, True, answer)
    same(any("Security-Client" in head for head, _ in traced(trace, "REGISTER")), False, "announced")
    lab.configure("alice", media={**EDGE, "e2ae": "registered"})
    alice = lab.ue("alice", "chat", "bob", stdin=True, options=("--trace", trace))  # registers, to learn what is there
    has(alice.wait("call-failed", "call-established"), event="call-failed", reason="e2ae_not_announced")
    alice.finish(4)
    head = traced(trace, "REGISTER")[-1][0]
    same(re.search(r"^Security-Client:\s*(.*?)\r?$", head, re.M).group(1), "msrp-tls;mediasec, bfcp-tls;mediasec", head)
    bob.stop()


def openssl_client(lab):
    """openssl as the active side: the right certificate, another one, none"""
    lab.start("alice", "bob")
    lab.configure("bob", media={"e2ae": "ask", "setup": "passive", "connect_limit": "4s"})
    good, fp = make_certificate(lab.dir, "good")
    other, _ = make_certificate(lab.dir, "other")
    for n, (pem, works) in enumerate(((good, True), (other, False), (None, False))):
        bob = lab.online("bob")
        sdp = msrp_sdp(9, "TCP/TLS/MSRP", "active", lines=(f"a=fingerprint:{fp}", "a=3ge2ae:applied"))
        status, answer = Caller(lab, "alice").invite("bob", f"TCP/e2ae{n}", sdp.replace("\n", "\r\n") + "\r\n")
        same(status, 200, answer)
        port = int(re.search(r"^m=message (\d+) TCP/TLS/MSRP", answer, re.M).group(1))
        path = re.search(r"^a=path:(\S+)", answer, re.M).group(1)
        client = s_client("127.0.0.1", port, pem)
        if works:
            client.expect(b"Verification")
            client.send(msrp_send(path, "msrps://x.invalid:9/s1;tcp", "from openssl"))
            has(bob.wait("chat"), text="from openssl", security=None)
            same(client.peer_fingerprint().upper(), re.search(r"^a=fingerprint:(.*?)\r?$", answer, re.M).group(1).upper(), "fingerprint")
        else:
            client.ended()
            same(b"alert" in client.seen, True, client.seen)
            has(bob.wait("call-failed"), reason="tls_fingerprint_mismatch" if pem else "tls_no_certificate")
        client.stop()
        bob.stop()


def openssl_server(lab):
    """openssl as the passive side, with the right certificate and with another one"""
    lab.start("alice", "bob")
    lab.configure("bob", media={"e2ae": "ask", "setup": "active", "connect_limit": "4s"})
    good, fp = make_certificate(lab.dir, "good")
    other, _ = make_certificate(lab.dir, "other")
    for n, pem in enumerate((good, other)):
        with socket.create_server(("127.0.0.1", 0)) as s:
            port = s.getsockname()[1]
        server = s_server(port, pem)
        bob = lab.online("bob")
        sdp = msrp_sdp(port, "TCP/TLS/MSRP", "passive", lines=("a=fingerprint:md5 00", f"a=fingerprint:{fp}"))
        same(Caller(lab, "alice").invite("bob", f"TCP/server{n}", sdp.replace("\n", "\r\n") + "\r\n")[0], 200, "status")
        if pem == good:
            server.expect(b"SEND")
        else:
            has(bob.wait("call-failed"), reason="tls_fingerprint_mismatch")
        server.stop()
        bob.stop()


def without_fingerprint(lab):
    """an offer of TLS with neither keys nor a fingerprint, and fingerprints nobody may use, are refused"""
    lab.start("alice", "bob")
    lab.configure("bob", media={"e2ae": "ask"})
    bob = lab.online("bob")
    sha1 = "SHA-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB"
    for n, (line, reason) in enumerate((("a=x", "key_mgmt_missing"), (f"a=fingerprint:{sha1}", "fingerprint_missing"),
                                        ("a=fingerprint:sha-256 4A", "fingerprint_malformed"))):
        sdp = msrp_sdp(9, "TCP/TLS/MSRP", "active", lines=(line,))
        same(Caller(lab, "alice").invite("bob", f"TCP/none{n}", sdp.replace("\n", "\r\n") + "\r\n")[0], 488, "status")
        has(bob.wait("call-failed"), reason=reason)


def without_kms(lab):
    """a user without a key management server: chats to the edge, and refuses what only a ticket could open"""
    lab.start("alice", "bob")
    for name, media in (("alice", EDGE), ("bob", {"e2ae": "ask"})):
        lab.configure(name, media=media)
    path = os.path.join(lab.home("alice"), "ue.yaml")
    with open(path, encoding="utf-8") as f:
        text = f.read()
    text = re.sub(r"^kms:\n(  .*\n)+", "", text, flags=re.M)
    with open(path, "w", encoding="utf-8") as f:
        f.write(re.sub(r"^tickets:\n(  .*\n)+", "", text, flags=re.M))
    chat(lab, security="e2ae", protected=False)
    alice = lab.online("alice")
    bob = lab.ue("bob", "chat", "alice", stdin=True)
    has(bob.wait("call-failed", "call-established"), event="call-failed", status=488)
    has(alice.wait("call-failed"), reason="kms_not_configured")
    bob.finish(4)
    bob = lab.ue("bob", "send", "alice", "secret")
    has(bob.wait("message-failed", "message-sent"), event="message-failed")
    has(alice.wait("message-refused"), reason="kms_not_configured")
    alice.type("/msg bob hello")
    alice.stop()


if __name__ == "__main__":
    main(both_ways, plain, without_kms, what_is_said, openssl_client, openssl_server, without_fingerprint)
