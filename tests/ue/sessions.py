#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
import os
import re
import socket

from scenario import has, main, same, traced
from patience import long  # noqa: E402 - the path is set by scenario


def chat(lab, a="alice", b="bob"):
    """A chat from a (one-shot) to b (online); texts both ways."""
    there = lab.online(b)
    here = lab.ue(a, "chat", b, stdin=True)
    up = has(here.wait("call-established", "call-failed"), event="call-established", peer=lab.uri(b), protected=True)
    for text in ("one", "two", "three"):
        here.type(text)
        has(there.wait("chat"), text=text, peer=lab.uri(a))
        has(here.wait("chat-sent"), text=text)
    there.type("back")
    has(here.wait("chat"), text="back", peer=lab.uri(b))
    here.close_stdin()
    here.finish(0)
    there.wait("call-ended")
    there.type("/quit")
    there.finish(0)
    return up


def both_ways(lab):
    """a chat both ways; tickets of sessions admit anybody and are reused"""
    lab.start("alice", "bob")
    has(chat(lab), suite="PSK-AES128-GCM-SHA256", diverted=False)
    chat(lab)
    listed = lab.ue("alice", "tickets")
    listed.finish(0)
    has(listed.seen[1], kind="session", resolvers=["?@?"], uses=2)


def setups(lab):
    """whoever opens the connection; MSRP over IPv6; offers and answers as TS 24.247 wants them"""
    lab.start("alice", "bob")
    for a, b in (("active", "auto"), ("auto", "active"), ("auto", "passive"), ("active", "passive")):
        lab.configure("alice", media={"setup": a})
        lab.configure("bob", media={"setup": b})
        chat(lab)
    for name in ("alice", "bob"):
        lab.configure(name, media={"address": "::1"})
    chat(lab)
    trace = os.path.join(lab.dir, "trace")
    bob = lab.online("bob")
    ue = lab.ue("alice", "chat", "bob", stdin=True, options=("--trace", trace))
    ue.wait("call-established")
    ue.close_stdin()
    ue.finish(0)
    bob.stop()
    offer = traced(trace, "INVITE")[-1][1].decode()
    for line in (r"c=IN IP6 ::1", r"m=message \d+ TCP/TLS/MSRP \*", r"a=msrp-cema", r"a=setup:actpass",
                 r"a=path:msrps://[0-9a-f]+\.invalid:\d+/[0-9a-f]+;tcp", r"a=key-mgmt:mikey \S+", r"a=accept-types:text/plain"):
        same(bool(re.search(f"^{line}", offer, re.M)), True, f"{line} in {offer}")
    same(offer.index("a=key-mgmt") < offer.index("m=message"), True, "key-mgmt at session level")


def diversion(lab):
    """a diverted call: who answered is shown; policy and option refuse somebody else"""
    lab.start("alice", "bob", "carol")
    carol = lab.online("carol")
    lab.forward("bob", "carol")
    ue = lab.ue("alice", "chat", "bob", stdin=True)
    has(ue.wait("call-established", "call-failed"), event="call-established", peer=lab.uri("carol"), called=lab.uri("bob"),
        diverted=True)
    ue.type("hello whoever")
    has(carol.wait("chat"), text="hello whoever", peer=lab.uri("alice"))
    ue.close_stdin()
    ue.finish(0)
    carol.wait("call-ended")
    # The ticket admits her, but not Alice's policy: the call, which stands by then, is ended.
    lab.configure("alice", policy={"peer": "called"})
    ue = lab.ue("alice", "chat", "bob", stdin=True)
    has(ue.wait("call-established", "call-failed"), event="call-failed", reason="unexpected_peer", peer=lab.uri("carol"))
    ue.finish(4)
    carol.wait("call-ended", "call-failed")
    # A ticket for Bob alone: Carol's client cannot resolve it.
    lab.configure("alice")
    ue = lab.ue("alice", "chat", "bob", "--only-called", stdin=True)
    has(ue.wait("call-established", "call-failed"), event="call-failed", status=488)
    ue.finish(4)
    has(carol.wait("call-failed"), status=488)


