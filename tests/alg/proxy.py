#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The proxy core by way of mediasec-ibcf: what passes must pass unchanged, what is a proxy's own it must do."""
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from agent import Agent, Call, Silence, token  # noqa: E402
from alglab import Daemon, base  # noqa: E402
from patience import long, until  # noqa: E402
from ports import release, reserve  # noqa: E402

SDP = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n"
CASES = []


def case(f):
    CASES.append(f)
    return f


class World:
    """An IBCF; `out` is the other network, `core` our own."""

    def __init__(self, folder, kind="udp", address="127.0.0.1", **changes):
        host = f"[{address}]" if ":" in address else address
        ports = reserve(4, address)
        listen = [{"side": s, "transport": t, "address": f"{host}:{ports + i}"}
                  for i, s in enumerate(("access", "core")) for t in ("udp", "tcp")]
        self.access, self.inner = (address, ports), (address, ports + 1)
        config = {"sip": {"listen": listen, "core": f"{host}:{ports + 2}", "core_transport": kind},
                  "domains": ["two.example"],
                  "networks": [{"domain": "one.example", "next_hop": f"{host}:{ports + 3}", "transport": kind}]}
        self.ibcf = Daemon("ibcf", folder, base.merge(config, changes))
        self.core = Agent(kind, address, ports + 2)
        self.out = Agent(kind, address, ports + 3, to=self.access)
        self.core.to = self.inner

    def invite(self, body="", headers=(), uri="sip:bob@two.example"):
        call = Call(self.out, uri)
        self.out.request("INVITE", uri, call=call, body=body, headers=headers)
        return call, self.core.expect("INVITE")

    def call(self, body=""):
        """An answered call: (caller's, callee's)."""
        call, invite = self.invite(body)
        tag = token()
        self.core.respond(invite, 200, tag=tag, body=body)
        call.answered(self.out.expect(200))
        call.send("ACK", 1)
        self.core.expect("ACK")
        return call, Call.incoming(self.core, invite, tag)

    def close(self):
        self.core.close()
        self.out.close()
        self.ibcf.stop()


@case
def passes_unchanged(w):
    call, m = w.invite(SDP, headers=["X-Own: a, b", "P-Charging-Vector: icid-value=1", "Subject: s"])
    assert m.get("Call-ID") == call.id and m.get("From") == call.local and m.cseq == 1
    assert m.get("Max-Forwards") == "69" and m.get("X-Own") == "a, b" and m.get("Subject") == "s"
    assert m.body.decode() == SDP and not m.get("P-Charging-Vector")
    assert len(m.all("Via")) == 2 and "received=" in m.all("Via")[1] + ";received=" and len(m.list("Record-Route")) == 2
    w.core.respond(m, 180, tag="t1")
    ringing = w.out.expect(180)
    assert len(ringing.all("Via")) == 1 and ringing.tag("To") == "t1" and len(ringing.list("Record-Route")) == 2
    w.core.respond(m, 200, tag="t1", body=SDP, headers=["X-Back: 1"])
    ok = w.out.expect(200)
    assert ok.get("X-Back") == "1" and ok.body.decode() == SDP
    call.answered(ok).send("ACK", 1, body=SDP)
    ack = w.core.expect("ACK")
    assert ack.body.decode() == SDP and not ack.all("Route") and ack.uri == w.core.uri("me")
    back = Call.incoming(w.core, m, "t1")
    for method, side, peer, cseq in (("INFO", call, w.core, 2), ("MESSAGE", back, w.out, 1), ("UPDATE", call, w.core, 3),
                                     ("REFER", back, w.out, 2), ("BYE", call, w.core, 4)):
        side.send(method, cseq, body=SDP)
        r = peer.expect(method)
        assert r.body.decode() == SDP and r.get("Call-ID") == call.id and not r.all("Route"), r.headers
        peer.respond(r, 200)
        side.agent.expect(200)


@case
def repetitions_are_absorbed(w):
    call = Call(w.out, "sip:bob@two.example")
    octets = w.out.request("INVITE", "sip:bob@two.example", call=call)
    m = w.core.expect("INVITE")
    w.core.respond(m, 180, tag="t")
    w.out.expect(180)
    w.core.drain()
    w.out.write(octets)
    assert w.out.expect(180).tag("To") == "t"  # the last answer again
    w.core.nothing("INVITE", repeated=True)
    w.core.respond(m, 200, tag="t")
    w.out.expect(200)
    w.core.respond(m, 200, tag="t")  # repeated by the callee until the ACK comes
    call.answered(w.out.expect(200))
    for _ in range(2):
        call.send("ACK", 1)
        w.core.expect("ACK")
    octets = call.send("BYE", 2)
    m = w.core.expect("BYE")
    w.core.respond(m, 200)
    w.out.expect(200)
    w.core.drain()
    w.out.write(octets)
    w.out.expect(200)
    w.core.nothing("BYE", repeated=True)


