#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Offers and answers wherever SIP may carry them, through mediasec-alg and a gateway: what each side is told, and
that no context is left behind. User and core say what the test says; nobody sends media."""
import os
import re
import shutil
import sys
import tempfile
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import alg  # noqa: E402
from agent import Call, Silence  # noqa: E402
from alglab import base  # noqa: E402
from gateways import Gateway  # noqa: E402
from ports import release, reserve  # noqa: E402

PRINT = ":".join(["4A"] * 32)
CASES = []


def case(f):
    CASES.append(f)
    return f


def sdp(secure, port=9, setup="active", version=1, extra=""):
    """MSRP as a user (secure, asking for the network's protection) or the core has it."""
    proto, scheme = ("TCP/TLS/MSRP", "msrps") if secure else ("TCP/MSRP", "msrp")
    lines = ["v=0", f"o=- 1 {version} IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", f"m=message {port} {proto} *",
             f"a=setup:{setup}", f"a=path:{scheme}://127.0.0.1:{port}/abc{version};tcp", "a=accept-types:text/plain",
             "a=msrp-cema"]
    if secure:
        lines += [f"a=fingerprint:SHA-256 {PRINT}", "a=3ge2ae:requested"]
    return "\r\n".join(lines + ([extra] if extra else [])) + "\r\n"


def plain(m):
    """The description is for the core: plain MSRP at the gateway."""
    body = m.body.decode()
    assert "TCP/MSRP" in body and "TCP/TLS" not in body and "fingerprint" not in body and "3ge2ae" not in body, body
    return body


def secured(m):
    """The description is for the user: TLS with the gateway's fingerprint."""
    body = m.body.decode()
    assert "TCP/TLS/MSRP" in body and "fingerprint:SHA-256" in body and PRINT not in body, body
    return body


class World(alg.World):
    def __init__(self, folder):
        port = reserve(1)
        super().__init__(folder, h248={"mid": "alg1.example.net", "listen": [{"address": f"127.0.0.1:{port}"}], "t_max": "3s",
                                       "heartbeat": "1s", "gateways": [{"name": "agw1.example.net", "realms": "access core"}]})
        self.gateway = Gateway(os.path.join(folder, "agw1"), "agw1", [f"127.0.0.1:{port}"], ports=16)
        self.gateway.registered()
        self.phone = self.user()
        self.path_ = self.register(self.phone)[0].get("Path")

    def close(self):
        try:  # first: it takes its leave of somebody who answers
            self.gateway.stop()
        finally:
            super().close()

    def rejected(self, reason):
        return self.alg.counter(f'mediasec_border_rejected_total{{reason="{reason}"}}')

    def remote(self, realm):
        """Whose address the gateway has there."""
        (address,) = {e["remote"] for e in self.gateway.contexts() if e["realm"] == realm}
        return address

    def invite(self, body="", headers=()):
        """The user calls: (its call, what the core got)."""
        call = Call(self.phone, "sip:bob@one.example", "alice")
        self.phone.request("INVITE", "sip:bob@one.example", call=call, body=body, contact="alice", headers=headers)
        return call, self.core.expect("INVITE")

    def called(self, body=""):
        """The user is called: (the core's call, what the user got)."""
        call = Call(self.core, "sip:alice@one.example", "bob")
        self.core.request("INVITE", self.phone.uri("alice"), call=call, routes=[self.path_], body=body, contact="scscf")
        return call, self.phone.expect("INVITE")

    def established(self):
        call, m = self.invite(sdp(True))
        plain(m)
        self.core.respond(m, 200, tag="t", body=sdp(False, 7654, "passive"))
        ok = self.phone.expect(200)
        secured(ok)
        call.answered(ok).send("ACK", 1)
        self.core.expect("ACK")
        return call, Call.incoming(self.core, m, "t")

    def hang_up(self, call, cseq):
        peer = self.core if call.agent is self.phone else self.phone
        call.send("BYE", cseq)
        peer.respond(peer.expect("BYE"), 200)
        call.agent.expect(200)
        self.gateway.empty()


@case
def offered_and_answered(w):
    call, _ = w.established()
    (info,) = w.alg.control.ask("sessions")
    (line,) = w.alg.control.ask("session", id=info["id"])["media"]
    assert line["treatment"] == "e2ae" and line["up"] and line["access"] and line["core"]
    w.hang_up(call, 2)


@case
def one_part_of_several(w):
    parts = ["--b", "Content-Type: text/plain", "", "before", "--b", "Content-Type: application/sdp", "", sdp(True).rstrip(),
             "--b", "Content-Type: application/resource-lists+xml", "", "<after/>", "--b--", ""]
    body = "\r\n".join(parts)
    call = Call(w.phone, "sip:bob@one.example", "alice")
    octets = w.phone.request("INVITE", "sip:bob@one.example", call=call, body=body, contact="alice", send=False)
    w.phone.write(octets.replace(b"Content-Type: application/sdp\r\nContent-Length", b"Content-Type: multipart/mixed;boundary=b\r\nContent-Length"))
    m = w.core.expect("INVITE")
    got = plain(m)
    assert m.get("Content-Type") == "multipart/mixed;boundary=b" and int(m.get("Content-Length")) == len(m.body)
    assert got.startswith("\r\n".join(parts[:7])) and got.endswith("\r\n" + "\r\n".join(parts[8:]))
    w.core.respond(m, 200, tag="t", body=sdp(False, 7654, "passive"))
    ok = w.phone.expect(200)
    secured(ok)
    call.answered(ok).send("ACK", 1)
    w.core.expect("ACK")
    w.hang_up(call, 2)


def multipart(*descriptions):
    return "".join(f"--b\r\nContent-Type: application/sdp\r\n\r\n{d}\r\n" for d in descriptions) + "--b--\r\n"


UNREADABLE = (  # (what, content type, more headers, body of a description, status, reason)
    ("two", "multipart/mixed;boundary=b", [], lambda d: multipart(d, d), 488, "several_descriptions"),
    ("encoded", "application/sdp", ["Content-Encoding: gzip"], lambda d: d, 415, "encoded_body"),
    ("open", "multipart/mixed;boundary=b", [], lambda d: multipart(d).replace("--b--", "--"), 400, "malformed_body"),
)


@case
def what_cannot_be_read_is_refused(w):
    for _, content, headers, body, status, reason in UNREADABLE:
        before = w.rejected(reason)
        call = Call(w.phone, "sip:bob@one.example", "alice")
        w.phone.request("INVITE", "sip:bob@one.example", call=call, body=body(sdp(True)), content=content, headers=headers,
                        contact="alice")
        refused = w.phone.expect(488, 415, 400)
        assert refused.status == status and (status != 415 or refused.get("Accept-Encoding") == "identity"), refused.headers
        assert w.rejected(reason) == before + 1 and f"reason={reason}" in w.alg.text()
    w.core.nothing("INVITE")
    call, _ = w.established()
    call.send("UPDATE", 2, body=multipart(sdp(True), sdp(True)), content="multipart/alternative;boundary=b")
    w.phone.expect(488)  # and nothing has changed
    call.send("INFO", 3, body=multipart(sdp(True), sdp(True)), content="multipart/mixed;boundary=b")
    w.core.respond(w.core.expect("INFO"), 200)  # is no offer
    w.phone.expect(200)
    w.hang_up(call, 4)


@case
def answers_that_cannot_be_read(w):
    for _, content, headers, body, _, reason in UNREADABLE:
        before = w.rejected(reason)
        call, m = w.invite(sdp(True))
        wrong = {"body": body(sdp(False, 7654, "passive")), "content": content, "headers": headers}
        w.core.respond(m, 183, tag="t", **wrong)
        assert not w.phone.expect(183).body  # nobody relies on it
        w.core.respond(m, 200, tag="t", **wrong)
        w.phone.expect(488)
        w.core.expect("ACK")
        w.core.respond(w.core.expect("BYE"), 200)
        assert w.rejected(reason) == before + 2 and call
        w.gateway.empty()
        w.phone.request("ACK", "sip:bob@one.example", call=call, branch=call.via.split("branch=")[1].split(";")[0])
        _, m = w.invite(sdp(True))
        w.core.respond(m, 183, tag="t", **{**wrong, "headers": headers + ["RSeq: 1", "Require: 100rel"]})
        w.phone.expect(488)  # a reliable one cannot go without
        w.gateway.empty()  # at once, whether the phone acknowledges or not
        assert w.alg.control.ask("sessions") == []
        w.core.respond(w.core.expect("CANCEL"), 200)
        w.core.respond(m, 487, tag="t")
        w.core.expect("ACK")


@case
def an_early_answer_that_is_wrong_may_be_made_good(w):
    call, m = w.invite(sdp(True))
    w.core.respond(m, 183, tag="t", body=sdp(True, 7654, "passive"))  # TLS was not offered there
    assert not w.phone.expect(183).body
    w.core.respond(m, 200, tag="t", body=sdp(False, 7654, "passive"))
    ok = w.phone.expect(200)
    secured(ok)
    call.answered(ok).send("ACK", 1)
    w.core.expect("ACK")
    w.hang_up(call, 2)


@case
def forked(w):
    call, m = w.invite(sdp(True))
    for i, tag in enumerate(("a", "b")):
        w.core.respond(m, 183, tag=tag, body=sdp(False, 7654 + i, "passive"))
        secured(w.phone.expect(183, tag=tag))
    w.core.respond(m, 200, tag="b")
    call.answered(w.phone.expect(200)).send("ACK", 1)
    w.core.expect("ACK")
    assert len({e["context"] for e in w.gateway.contexts()} if "context" in w.gateway.contexts()[0] else {1}) == 1
    w.hang_up(call, 2)


@case
def forked_and_both_answer(w):
    call, m = w.invite(sdp(True))
    w.core.respond(m, 183, tag="c", body=sdp(False, 7660, "passive"))
    w.phone.expect(183)
    w.core.respond(m, 200, tag="a", body=sdp(False, 7654, "passive"))
    ok = w.phone.expect(200)
    secured(ok)
    call.answered(ok).send("ACK", 1)
    w.core.expect("ACK", tag="a")
    for tag, body in (("b", sdp(False, 7655, "passive")), ("c", "")):  # the gateway has one place for a callee
        w.core.respond(m, 200, tag=tag, body=body)
        assert w.core.expect("ACK").tag("To") == tag
        bye = w.core.expect("BYE")
        assert bye.tag("To") == tag
        w.core.respond(bye, 200)
    w.phone.nothing(200)
    w.hang_up(call, 2)


@case
def forks_are_not_mixed(w):
    """The first one goes on by UPDATE, the second one picks up: its address alone is at the gateway."""
    call, m = w.invite(sdp(True))
    w.core.respond(m, 183, tag="a", body=sdp(False, 7654, "passive"), headers=["RSeq: 1", "Require: 100rel"])
    first = w.phone.expect(183)
    call.answered(first).send("PRACK", 2, headers=["RAck: 1 1 INVITE"])
    w.core.respond(w.core.expect("PRACK"), 200)
    w.phone.expect(200)
    call.send("UPDATE", 3, body=sdp(True, version=2, extra="a=inactive"))
    w.core.respond(w.core.expect("UPDATE"), 200, body=sdp(False, 7655, "passive", 2, "a=inactive"))
    w.phone.expect(200)
    assert w.remote("core") == "127.0.0.1:7655"
    w.core.respond(m, 183, tag="b", body=sdp(False, 7660, "passive"))
    other = w.phone.expect(183, tag="b")
    assert "m=message 7660" not in secured(other) and w.remote("core") == "127.0.0.1:7655"
    ringing = Call.incoming(w.core, m, "b")
    ringing.send("UPDATE", 1, body=sdp(False, 7661, "actpass", 2))
    w.core.expect(488)  # the place at the gateway is the first one's
    w.core.respond(m, 200, tag="b")
    call.answered(w.phone.expect(200, tag="b")).send("ACK", 1)
    w.core.expect("ACK")
    assert w.remote("core") == "127.0.0.1:7660" and len(w.gateway.contexts()) == 2
    # who has lost says more: it is neither passed nor in the way
    w.core.respond(m, 183, tag="a", body=sdp(False, 7656, "passive"))
    loser = Call.incoming(w.core, m, "a")
    loser.send("UPDATE", 1, body=sdp(False, 7662, "actpass", 3))
    w.core.expect(481)
    w.phone.nothing("UPDATE")
    assert not any(k.body for k in w.phone.kept)
    winner = Call.incoming(w.core, m, "b")
    winner.send("UPDATE", 2, body=sdp(False, 7663, "active", 3))
    u = w.phone.expect("UPDATE")
    w.phone.respond(u, 200, body=sdp(True, 7395, "passive", 3), contact="alice")
    plain(w.core.expect(200))
    assert w.remote("core") == "127.0.0.1:7663" and w.rejected("lost_fork") == 1
    w.hang_up(call, 4)


@case
def forks_while_one_offers(w):
    """The second one picks up while the first one's UPDATE has no answer, and has even asked for a line more."""
    call, m = w.invite(sdp(True))
    w.core.respond(m, 183, tag="a", body=sdp(False, 7654, "passive"), headers=["RSeq: 1", "Require: 100rel"])
    call.answered(w.phone.expect(183)).send("PRACK", 2, headers=["RAck: 1 1 INVITE"])
    w.core.respond(w.core.expect("PRACK"), 200)
    w.phone.expect(200)
    more = sdp(True, version=2).partition("m=message")[2]
    call.send("UPDATE", 3, body=sdp(True, version=2, extra="m=message" + more.rstrip()))
    update = w.core.expect("UPDATE")
    w.core.respond(m, 200, tag="b", body=sdp(False, 7660, "passive"))
    ok = w.phone.expect(200)
    assert "m=message 7660" not in secured(ok)
    call.answered(ok).send("ACK", 1)
    w.core.expect("ACK")
    assert w.remote("core") == "127.0.0.1:7660"
    w.gateway.wait(lambda g: len(g.contexts()) == 2)
    w.core.respond(update, 200, tag="a", body=sdp(False, 7655, "passive", 2))
    assert not w.phone.expect(200, tag="a").body
    assert w.remote("core") == "127.0.0.1:7660"
    w.hang_up(call, 4)


@case
def cancel_crosses_the_answer(w):
    call, m = w.invite(sdp(True))
    w.core.respond(m, 183, tag="t", body=sdp(False, 7654, "passive"))
    w.phone.expect(183)
    w.phone.request("CANCEL", "sip:bob@one.example", call=call, branch=call.via.split("branch=")[1].split(";")[0])
    w.core.respond(m, 200, tag="t", body=sdp(False, 7654, "passive"))
    both = [w.phone.expect(200), w.phone.expect(200)]  # RFC 3261 section 9.1: the call is on, and is ended by BYE
    (ok,) = [r for r in both if "INVITE" in r.get("CSeq")]
    call.answered(ok).send("ACK", 1)
    w.core.expect("ACK")
    w.core.respond(w.core.expect("CANCEL"), 200)
    w.hang_up(call, 2)


def cancel(w, call, cseq=1):
    """The phone gives up the request it has just sent; the core rings if it hears of it at all."""
    branch = call.via.split("branch=")[1].split(";")[0]
    uri, routes = (call.target, call.routes) if cseq > 1 else ("sip:bob@one.example", ())
    w.phone.request("CANCEL", uri, call=call, cseq=cseq, routes=routes, branch=branch)
    w.phone.expect(200)
    try:
        m = w.core.expect("INVITE", timeout=0.5)
        w.core.respond(m, 180, tag="t")
        w.core.respond(w.core.expect("CANCEL"), 200)
        w.core.respond(m, 487, tag="t")
        w.core.expect("ACK")
    except Silence:
        pass
    w.phone.expect(487)
    assert w.gateway.wait(lambda g: len(g.contexts()) == (2 if cseq > 1 else 0))  # whether the phone acknowledges or not
    w.phone.request("ACK", uri, call=call, cseq=cseq, routes=routes, branch=branch)


@case
def cancelled_at_once(w):
    """While the gateway is still asked for a place."""
    for _ in range(4):
        call = Call(w.phone, "sip:bob@one.example", "alice")
        w.phone.request("INVITE", "sip:bob@one.example", call=call, body=sdp(True), contact="alice")
        cancel(w, call)
        assert w.alg.control.ask("sessions") == []
    w.phone.kept.clear()
    call, _ = w.established()
    for i in range(2, 5):
        more = sdp(True, version=i).partition("m=message")[2].rstrip()
        call.send("INVITE", i, body=sdp(True, version=i, extra="m=message" + more))
        cancel(w, call, i)
    w.phone.kept.clear()
    call.send("INVITE", 6, body=sdp(True, version=6))  # what was given up is not in the way of the next offer
    m = w.core.expect("INVITE")
    w.core.respond(m, 200, body=sdp(False, 7654, "passive", 3))
    secured(w.phone.expect(200))
    call.send("ACK", 6)
    w.core.expect("ACK")
    w.hang_up(call, 7)


@case
def cancelled(w):
    call, m = w.invite(sdp(True))
    w.core.respond(m, 180, tag="t")
    w.phone.expect(180)
    assert [e["remote"] for e in w.gateway.contexts()] == [None]  # the core's place, of whom nothing is known yet
    w.phone.request("CANCEL", "sip:bob@one.example", call=call, branch=call.via.split("branch=")[1].split(";")[0])
    w.phone.expect(200)
    w.core.respond(w.core.expect("CANCEL"), 200)
    w.core.respond(m, 487, tag="t")
    w.phone.expect(487)
    w.gateway.empty()


@case
def refused_early_and_late(w):
    _, m = w.invite(sdp(True))
    w.core.respond(m, 486, tag="t")
    w.phone.expect(486)
    w.gateway.empty()
    _, m = w.invite(sdp(True))
    w.core.respond(m, 183, tag="t", body=sdp(False, 7654, "passive"))
    secured(w.phone.expect(183))
    w.core.respond(m, 603, tag="t")
    w.phone.expect(603)
    w.gateway.empty()


@case
def reliable_answer_then_update(w):
    call, m = w.invite(sdp(True))
    octets = w.core.respond(m, 183, tag="t", body=sdp(False, 7654, "passive"), headers=["RSeq: 1", "Require: 100rel"])
    first = w.phone.expect(183)
    w.core.sock.sendto(octets, m.source)
    assert w.phone.expect(183).body == first.body  # the same again, without asking the gateway
    call.answered(first).send("PRACK", 2, headers=["RAck: 1 1 INVITE"])
    w.core.respond(w.core.expect("PRACK"), 200)
    w.phone.expect(200)
    call.send("UPDATE", 3, body=sdp(True, version=2, extra="a=inactive"))
    u = w.core.expect("UPDATE")
    assert "a=inactive" in plain(u)
    w.core.respond(u, 200, body=sdp(False, 7654, "passive", 2, "a=inactive"))
    secured(w.phone.expect(200))
    w.core.respond(m, 200, tag="t")
    call.answered(w.phone.expect(200)).send("ACK", 1)
    w.core.expect("ACK")
    w.hang_up(call, 4)


@case
def offered_by_the_called_user(w):
    call, m = w.called()
    assert not m.body
    w.phone.respond(m, 200, tag="u", body=sdp(True), contact="alice")
    ok = w.core.expect(200)
    plain(ok)
    call.answered(ok)
    call.routes = call.routes[0:]
    for _ in range(2):  # an ACK that comes again says the same
        call.send("ACK", 1, body=sdp(False, 7654, "passive"))
        secured(w.phone.expect("ACK"))
    w.hang_up(call, 2)


@case
def offered_reliably_answered_in_prack(w):
    call, m = w.invite()
    w.core.respond(m, 183, tag="t", body=sdp(False, 9, "active"), headers=["RSeq: 1", "Require: 100rel"])
    first = w.phone.expect(183)
    secured(first)
    call.answered(first).send("PRACK", 2, headers=["RAck: 1 1 INVITE"], body=sdp(True, 7395, "passive"))
    p = w.core.expect("PRACK")
    plain(p)
    w.core.respond(p, 200)
    w.phone.expect(200)
    w.core.respond(m, 200, tag="t")
    call.answered(w.phone.expect(200)).send("ACK", 1)
    w.core.expect("ACK")
    w.hang_up(call, 3)


@case
def the_network_asks_the_called_user(w):
    call, m = w.called(sdp(False, 9, "active"))
    assert "3ge2ae:applied" in secured(m)
    w.phone.respond(m, 200, tag="u", body=sdp(True, 9, "passive").replace("a=3ge2ae:requested\r\n", ""), contact="alice")
    ok = w.core.expect(200)
    plain(ok)
    call.answered(ok).send("ACK", 1)
    w.phone.expect("ACK")
    w.hang_up(call, 2)


@case
def a_refused_change_changes_nothing(w):
    call, back = w.established()
    before = w.gateway.contexts()
    back.send("INVITE", 1, body=sdp(False, 7777, "actpass", 2))
    again = w.phone.expect("INVITE")
    secured(again)
    w.phone.respond(again, 488)
    w.core.expect(488)
    w.phone.expect("ACK")
    w.gateway.wait(lambda g: [e.get("termination") for e in g.contexts()] == [e.get("termination") for e in before])
    call.send("INVITE", 2, body=sdp(True, version=3))
    m = w.core.expect("INVITE")
    w.core.respond(m, 200, body=sdp(False, 7654, "passive", 3))
    secured(w.phone.expect(200))
    call.send("ACK", 2)
    w.core.expect("ACK")
    w.hang_up(call, 3)


@case
def crossing_offers(w):
    call, back = w.established()
    call.send("INVITE", 2, body=sdp(True, version=2))
    m = w.core.expect("INVITE")
    back.send("INVITE", 1, body=sdp(False, 7654, "actpass", 2))
    assert w.core.expect(491)  # by us: one offer at a time at the gateway
    w.phone.nothing("INVITE")
    w.core.respond(m, 200, body=sdp(False, 7654, "passive", 2))
    secured(w.phone.expect(200))
    call.send("ACK", 2)
    w.core.expect("ACK")
    w.hang_up(call, 3)


@case
def what_is_no_offer_is_not_passed(w):
    call, m = w.invite()
    w.core.respond(m, 183, tag="t", body=sdp(False, 7654, "actpass"))  # unreliable, and to no offer
    assert not w.phone.expect(183).body
    assert w.alg.counter("mediasec_border_descriptions_stripped_total") == 1
    w.core.respond(m, 486, tag="t")
    w.phone.expect(486)
    assert call


@case
def an_answer_that_cannot_be(w):
    _, m = w.invite(sdp(True))
    w.core.respond(m, 200, tag="t", body="v=0\r\nnonsense")
    assert w.phone.expect(488, 500, 502, 503)
    w.core.expect("ACK")  # the called one has answered, and must be told
    w.core.respond(w.core.expect("BYE"), 200)
    w.gateway.empty()


@case
def no_gateway(w):
    w.gateway.kill()
    w.gateway.gone(w.alg)
    call = Call(w.phone, "sip:bob@one.example", "alice")
    w.phone.request("INVITE", "sip:bob@one.example", call=call, body=sdp(True), contact="alice")
    assert w.phone.expect(503, 500, 480, 488, timeout=8)
    w.core.nothing("INVITE")
    assert w.alg.control.ask("sessions") == []


@case
def gateway_lost_while_ringing(w):
    call, m = w.invite(sdp(True))
    w.core.respond(m, 183, tag="t", body=sdp(False, 7654, "passive"))
    w.phone.expect(183)
    w.gateway.kill()
    assert w.phone.expect(503, 500, 480, timeout=15)
    w.core.respond(w.core.expect("CANCEL"), 200)
    w.core.respond(m, 487, tag="t")
    assert call and w.alg.control.ask("sessions") == []


@case
def gateway_lost_while_talking(w):
    call, _ = w.established()
    w.gateway.kill()
    a, b = w.phone.expect("BYE", timeout=15), w.core.expect("BYE")
    w.phone.respond(a, 200)
    w.core.respond(b, 200)
    assert "cause=" in a.get("Reason") and "cause=" in b.get("Reason")
    named = rf'call="{re.escape(call.id)}" from="<sip:alice@\S+ to="<sip:bob@\S+ .*'
    for said in ("gateway=<agw1.example.net> away", named + "media ended reason=anchor_", named + "released cause="):
        assert re.search(said, w.alg.text()), said


def main():
    work, failed = tempfile.mkdtemp(prefix="ms-offers-"), []
    wanted = [f for f in CASES if not sys.argv[1:] or f.__name__ in sys.argv[1:]]
    for f in wanted:
        release()  # of the case before
        world = World(os.path.join(work, f.__name__))
        try:
            f(world)
            print(f"ok   {f.__name__}", flush=True)
        except (AssertionError, Silence, OSError, base.LabError, IndexError, KeyError, ValueError):
            failed.append(f.__name__)
            print(f"FAIL {f.__name__}\n{traceback.format_exc()}\n{world.alg.text()[-3000:]}\n----{world.gateway.text()[-3000:]}", flush=True)
        finally:
            world.close()
    shutil.rmtree(work, ignore_errors=True)
    print(f"{len(wanted) - len(failed)} of {len(wanted)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