def callers(lab):
    """callers who are not contacts are refused where the policy says so"""
    lab.start("alice", "bob", "eve")
    lab.configure("bob", policy={"peer": "contacts"}, contacts=[{"name": "alice", "uri": lab.uri("alice")}])
    bob = lab.online("bob")
    ue = lab.ue("eve", "chat", "bob", stdin=True)
    has(ue.wait("call-failed", "call-established"), event="call-failed", status=488)
    ue.finish(4)
    has(bob.wait("call-failed"), reason="unexpected_peer", peer=lab.uri("eve"))


def refused_key_exchange(lab):
    """a key exchange that fails: 488 with a Warning, and a MIKEY Error message inside"""
    lab.start("alice", "bob")
    lab.configure("bob", profile={"prot_type_tls": 250})
    bob = lab.online("bob")
    trace = os.path.join(lab.dir, "trace")
    ue = lab.ue("alice", "chat", "bob", stdin=True, options=("--trace", trace))
    failed = has(ue.wait("call-failed", "call-established"), event="call-failed", status=488)
    same(bool(failed.get("warning")), True, "a Warning for the user")
    ue.finish(4)
    bob.wait("call-failed")
    head, body = traced(trace, "SIP/2.0 488")[0]
    same(bool(re.search(r"^Warning: 399 ", head, re.M)), True, head)
    same(b"a=key-mgmt:mikey AQY" in body, True, f"an Error message (data type 6) in {body}")


def without_keys(lab):
    """plain MSRP is refused; TLS without key-mgmt is refused with Warning 306"""
    lab.start("alice", "bob")
    bob = lab.online("bob")
    mallory = Caller(lab, "alice")
    status, head = mallory.invite("bob", "TCP/MSRP")
    same(status, 488, head)
    has(bob.wait("call-failed"), reason="no_protected_msrp")
    status, head = mallory.invite("bob", "TCP/TLS/MSRP")
    same((status, "Warning: 306" in head), (488, True), head)
    has(bob.wait("call-failed"), reason="key_mgmt_missing")


class Caller:
    """Sends a hand-made INVITE through the core."""

    def __init__(self, lab, name):
        self.lab, self.name = lab, name

    def invite(self, to, proto, sdp=None):
        import mallory
        lab, uri = self.lab, self.lab.uri(to)
        sdp = sdp or ("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
               f"m=message 9 {proto} *\r\na=setup:active\r\na=msrp-cema\r\na=accept-types:*\r\n"
               f"a=path:msrp{'s' if 'TLS' in proto else ''}://x.invalid:9/s1;tcp\r\n")
        with socket.create_connection((lab.address, lab.sip_port), timeout=long(10)) as s:
            credentials = ""
            for cseq in (1, 2):
                request = (f"INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:{s.getsockname()[1]};branch=z9hG4bK{proto[4:7]}{cseq}\r\n"
                           f"Max-Forwards: 70\r\nFrom: <{lab.uri(self.name)}>;tag=1\r\nTo: <{uri}>\r\n"
                           f"Call-ID: {proto}-{s.getsockname()[1]}\r\nCSeq: {cseq} INVITE\r\n"
                           f"Contact: <sip:{self.name}@127.0.0.1:9>\r\n{credentials}"
                           f"Content-Type: application/sdp\r\nContent-Length: {len(sdp)}\r\n\r\n{sdp}")
                s.sendall(request.encode())
                head = self.final(s)
                status = int(head.split()[1])
                if status != 407:
                    return status, head
                challenge = re.search(r"^Proxy-Authenticate:\s*(.*)$", head, re.M | re.I).group(1)
                answer = mallory.digest_answer(challenge, "INVITE", uri, self.name, lab.password(self.name))
                credentials = f"Proxy-Authorization: {answer}\r\n"
        return status, head

    def final(self, s):
        data = b""
        while True:
            data += s.recv(65536)
            for part in data.decode("utf-8", "replace").split("SIP/2.0 ")[1:]:
                head, end, body = part.partition("\r\n\r\n")
                length = re.search(r"^Content-Length:\s*(\d+)", head, re.M | re.I)
                if part[0] in "23456" and end and len(body) >= int(length.group(1) if length else 0):
                    return "SIP/2.0 " + part