@case
def we_repeat_over_udp(w):
    _, m = w.invite()
    again = w.core.expect("INVITE", timeout=1, repeated=True)  # timer A
    assert again.get("Via") == m.get("Via")
    w.core.respond(m, 100)
    w.core.respond(m, 180, tag="t")
    w.out.expect(180)  # so both have been seen
    w.core.drain()
    w.core.nothing("INVITE", timeout=1.5, repeated=True)
    w.core.respond(m, 486, tag="t")
    assert w.core.expect("ACK").get("Via") == m.get("Via")
    first = w.out.expect(486)
    assert w.out.expect(486, timeout=1.5).tag("To") == first.tag("To")  # timer G until ACK


@case
def forks(w):
    call, m = w.invite(SDP)
    for tag in ("a", "b", "c"):
        w.core.respond(m, 183, tag=tag, body=SDP)
        assert w.out.expect(183).tag("To") == tag
    assert len(w.ibcf.control.ask("session", id=w.ibcf.control.ask("sessions")[0]["id"])["dialogs"]) == 3
    for tag in ("b", "c"):
        w.core.respond(m, 200, tag=tag)
        ok = w.out.expect(200, tag=tag)
        call.answered(ok).send("ACK", 1)
        assert w.core.expect("ACK").tag("To") == tag
    call.send("BYE", 2)  # the second one is not wanted
    w.core.respond(w.core.expect("BYE"), 200)
    w.out.expect(200)


def shown(w):
    """The only call."""
    (one,) = w.ibcf.control.ask("sessions")
    return w.ibcf.control.ask("session", id=one["id"])


@case
def a_fork_ends_nothing_but_itself(w):
    """one that rings, or lost, knows the call's names; its BYE is not the call's end"""
    call, m = w.invite(SDP)
    for tag in ("a", "b"):
        w.core.respond(m, 180, tag=tag)
        w.out.expect(180)
    loser = Call.incoming(w.core, m, "a")

    def bye(cseq):
        loser.send("BYE", cseq)
        w.out.respond(w.out.expect("BYE"), 481, contact=None)
        w.core.expect(481)

    bye(1)
    w.core.respond(m, 200, tag="b", body=SDP)
    call.answered(w.out.expect(200, tag="b")).send("ACK", 1)
    w.core.expect("ACK")
    bye(2)
    shown(w)
    call.send("BYE", 2)
    w.core.respond(w.core.expect("BYE"), 200)
    w.out.expect(200)
    assert w.ibcf.control.ask("sessions") == []


@case
def tags_without_end(w):
    """a callee that has another tag in each answer has no more memory than one that forks decently"""
    call, m = w.invite(SDP)
    for i in range(100):
        w.core.respond(m, 180, tag=f"t{i}")
        w.out.expect(180)
    assert len(shown(w)["dialogs"]) == 32
    w.core.respond(m, 200, tag="last", body=SDP)
    call.answered(w.out.expect(200)).send("ACK", 1)
    w.core.expect("ACK")
    dialogs = shown(w)["dialogs"]
    assert len(dialogs) == 32 and "last" in str(dialogs[-1])
    call.send("BYE", 2)
    w.core.respond(w.core.expect("BYE"), 200)
    w.out.expect(200)
    assert w.ibcf.control.ask("sessions") == []


@case
def cancelled(w):
    call, m = w.invite()
    w.core.respond(m, 180, tag="t")
    w.out.expect(180)
    w.out.write(w.out.request("CANCEL", "sip:bob@two.example", call=call, send=False,
                              branch=call.via.split("branch=")[1].split(";")[0]))
    w.out.expect(200)
    c = w.core.expect("CANCEL")
    assert c.get("Via") == m.get("Via") and c.cseq == 1 and c.uri == m.uri
    w.core.respond(c, 200)
    w.core.respond(m, 487, tag="t")
    w.core.expect("ACK")
    assert w.out.expect(487).tag("To") == "t"
    until(lambda: w.ibcf.control.ask("sessions") == [], 4, "the call is gone")


@case
def cancelled_before_any_answer(w):
    call, m = w.invite()
    branch = call.via.split("branch=")[1].split(";")[0]
    w.out.request("CANCEL", "sip:bob@two.example", call=call, branch=branch)
    w.out.expect(200)
    w.core.nothing("CANCEL")  # RFC 3261 section 9.1: not before a provisional answer
    w.core.respond(m, 180, tag="t")
    w.core.respond(w.core.expect("CANCEL"), 200)
    w.core.respond(m, 487, tag="t")
    w.out.expect(487)


