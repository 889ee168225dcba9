#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
import json
import os
import signal

from scenario import PKCS7, has, main, same, traced
from patience import until


def both_ways(lab, *names):
    a, b = names
    there, here = lab.online(b), lab.online(a)
    here.type(f"/msg {b} hello {b}, gr\u00fc\u00dfe")
    has(there.wait("message"), text=f"hello {b}, gr\u00fc\u00dfe", peer=lab.uri(a), verified=True, protected=True)
    has(here.wait("message-sent"), status=200, peer=lab.uri(b), protected=True)
    there.type(f"/msg {a} hello {a}")
    has(here.wait("message"), text=f"hello {a}", peer=lab.uri(b), verified=True)
    for ue in (here, there):
        ue.type("/quit")
        ue.finish(0)


def by_tcp(lab):
    """messages both ways, SIP over TCP"""
    lab.start("alice", "bob")
    both_ways(lab, "alice", "bob")


def by_udp(lab):
    """messages both ways, SIP over UDP, the large ones over TCP"""
    lab.start("alice", "bob")
    for name in ("alice", "bob"):
        lab.configure(name, sip={"transport": "udp"})
    both_ways(lab, "alice", "bob")


def by_tls(lab):
    """messages both ways, SIP over TLS with the server verified; a wrong name is refused"""
    lab.tls = True
    lab.start("alice", "bob")
    both_ways(lab, "alice", "bob")
    lab.configure("alice", sip={"server_name": "other.example.org"})
    alice = lab.ue("alice", "send", "bob", "hello")
    has(alice.wait("message-failed"), reason="unreachable", detail="hostname mismatch")
    alice.finish(2)


def by_ipv6(lab):
    """all of it over IPv6, by UDP, TCP and TLS: registrar, key management server, messages, a chat, a file"""
    lab.settle("::1")
    lab.tls = True
    lab.start("alice", "bob")
    both_ways(lab, "alice", "bob")
    path = os.path.join(lab.dir, "file")
    with open(path, "wb") as f:
        f.write(os.urandom(1 << 20))
    plain = f"sip:[::1]:{lab.sip_port}"
    for transport in ("udp", "tcp"):
        for name in ("alice", "bob"):
            lab.configure(name, sip={"proxy": plain, "transport": transport})
        both_ways(lab, "alice", "bob")
        bob = lab.online("bob")
        alice = lab.ue("alice", "chat", "bob", stdin=True)
        has(alice.wait("call-established", "call-failed"), event="call-established", peer=lab.uri("bob"))
        alice.type("over six")
        has(bob.wait("chat"), text="over six", peer=lab.uri("alice"))
        alice.close_stdin()
        alice.finish(0)
        lab.ue("alice", "send-file", "bob", path).finish(0)
        has(bob.wait("file-done"), size=1 << 20, verified=True)
        bob.stop()


def any_content(lab):
    """any media type, base64, all four content algorithms; the largest, and one octet more"""
    lab.start("alice", "bob")
    bob = lab.online("bob")
    path = os.path.join(lab.dir, "card")
    for algorithm in ("aes-128-gcm", "aes-256-gcm", "aes-128-ccm", "aes-256-ccm"):
        lab.configure("alice", message={"algorithm": algorithm, "base64": algorithm.endswith("ccm")})
        with open(path, "wb") as f:
            f.write(os.urandom(32768 if algorithm == "aes-256-gcm" else 100))
        lab.ue("alice", "send", "bob", "--type", "application/octet-stream", "--file", path).finish(0)
        has(bob.wait("message", "message-refused"), event="message", type="application/octet-stream", size=os.path.getsize(path))
    with open(path, "wb") as f:
        f.write(bytes(32769))
    lab.ue("alice", "send", "bob", "--type", "a/b", "--file", path).finish(1)


def tickets_are_reused(lab):
    """one ticket serves many messages, across runs; another recipient needs another ticket"""
    lab.start("alice", "bob", "carol")
    bob, carol = lab.online("bob"), lab.online("carol")
    for source in ("kms", "cache", "cache"):
        ue = lab.ue("alice", "send", "bob", "again")
        has(ue.wait("ticket"), kind="message", source=source, resolvers=[lab.uri("bob")])
        ue.finish(0)
        bob.wait("message")
    has(lab.ue("alice", "send", "carol", "and you").wait("ticket"), source="kms", resolvers=[lab.uri("carol")])
    carol.wait("message")
    listed = lab.ue("alice", "tickets")
    listed.finish(0)
    same(sorted((e["resolvers"][0], e["uses"]) for e in listed.seen if e["event"] == "ticket"),
         [(lab.uri("bob"), 3), (lab.uri("carol"), 1)], "tickets")
    audit = open(os.path.join(lab.kms_dir, "audit.log"), encoding="utf-8").read()
    same(audit.count("resolve"), 2, "resolves in the audit log: Bob's client keeps what it resolved")