def rtp_beside(lab):
    """RTP lines beside the MSRP line are answered with port 0, whichever comes first; two MSRP lines: one is taken"""
    lab.start("alice", "bob")
    audio = "m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
    for n, order in enumerate(("before", "after", "twice")):
        trace = os.path.join(lab.dir, f"trace-{n}")
        lab.ue("alice", "chat", "bob", stdin=True, options=("--trace", trace)).finish(2)  # he is not there
        sdp = traced(trace, "INVITE")[-1][1].decode()
        at = sdp.index("m=message")
        message = sdp[at:]
        changed = {"before": sdp[:at] + audio + message, "after": sdp + audio,
                   "twice": sdp + "m=message 9 TCP/MSRP *\r\na=accept-types:*\r\na=path:msrp://x.invalid:9/s;tcp\r\na=msrp-cema\r\n"}
        bob = lab.online("bob")
        status, answer = Caller(lab, "alice").invite("bob", f"TCP/{n}", changed[order])
        same(status, 200, answer)
        lines = re.findall(r"^m=(\S+ \d+ \S+)", answer, re.M)
        wanted = {"before": [r"audio 0 RTP/AVP", r"message [1-9]\d* TCP/TLS/MSRP"],
                  "after": [r"message [1-9]\d* TCP/TLS/MSRP", r"audio 0 RTP/AVP"],
                  "twice": [r"message [1-9]\d* TCP/TLS/MSRP", r"message 0 TCP/MSRP"]}[order]
        same(len(lines) == 2 and all(re.fullmatch(w, got) for w, got in zip(wanted, lines)), True, f"{order}: {lines}")
        bob.stop()


class Inside:
    """Speaks inside a dialog of others, which a trace of the caller shows; to the caller or to the callee."""

    def __init__(self, trace, to_caller):
        invite, (ok, answer) = traced(trace, "INVITE")[-1], [m for m in traced(trace, "SIP/2.0 200") if "INVITE" in m[0]][-1]
        self.from_, self.to = self.header(ok, "From"), self.header(ok, "To")
        contact = self.header(invite[0], "Contact")
        self.sdp = answer.decode()
        if not to_caller:
            self.sdp = invite[1].decode()
            contact = self.header(ok, "Contact")
        else:
            self.from_, self.to = self.to, self.from_
        self.call_id, self.cseq = self.header(ok, "Call-ID"), 100
        self.uri = re.search(r"<(sip:[^>]*)>", contact).group(1)
        host, port = re.search(r"@([0-9.]+):(\d+)", self.uri).groups()
        self.socket = socket.create_connection((host, int(port)), timeout=long(10))

    def header(self, head, name):
        return re.search(f"^{name}:\\s*(.*?)\r?$", head, re.M | re.I).group(1)

    def ask(self, method, sdp=""):
        """Status, head and body of the answer."""
        self.cseq += 1
        via = f"Via: SIP/2.0/TCP 127.0.0.1:{self.socket.getsockname()[1]};branch=z9hG4bKinside{self.cseq}\r\n"
        dialog = f"Max-Forwards: 70\r\nFrom: {self.from_}\r\nTo: {self.to}\r\nCall-ID: {self.call_id}\r\n"
        kind = "Content-Type: application/sdp\r\n" if sdp else ""
        self.socket.sendall((f"{method} {self.uri} SIP/2.0\r\n{via}{dialog}CSeq: {self.cseq} {method}\r\nContact: <sip:x@127.0.0.1:9>\r\n"
                             f"{kind}Content-Length: {len(sdp)}\r\n\r\n{sdp}").encode())
        answer = Caller.final(None, self.socket)
        if method == "INVITE":
            self.socket.sendall((f"ACK {self.uri} SIP/2.0\r\n{via}{dialog}CSeq: {self.cseq} ACK\r\nContent-Length: 0\r\n\r\n").encode())
        head, _, body = answer.partition("\r\n\r\n")
        return int(head.split()[1]), head, body