@case
def only_the_caller_cancels(w):
    call, m = w.invite()
    thief = Agent("udp", "127.0.0.2", to=w.access)
    octets = w.out.request("CANCEL", "sip:bob@two.example", call=call, send=False,
                           branch=call.via.split("branch=")[1].split(";")[0])
    thief.write(octets)
    assert thief.expect(481, 403).status in (403, 481)
    w.core.respond(m, 180, tag="t")
    w.core.nothing("CANCEL")
    thief.close()


@case
def prack_and_update_pass(w):
    call, m = w.invite()
    octets = w.core.respond(m, 183, tag="t", body=SDP, headers=["RSeq: 1", "Require: 100rel"])
    first = w.out.expect(183)
    w.core.sock.sendto(octets, m.source)  # unacknowledged: again, and it comes through again
    assert w.out.expect(183).get("RSeq") == "1"
    call.answered(first)
    call.send("PRACK", 2, headers=["RAck: 1 1 INVITE"], body=SDP)
    p = w.core.expect("PRACK")
    assert p.get("RAck") == "1 1 INVITE" and p.body.decode() == SDP
    w.core.respond(p, 200)
    w.out.expect(200)
    back = Call.incoming(w.core, m, "t")
    back.send("UPDATE", 1, body=SDP)
    u = w.out.expect("UPDATE")
    w.out.respond(u, 200, body=SDP)
    assert w.core.expect(200).body.decode() == SDP
    w.core.respond(m, 200, tag="t")
    w.out.expect(200)


@case
def offers_cross(w):
    call, back = w.call(SDP)
    call.send("INVITE", 2, body=SDP)
    back.send("INVITE", 1, body=SDP)
    a, b = w.core.expect("INVITE"), w.out.expect("INVITE")
    w.core.respond(a, 491)
    w.out.respond(b, 491)
    w.out.expect(491)
    w.core.expect(491)
    w.core.expect("ACK")
    w.out.expect("ACK")


@case
def released_by_us(w):
    call, back = w.call(SDP)
    call.send("INFO", 7)
    w.core.respond(w.core.expect("INFO"), 200)
    w.out.expect(200)
    w.ibcf.control.ask("session.release", id=w.ibcf.control.ask("sessions")[-1]["id"])
    a, b = w.out.expect("BYE"), w.core.expect("BYE")
    assert a.get("From") == call.remote and a.get("To") == call.local and a.uri == w.out.uri("me") and a.cseq == 1
    assert b.get("From") == call.local and b.get("To") == call.remote and b.uri == w.core.uri("me") and b.cseq == 8
    assert "cause=480" in a.get("Reason") and a.get("Call-ID") == call.id
    w.out.respond(a, 200)
    w.core.respond(b, 200)
    assert w.ibcf.control.ask("sessions") == []


@case
def released_while_ringing(w):
    _, m = w.invite(SDP)
    w.core.respond(m, 180, tag="t")
    w.out.expect(180)
    w.ibcf.control.ask("session.release", id=w.ibcf.control.ask("sessions")[-1]["id"])
    assert w.out.expect(480).cseq == 1
    w.core.respond(w.core.expect("CANCEL"), 200)
    w.core.respond(m, 200, tag="t")  # they cross: the callee has answered already
    ack, bye = w.core.expect("ACK"), w.core.expect("BYE")
    assert ack.tag("To") == bye.tag("To") == "t" and bye.cseq > ack.cseq
    w.core.respond(bye, 200)
    w.out.nothing(200)


@case
def session_timer_runs_out(w):
    w.call(SDP)
    a, b = w.out.expect("BYE", timeout=4), w.core.expect("BYE")
    assert "cause=408" in a.get("Reason") and b
    assert w.ibcf.counter("mediasec_border_calls_expired_total") >= 1


session_timer_runs_out.changes = {"sip": {"session_limit": "1s"}}


@case
def routes_by_domain(w):
    w.out.request("MESSAGE", "sip:x@three.example")
    assert w.out.expect(404)
    w.core.request("MESSAGE", "sip:x@three.example")
    assert w.core.expect(404)
    w.core.request("MESSAGE", "sip:x@one.example", headers=["P-Asserted-Identity: <sip:me@two.example>"])
    m = w.out.expect("MESSAGE")
    assert not m.get("P-Asserted-Identity") and not m.all("Record-Route")  # that network is not trusted
    w.out.respond(m, 200)
    w.core.expect(200)
    stranger = Agent("udp", "127.0.0.3", to=w.access)
    stranger.request("MESSAGE", "sip:x@two.example")
    assert stranger.expect(403)
    stranger.close()