def bursts(lab):
    """forty messages at once cost the key management server one request and one resolve"""
    lab.start("alice", "bob")
    bob, alice = lab.online("bob"), lab.online("alice")
    for i in range(40):
        alice.type(f"/msg bob text {i}")
    texts = [bob.wait("message", "message-refused").get("text") for _ in range(40)]
    same(sorted(texts), sorted(f"text {i}" for i in range(40)), "texts")
    for _ in range(40):
        alice.wait("message-sent")
    with open(os.path.join(lab.kms_dir, "audit.log"), encoding="utf-8") as f:
        done = [word for word in (line.split()[1] for line in f) if word in ("issue", "resolve")]
    same(done, ["issue", "resolve"], "what the audit log says")


def round_trips(lab):
    """by the key management server's own counters: one ticket and one resolve for each pair of users, however many messages"""
    lab.start("alice", "bob", "carol")
    bob, carol, alice = lab.online("bob"), lab.online("carol"), lab.online("alice")
    for i in range(15):
        for name, ue in (("bob", bob), ("carol", carol)):
            alice.type(f"/msg {name} text {i}")
            has(ue.wait("message", "message-refused"), text=f"text {i}")
            alice.wait("message-sent")
    counted = json.loads(lab.ctl("--json", "counters"))
    same([counted[f"mediasec_kms_tickets_{what}_total"] for what in ("issued", "resolved")], [2, 2],
         "tickets issued and resolved for thirty messages")


IMDN = """<?xml version="1.0" encoding="UTF-8"?>
<imdn xmlns="urn:ietf:params:xml:ns:imdn"><message-id>{}</message-id><datetime>2026-01-01T00:00:00Z</datetime>
<delivery-notification><status><delivered/></status></delivery-notification></imdn>
"""


def counted(path):
    """The counters in a file, once it is there."""
    until(lambda: os.path.exists(path), 15, f"{path} is written")
    with open(path, encoding="ascii") as f:
        return {name: int(value) for name, value in (line.rsplit(" ", 1) for line in f if line[0] != "#")}


def holds(counters, wanted):
    same({name: counters.get(name) for name in wanted}, wanted, "counters")


def own_counters(lab):
    """what the client counts: its events and what it asked the KMS, in a file at its end and on a signal, and as it runs"""
    lab.start("alice", "bob")
    mine, his = os.path.join(lab.dir, "alice.prom"), os.path.join(lab.dir, "bob.prom")
    bob = lab.ue("bob", stdin=True, options=("--stats", his))
    bob.wait("registered")
    for trips in (1, 0):  # the second time the ticket is in the cache
        lab.ue("alice", "send", "bob", "count me", options=("--stats", mine)).finish(0)
        holds(counted(mine), {'mediasec_ue_events_total{event="message-sent"}': 1, "mediasec_ue_unprotected_total": 0,
                                          'mediasec_keys_kms_round_trips_total{exchange="request"}': trips,
                                          'mediasec_keys_cached_total{what="ticket"}': 1 - trips})
        has(bob.wait("message"), text="count me")
    bob.process.send_signal(signal.SIGUSR1)
    holds(counted(his), {'mediasec_ue_events_total{event="message"}': 2,
                                     'mediasec_keys_kms_round_trips_total{exchange="resolve"}': 1})
    bob.type("/stats")
    bob.type("/quit")
    bob.finish(0)
    with open(bob.log + ".err", encoding="utf-8") as f:
        same('mediasec_ue_events_total{event="message"} 2\n' in f.read(), True, "what /stats says")
    # What cannot be written is said, and changes nothing else.
    lab.ue("alice", "send", "nobody", "count me", options=("--stats", os.path.join(lab.dir, "none", "x"))).finish(2)


