#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
import os
import re
import socket
import time

from scenario import Mallory, PKCS7, has, main, same, traced
import mallory  # noqa: E402 - the path is set by scenario
from patience import long, until  # noqa: E402


def taken(lab, sender, to, text):
    """The protected body of a message that did not arrive, as one on the way has it."""
    trace = os.path.join(lab.dir, f"trace-{len(lab.ues)}")
    lab.ue(sender, "send", to, text, options=("--trace", trace)).finish(None)
    return traced(trace, "MESSAGE")[-1][1]


def on_messages(lab):
    """replayed, altered, impersonated, stolen and plain messages: refused with the reason, or shown as what they are"""
    lab.start("alice", "bob", "mallory")
    tap = Mallory((lab.address, lab.sip_port), "mallory", lab.password("mallory"))
    alice, bob = lab.uri("alice"), lab.uri("bob")
    body = taken(lab, "alice", "bob", "for Bob only")
    own = taken(lab, "mallory", "bob", "send money. Alice")

    thief = lab.online("mallory")
    same(tap.message(lab.uri("mallory"), alice, body, PKCS7), 493, "status")
    has(thief.wait("message-refused", "message"), event="message-refused", reason="kms_error")
    thief.stop()

    ue = lab.online("bob")
    for at in (len(body) // 2, len(body) - 1, len(body) - 20):
        altered = bytearray(body)
        altered[at] ^= 1
        same(tap.message(bob, alice, bytes(altered), PKCS7) in (403, 493), True, "status")
        ue.wait("message-refused")
    same(tap.message(bob, alice, body, PKCS7), 200, "status of the unchanged one")
    has(ue.wait("message"), text="for Bob only", peer=alice)
    same(tap.message(bob, alice, body, PKCS7), 493, "status of a replay")
    has(ue.wait("message-refused", "message"), event="message-refused", reason="replay")

    same(tap.message(bob, alice, own, PKCS7), 200, "status")
    has(ue.wait("message"), peer=lab.uri("mallory"), asserted=lab.uri("mallory"), **{"from": alice},
        warning="From names somebody else")
    same(tap.message(bob, alice, b"it is me, Alice", "text/plain"), 488, "status")
    has(ue.wait("message-refused", "message"), event="message-refused", reason="plain_policy")
    ue.type("/quit")
    ue.finish(0)

    # A restart forgets nothing.
    ue = lab.online("bob")
    same(tap.message(bob, alice, body, PKCS7), 493, "status of a replay after a restart")
    has(ue.wait("message-refused", "message"), event="message-refused", reason="replay")


def with_garbage(lab):
    """garbage in place of protected content: refused, and the client goes on"""
    lab.start("alice", "bob")
    tap = Mallory((lab.address, lab.sip_port), "alice", lab.password("alice"))
    alice, bob = lab.uri("alice"), lab.uri("bob")
    ue = lab.online("bob")
    for content, kind in ((b"", PKCS7), (b"0", PKCS7), (bytes(1000), PKCS7), (b"\x30\x80" * 500, PKCS7),
                          (os.urandom(5000), PKCS7), (b"x", "application/pkcs7-mime; smime-type=signed-data"),
                          (b"--b\r\n\r\n--b--", "multipart/mixed; boundary=b")):
        same(tap.message(bob, alice, content, kind) >= 400, True, f"status for {kind}")
        ue.wait("message-refused")
    # What the SIP parser does not take costs nothing but an answer.
    for kind in ("text", "/", ""):
        began = time.monotonic()
        same(tap.message(bob, alice, b"hello", kind), 400, f"status for Content-Type {kind!r}")
        same(time.monotonic() - began < 10, True, "answered, not given up after timer F")
    lab.ue("alice", "send", "bob", "still there?").finish(0)
    same([e["event"] for e in ue.seen].count("registered"), 1, "registrations")
    has(ue.wait("message"), text="still there?")
    # A head that the SIP library cannot read costs the connection, but not the registration.
    same(tap.message(bob, alice, b"x", "text") >= 400, True, "status for a malformed type")
    until(lambda: lab.ue("alice", "send", "bob", "and now?").finish(None) == 0, 15, "reached again")
    has(ue.wait("message"), text="and now?")


def invite(lab, body, call_id, kept=None):
    """Mallory calls Bob as Alice; the status of the answer. With `kept`, ringing is an answer, and the connection,
    by which the call rings on, is put there."""
    s = socket.create_connection((lab.address, lab.sip_port), timeout=long(10))
    extra, uri = "", lab.uri("bob")
    for cseq in (1, 2):
        head = (f"INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:{s.getsockname()[1]};branch=z9hG4bK{call_id}{cseq}\r\n"
                f"Max-Forwards: 70\r\nFrom: <{lab.uri('alice')}>;tag=1\r\nTo: <{uri}>\r\nCall-ID: {call_id}\r\n"
                f"CSeq: {cseq} INVITE\r\nContact: <sip:mallory@127.0.0.1:9>\r\n{extra}"
                f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n")
        s.sendall(head.encode() + body)
        answer, wanted = "", r"^SIP/2.0 (180|[2-6]\d\d)" if kept is not None else r"^SIP/2.0 ([2-6]\d\d)"
        while not re.search(wanted, answer, re.M):
            answer += s.recv(65536).decode("utf-8", "replace")
        status = int(re.findall(wanted, answer, re.M)[-1])
        if status != 407:
            break
        challenge = re.search(r"^Proxy-Authenticate:\s*(.*)$", answer, re.M | re.I).group(1)
        extra = ("Proxy-Authorization: " + mallory.digest_answer(challenge, "INVITE", uri, "mallory",
                                                               lab.password("mallory")) + "\r\n")
    if kept is None:
        s.close()
    else:
        kept.append(s)
    return status


def on_calls(lab):
    """an INVITE sent a second time with the same TRANSFER_INIT, and one with an octet of it changed: 488"""
    lab.start("alice", "bob", "mallory")
    ue = lab.online("bob")
    trace = os.path.join(lab.dir, "trace")
    call = lab.ue("alice", "chat", "bob", stdin=True, options=("--trace", trace))
    call.wait("call-established")
    call.close_stdin()
    call.finish(0)
    sdp = traced(trace, "INVITE")[-1][1]

    same(invite(lab, sdp, "replay"), 488, "status of the replay")
    has(ue.wait("call-failed"), reason="replay")
    at = sdp.index(b"key-mgmt:mikey ") + 60
    changed = sdp[:at] + (b"A" if sdp[at:at + 1] != b"A" else b"B") + sdp[at + 1:]
    same(invite(lab, changed, "changed"), 488, "status of the changed one")
    ue.wait("call-failed")


def on_limits(lab):
    """one caller cannot take all sessions by letting them ring: busy for that caller, not for others"""
    lab.start("alice", "bob", "mallory")
    lab.configure("bob", policy={"plain_media": True, "chat": "ask"}, limits={"caller": 3, "sessions": 5})
    ue, kept = lab.online("bob"), []
    sdp = (b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=message 9 TCP/MSRP *\r\n"
           b"a=accept-types:*\r\na=path:msrp://127.0.0.1:9/x;tcp\r\na=setup:active\r\n")
    same([invite(lab, sdp, f"ring{i}", kept) for i in range(6)], [180] * 3 + [486] * 3, "statuses")
    for i in range(3):
        ue.wait("call-incoming")
    calls = [lab.ue("alice", "chat", "bob", stdin=True) for i in range(2)]
    for call in calls:
        call.wait("call-ringing")
    has(lab.ue("alice", "chat", "bob").wait("call-failed"), status=486)
    ue.type("/quit")  # while they ring
    ue.finish(0)
    for s in kept:
        s.close()


if __name__ == "__main__":
    main(on_messages, with_garbage, on_calls, on_limits)