def refreshed(lab):
    """re-INVITE and UPDATE, to the caller and to the callee: what stands is answered as it stands, all else is 488"""
    lab.start("alice", "bob")
    for setup in ("auto", "active"):
        lab.configure("bob", media={"setup": setup})
        for to_caller in (True, False):
            trace = os.path.join(lab.dir, f"trace-{setup}-{to_caller}")
            bob = lab.online("bob")
            alice = lab.ue("alice", "chat", "bob", stdin=True, options=("--trace", trace))
            alice.wait("call-established")
            alice.type("before")
            bob.wait("chat")
            peer = Inside(trace, to_caller)
            same(peer.ask("UPDATE")[0], 200, "a timer's UPDATE")
            role = re.search("a=setup:(active|passive)", peer.sdp)
            offer = peer.sdp.replace(role.group(0), "a=setup:actpass") if role else peer.sdp
            audio = "m=audio 4000 RTP/AVP 0\r\n"
            versions = []
            for method, sdp in (("INVITE", offer), ("UPDATE", offer), ("INVITE", offer + audio)):
                status, head, body = peer.ask(method, sdp)
                same(status, 200, head)
                same(re.findall(r"^m=(\S+) 0 ", body, re.M), ["audio"] if audio in sdp else [], body)
                same("a=key-mgmt:mikey " in body and "m=message" in body, True, body)
                connected = to_caller == (setup == "auto")  # the offerer connects, unless Bob wants to
                same(re.search("^a=setup:(.*?)\r?$", body, re.M).group(1), "active" if connected else "passive", body)
                versions.append(tuple(map(int, re.search(r"^o=\S+ (\d+) (\d+)", body, re.M).groups())))
            same([v[1] - versions[0][1] for v in versions] + [v[0] - versions[0][0] for v in versions], [0, 1, 2, 0, 0, 0], "o= lines")
            for sdp in (re.sub("(key-mgmt:mikey AQ.{9})", lambda m: m.group(1)[:-1] + ("A" if m.group(1)[-1] != "A" else "B"), offer),
                        offer.replace(".invalid:", ".elsewhere:"), re.sub(r"m=message \d+", "m=message 0", offer), "v=0\r\nnonsense"):
                status, head, _ = peer.ask("UPDATE", sdp)
                same((status, "Warning: 399 " in head), (488, True), head)
            same(peer.ask("INVITE")[0], 488, "a re-INVITE that asks for an offer")
            alice.type("after")
            has(bob.wait("chat"), text="after")
            bob.type("and back")
            has(alice.wait("chat"), text="and back")
            alice.close_stdin()
            alice.finish(0)
            bob.stop()