@case
def loops_end(w):
    w.out.request("MESSAGE", "sip:x@two.example", forwards=0)
    assert w.out.expect(483)
    w.out.request("MESSAGE", "sip:x@two.example")
    m = w.core.expect("MESSAGE")
    again = "\r\n".join([m.start.replace("two", "two")] + [f"{n}: {v}" for n, v in m.headers] + ["", ""]).encode()
    w.out.write(again.replace(b"Via: SIP", f"Via: SIP/2.0/UDP {w.out.host};branch=z9hG4bK{token()}\r\nVia: SIP".encode(), 1))
    assert w.out.expect(482)


@case
def nobody_answers(w):
    w.out.request("MESSAGE", "sip:x@two.example")
    w.core.expect("MESSAGE")
    started = time.time()
    assert w.out.expect(408, timeout=36) and time.time() - started > 30


@case
def hostile_datagrams(w):
    for octets in (b"", b"\0" * 100, b"\r\n\r\n", b"INVITE", b"INVITE sip:x SIP/2.0\r\n\r\n", b"\xff" * 3000,
                   b"SIP/2.0 200 OK\r\n\r\n", b"INVITE " + b"a" * 60000 + b" SIP/2.0\r\n\r\n"):
        w.out.write(octets)
    bad = w.out.request("INVITE", "sip:bob@two.example", send=False)
    for old, new, status in ((b"CSeq: 1 INVITE", b"CSeq: 1 BYE", 400), (b"SIP/2.0\r\nVia", b"SIP/3.0\r\nVia", 505),
                             (b"Max-Forwards: 70", b"Max-Forwards: x", 400),
                             (b"Content-Length: 0", b"Content-Length: 9", 400),
                             (b"Call-ID", b"Call-ID: two\r\nCall-ID", 400)):
        w.out.write(bad.replace(old, new))
        assert w.out.expect(status)
    # Answers to nothing, ACK and CANCEL of nothing.
    m = w.out.request("BYE", "sip:bob@two.example", send=False)
    w.out.write(m.replace(b"BYE sip:bob@two.example SIP/2.0", b"SIP/2.0 200 OK"))
    w.out.request("CANCEL", "sip:bob@two.example")
    assert w.out.expect(481)
    w.out.request("ACK", "sip:nobody@three.example")
    w.out.nothing(400, 403, 404, 481)
    w.out.request("BYE", "sip:elsewhere@127.0.0.9:5060", call=Call(w.out, "sip:a@b>;tag=9;x=<sip:y"))
    assert w.out.expect(403, 400)  # inside a dialog, but by no route of ours
    passes_unchanged(w)


@case
def streams(w):
    passes_unchanged(w)
    w.out.write(b"\r\n\r\n")  # RFC 5626 section 4.4.1
    assert w.out.conn.recv(2, socket.MSG_WAITALL) == b"\r\n"
    a = w.out.request("MESSAGE", "sip:a@two.example", send=False)
    b = w.out.request("MESSAGE", "sip:b@two.example", send=False, body="x" * 30000)
    for i in range(0, len(a + b), 1460):
        w.out.write((a + b)[i:i + 1460])
        time.sleep(0.002)
    assert w.core.expect("MESSAGE").uri.startswith("sip:a@")
    m = w.core.expect("MESSAGE")
    assert len(m.body) == 30000
    w.core.respond(m, 200)
    w.out.expect(200)
    for octets in (a.replace(b"Content-Length: 0\r\n", b""), b"x" * 200000, b"\x16\x03\x01" + b"\0" * 500 + b"\n\n"):
        bad = Agent("tcp", to=w.access)
        try:
            bad.write(octets)
            while bad.conn.recv(65536):
                pass
        except ConnectionError:
            pass
        bad.close()
    w.out.request("MESSAGE", "sip:c@two.example")
    w.core.respond(w.core.expect("MESSAGE"), 200)
    w.out.expect(200)


streams.kind = "tcp"


@case
def silent_streams_end(w):
    idle = [Agent("tcp", to=w.access) for _ in range(20)]
    more = [Agent("tcp", to=w.access) for _ in range(20)]  # 30 at a time from one host
    for a in idle + more:
        a.conn.settimeout(long(4))
        try:
            assert a.conn.recv(10) == b""
        except ConnectionResetError:
            pass
        a.close()
    assert w.ibcf.counter("mediasec_sip_streams_refused_total") >= 10
    until(lambda: w.ibcf.control.ask("status")["streams"] == 0, 4, "no stream is left")