def notifications(lab):
    """delivery notifications (RFC 5438): asked for, sent back under protection, believed only from whom we asked, once"""
    lab.start("alice", "bob", "carol")
    lab.configure("alice", message={"ask_delivery": True})
    trace = os.path.join(lab.dir, "trace")
    bob, alice = lab.online("bob"), lab.ue("alice", stdin=True, options=("--trace", trace))
    alice.wait("registered")
    alice.type("/msg bob did it arrive?")
    has(bob.wait("message"), text="did it arrive?", type="text/plain", peer=lab.uri("alice"), verified=True)
    # The notification may overtake the answer.
    sent, delivered = alice.wait_all("message-sent", "message-delivered")
    has(delivered, peer=has(sent, peer=lab.uri("bob"))["peer"], id=sent["id"], reason="delivered")
    for head, body in traced(trace, "MESSAGE"):
        same((PKCS7 in head, b"imdn" in body), (True, False), "notifications are protected too")
    same([e["event"] for e in bob.seen if e["event"] in ("message-sent", "message-failed")], [], "told of notifications")
    alice.type("/quit")
    alice.finish(0)
    bob.stop()
    # Bob does not tell; others cannot in his place.
    lab.configure("alice")
    lab.configure("bob", message={"tell_delivery": False})
    bob = lab.online("bob")
    alice = lab.ue("alice", "send", "bob", "and this?", "--notify", "--timeout", "60")
    sent = alice.wait("message-sent")
    bob.wait("message")
    path = os.path.join(lab.dir, "imdn")
    with open(path, "w", encoding="ascii") as f:
        f.write(IMDN.format(sent["id"]))
    lab.ue("carol", "send", "alice", "--type", "message/imdn+xml", "--file", path).finish(4)
    has(alice.wait("message-refused", "message-delivered"), event="message-refused", reason="notification_unasked")
    with open(path, "w", encoding="ascii") as f:
        f.write("<imdn>")
    lab.ue("bob", "send", "alice", "--type", "message/imdn+xml", "--file", path).finish(4)
    alice.wait("message-refused")
    with open(path, "w", encoding="ascii") as f:
        f.write(IMDN.format(sent["id"]))
    lab.ue("bob", "send", "alice", "--type", "message/imdn+xml", "--file", path).finish(0)
    has(alice.wait("message-delivered"), id=sent["id"], peer=lab.uri("bob"))
    alice.finish(0)
    lab.ue("alice", "send", "bob", "nobody tells", "--notify", "--timeout", "2").finish(5)


def plain_messages(lab):
    """plain messages by policy: refused, shown as such, only if the network says who sent them"""
    lab.start("alice", "bob")
    bob = lab.online("bob")
    lab.configure("alice", policy={"plain_message": True})
    ue = lab.ue("alice", "send", "bob", "--plain", "postcard")
    has(ue.wait("message-failed"), status=488)
    ue.finish(4)
    has(bob.wait("message-refused"), reason="plain_policy")
    bob.stop()
    lab.configure("bob", policy={"plain_message": True})
    bob = lab.online("bob")
    lab.ue("alice", "send", "bob", "--plain", "postcard").finish(0)
    shown = has(bob.wait("message"), protected=False, verified=False, asserted=lab.uri("alice"), text="postcard")
    same("peer" in shown, False, "peer of a message that nobody vouches for")
    lab.configure("alice", policy={"plain_message": False})
    lab.ue("alice", "send", "bob", "--plain", "postcard").finish(1)


def nobody_there(lab):
    """unknown and absent users, unusable arguments: exit codes"""
    lab.start("alice", "bob")
    lab.ue("alice", "send", "nobody", "hello").finish(2)
    lab.ue("alice", "send", "bob", "hello").finish(2)
    lab.ue("alice", "send", "not a name", "hello").finish(1)
    lab.ue("alice", "send", "bob").finish(1)
    lab.ue("alice", "dance").finish(1)
    lab.ue("alice", "listen", "--count", "1", "--timeout", "1").finish(5)


def nothing_in_the_clear(lab):
    """what a trace of SIP shows: pkcs7-mime with the 3GPP spelling, no text"""
    lab.start("alice", "bob")
    bob = lab.online("bob")
    trace = os.path.join(lab.dir, "trace")
    lab.ue("alice", "send", "bob", "secret words", options=("--trace", trace)).finish(0)
    bob.wait("message")
    same(os.stat(trace).st_mode & 0o777, 0o600, "mode of the trace")
    sent = traced(trace, "MESSAGE")
    same(bool(sent), True, "requests in the trace")
    for head, body in sent:
        same("smime-type=auth-enveloped-data" in head, True, head)
        same(b"secret words" in body, False, "plain text in the body")


if __name__ == "__main__":
    main(by_tcp, by_udp, by_tls, by_ipv6, any_content, tickets_are_reused, bursts, round_trips, own_counters, notifications, plain_messages, nobody_there, nothing_in_the_clear)