def plain_media(lab):
    """plain MSRP where the policy takes it: shown as not protected, and who the network says it is"""
    lab.start("alice", "bob")
    lab.configure("bob", policy={"plain_media": True})
    bob = lab.online("bob")
    status, answer = Caller(lab, "alice").invite("bob", "TCP/MSRP")
    same(status, 200, answer)
    has(bob.wait("call-incoming"), protected=False, asserted=lab.uri("alice"))
    port = int(re.search(r"^m=message (\d+) TCP/MSRP", answer, re.M).group(1))
    path = re.search(r"^a=path:(\S+)", answer, re.M).group(1)
    with socket.create_connection((lab.address, port), timeout=long(5)) as s:
        s.sendall((f"MSRP a786hjs2 SEND\r\nTo-Path: {path}\r\nFrom-Path: msrp://x.invalid:9/s1;tcp\r\nMessage-ID: 87652491\r\n"
                   "Byte-Range: 1-5/5\r\nContent-Type: text/plain\r\n\r\nhello\r\n-------a786hjs2$\r\n").encode())
        has(bob.wait("call-established"), protected=False, asserted=lab.uri("alice"), peer=None)
        has(bob.wait("chat"), text="hello", protected=False, asserted=lab.uri("alice"), peer=None)
        same(s.recv(4096).startswith(b"MSRP a786hjs2 200"), True, "response")
    bob.wait("call-ended")
    # Where he connects he also sends first, without a body: only then may the other side send (RFC 4975 section 5.4).
    with socket.create_server((lab.address, 0)) as server:
        sdp = ("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
               f"m=message {server.getsockname()[1]} TCP/MSRP *\r\na=setup:passive\r\na=accept-types:*\r\n"
               f"a=path:msrp://{lab.address}:{server.getsockname()[1]}/s2;tcp\r\n")
        same(Caller(lab, "alice").invite("bob", "TCP/passive", sdp)[0], 200, "status")
        server.settimeout(long(5))
        with server.accept()[0] as s:
            s.settimeout(long(5))
            same(bool(re.match(rb"MSRP \S+ SEND\r\n", s.recv(4096))), True, "SEND")


def key_mgmt_elsewhere(lab):
    """key-mgmt at media level is answered there; a protocol beside it of which MIKEY did not know is bidding down: 488"""
    lab.start("alice", "bob")
    for n, where in enumerate(("media", "other", "gone")):
        trace = os.path.join(lab.dir, f"trace-{n}")
        lab.ue("alice", "chat", "bob", stdin=True, options=("--trace", trace)).finish(2)  # he is not there
        sdp = traced(trace, "INVITE")[-1][1].decode()
        line = re.search(r"a=key-mgmt:.*?\r\n", sdp).group(0)
        changed = {"media": sdp.replace(line, "") + line, "other": sdp.replace(line, "a=key-mgmt:other AAAA\r\n" + line),
                   "gone": sdp.replace("mikey", "other")}[where]
        bob = lab.online("bob")
        status, answer = Caller(lab, "alice").invite("bob", f"TCP/{n}", changed)
        if where == "media":
            same((status, answer.index("m=message") < answer.index("a=key-mgmt:mikey ")), (200, True), answer)
        else:
            same((status, "Warning: " in answer), (488, True), answer)
            has(bob.wait("call-failed"), reason={"other": "sdp_ids_mismatch", "gone": "key_mgmt_missing"}[where])
        bob.stop()


def without_cema(lab):
    """RFC 6714: without a=msrp-cema an address that is not the path's is a middlebox (488); if it is the path's, fallback"""
    lab.start("alice", "bob")
    for n, fallback in enumerate((False, True)):
        trace = os.path.join(lab.dir, f"trace-{n}")
        lab.ue("alice", "chat", "bob", stdin=True, options=("--trace", trace)).finish(2)  # he is not there
        sdp = traced(trace, "INVITE")[-1][1].decode().replace("a=msrp-cema\r\n", "")
        if fallback:
            port = re.search(r"m=message (\d+)", sdp).group(1)
            sdp = re.sub(r"a=path:msrps://[^/]*/", f"a=path:msrps://127.0.0.1:{port}/", sdp)
        bob = lab.online("bob")
        status, answer = Caller(lab, "alice").invite("bob", f"TCP/{n}", sdp)
        if fallback:
            same((status, "a=msrp-cema" in answer), (200, False), answer)
        else:
            same(status, 488, answer)
            has(bob.wait("call-failed"), reason="cema_middlebox")
        bob.stop()