silent_streams_end.changes = {"sip": {"first": "1s", "streams_host": 30}}


@case
def long_requests_leave_udp(w):
    listener = Agent("tcp", port=w.core.port)
    w.out.request("MESSAGE", "sip:x@two.example", body="y" * 2000)
    m = listener.expect("MESSAGE")
    assert "SIP/2.0/TCP" in m.get("Via")
    listener.respond(m, 200)
    w.out.expect(200)
    listener.close()
    until(lambda: w.ibcf.control.ask("status")["streams"] == 0, 4, "the connection's end is noticed")
    # Nobody there by TCP: it goes by UDP after all.
    w.out.request("MESSAGE", "sip:x@two.example", body="z" * 2000)
    m = w.core.expect("MESSAGE")
    assert "SIP/2.0/UDP" in m.get("Via")
    w.core.respond(m, 200)
    w.out.expect(200)


@case
def ipv6(w):
    passes_unchanged(w)
    forks(w)


ipv6.address = "::1"


@case
def drained(w):
    call, _ = w.call()
    w.ibcf.control.ask("drain")
    w.out.request("INVITE", "sip:bob@two.example")
    assert w.out.expect(503).get("Retry-After")
    call.send("BYE", 2)  # what goes on goes on
    w.core.respond(w.core.expect("BYE"), 200)
    w.out.expect(200)
    w.ibcf.control.ask("undrain")
    w.call()


@case
def reloaded(w):
    """a network more, and another limit; not another port"""
    w.core.request("MESSAGE", "sip:x@three.example")
    assert w.core.expect(404)
    call, _ = w.call()
    networks = w.ibcf.config["networks"]
    w.ibcf.reload(networks=networks + [{**networks[0], "domain": "three.example"}])
    w.core.request("MESSAGE", "sip:x@three.example")
    w.out.respond(w.out.expect("MESSAGE"), 200)
    w.core.expect(200)
    listen = w.ibcf.config["sip"]["listen"]
    try:
        w.ibcf.reload(sip={"listen": listen[:-1]})
        raise AssertionError("taken")
    except base.LabError as e:
        assert "sip.listen needs a restart" in str(e), e
    call.send("BYE", 2)
    w.core.respond(w.core.expect("BYE"), 200)
    w.out.expect(200)


@case
def one_source_cannot_have_all(w):
    for _ in range(20):
        w.out.request("INVITE", "sip:bob@two.example")
    until(lambda: w.ibcf.counter("mediasec_sip_refused_limit_total") >= 10, 4, "ten are refused")


one_source_cannot_have_all.changes = {"sip": {"requests_host": 10}}


@case
def who_may_not_begin_may_end(w):
    """at the limit no call begins, but those that are there get their ACK and their BYE"""
    calls = []
    for _ in range(10):
        calls.append(w.call(SDP)[0])
        w.ibcf.control.ask("status")  # the ACK has been one request too many for a moment: that is over now
    w.out.request("INVITE", "sip:bob@two.example")
    w.out.expect(503)
    for call in calls:
        call.send("BYE", 2)
        w.core.respond(w.core.expect("BYE"), 200)
        w.out.expect(200)
    assert w.ibcf.control.ask("sessions") == []


who_may_not_begin_may_end.changes = {"sip": {"requests_host": 10}}


def run(f, folder):
    world = World(folder, getattr(f, "kind", "udp"), getattr(f, "address", "127.0.0.1"), **getattr(f, "changes", {}))
    try:
        f(world)
    finally:
        world.close()


def main():
    work, failed = tempfile.mkdtemp(prefix="ms-proxy-"), []
    wanted = [f for f in CASES if not sys.argv[1:] or f.__name__ in sys.argv[1:]]
    for f in wanted:
        release()  # of the case before
        folder = os.path.join(work, f.__name__)
        try:
            run(f, folder)
            print(f"ok   {f.__name__}", flush=True)
        except (AssertionError, Silence, OSError, base.LabError, subprocess.TimeoutExpired, IndexError, KeyError):
            failed.append(f.__name__)
            print(f"FAIL {f.__name__}\n{traceback.format_exc()}", flush=True)
            with open(os.path.join(folder, "ibcf.log"), encoding="utf-8", errors="replace") as log:
                print(log.read()[-3000:], flush=True)
    shutil.rmtree(work, ignore_errors=True)
    print(f"{len(wanted) - len(failed)} of {len(wanted)}")
    return 1 if failed else 0


sys.exit(main())