def strangers_at_the_port(lab):
    """who connects to a pending session's port without the key is dropped, and the peer still gets in"""
    lab.start("alice", "bob")
    lab.configure("alice", policy={"chat": "ask"}, media={"setup": "passive"})
    alice = lab.online("alice")
    lab.configure("bob", media={"setup": "active"}, policy={"chat": "ask"})
    bob = lab.online("bob")
    alice.type("/chat bob")
    bob.wait("call-incoming")
    strangers = []
    for port in range(lab.msrp_first, lab.msrp_first + 60):
        try:
            strangers.append(socket.create_connection((lab.address, port), timeout=long(1)))
            strangers[-1].sendall(b"MSRP abcd SEND\r\n" * 10)
        except OSError:
            pass
    same(len(strangers), 1, "ports that are open for the pending session")
    for _ in range(12):  # and more of them, who say nothing
        strangers.append(socket.create_connection(strangers[0].getpeername(), timeout=long(1)))
    bob.type("/accept")
    for ue in (alice, bob):
        has(ue.wait("call-established", "call-failed"), event="call-established")
    alice.type("only us")
    has(bob.wait("chat"), text="only us")
    for s in strangers:
        s.settimeout(long(5))
        try:
            while s.recv(4096):  # an alert perhaps, then the end
                pass
        except ConnectionResetError:
            pass


def text_for_whom(lab):
    """who calls in the middle of a chat does not get what is typed for another; nor does the next when that ends"""
    lab.start("alice", "bob", "eve")
    alice, bob, eve = lab.online("alice"), lab.online("bob"), lab.online("eve")
    alice.type("/chat bob")
    alice.wait("call-established")
    eve.type("/chat alice")
    eve.wait("call-established")
    alice.wait("call-established")
    alice.type("for Bob")
    has(bob.wait("chat"), text="for Bob")
    bob.type("/hangup")
    alice.wait("call-ended")
    alice.type("still for Bob")
    alice.type("/chat eve")
    alice.type("for Eve")
    has(eve.wait("chat"), text="for Eve")


def many_at_once(lab):
    """parallel sessions: ten chats with one user, each with its own port and key"""
    lab.start("alice", "bob")
    bob = lab.online("bob")
    callers_ = [lab.ue("alice", "chat", "bob", stdin=True) for _ in range(10)]
    for ue in callers_:
        has(ue.wait("call-established", "call-failed", timeout=30), event="call-established")
    for i, ue in enumerate(callers_):
        ue.type(f"text {i}")
    texts = sorted(bob.wait("chat")["text"] for _ in callers_)
    same(texts, sorted(f"text {i}" for i in range(10)), "texts")
    for ue in callers_:
        ue.close_stdin()
        ue.finish(0)


def ask_and_decline(lab):
    """the user is asked: accept, reject, cancel before the answer, no answer"""
    lab.start("alice", "bob")
    lab.configure("bob", policy={"chat": "ask"}, limits={"answer": "2s"})
    bob, alice = lab.online("bob"), lab.online("alice")
    alice.type("/chat bob")
    has(bob.wait("call-incoming"), peer=lab.uri("alice"), kind="chat", protected=True)
    alice.wait("call-ringing")
    bob.type("/reject")
    has(alice.wait("call-failed"), status=603)
    alice.type("/chat bob")
    bob.wait("call-incoming")
    alice.type("/hangup")
    has(bob.wait("call-failed"), reason="cancelled")
    alice.wait("call-failed")
    alice.type("/chat bob")
    bob.wait("call-incoming")
    has(alice.wait("call-failed"), status=480)
    alice.type("/chat bob")
    bob.wait("call-incoming")
    bob.type("/accept")
    alice.wait("call-established")
    bob.type("/hangup")
    alice.wait("call-ended")


if __name__ == "__main__":
    main(both_ways, setups, diversion, callers, refused_key_exchange, without_keys, rtp_beside, refreshed, key_mgmt_elsewhere, without_cema,
         plain_media, strangers_at_the_port, text_for_whom, many_at_once, ask_and_decline)
