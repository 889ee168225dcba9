#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Calls as they are made, through Kamailio, IMS-ALG and gateway, by users nobody here wrote (SIPp, openssl(1), plain sockets): several
media in one call, a user with two devices, hold, changes while ringing and while talking, giving up, session timers."""
import os
import re
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "../../lab"), HERE]
from edge import ALG, EdgeLab  # noqa: E402
from lab import merge, yaml_of  # noqa: E402
from sipp_ue import ANSWERED, CALL, HEAD, SippUe  # noqa: E402
from tls_ue import MediaError, PlainServer, make_certificate, media_line, msrp_sdp, msrp_send, s_client  # noqa: E402

BOTH = "msrp-tls;mediasec, bfcp-tls;mediasec"
CASES = []


def case(f):
    CASES.append(f)
    return f


def check(ok, what, detail=""):
    print(("ok   " if ok else "FAIL ") + what, flush=True)
    if not ok:
        raise SystemExit(f"{what}: {detail}")


class Users:
    """Alice on a secured access; Bob, plain, with one device or two."""

    def __init__(self, lab):
        self.lab = lab
        self.proxy = f"{lab.host}:{lab.alg_port}"
        self.alice = SippUe(lab, "alice", self.proxy, BOTH)
        self.bob, self.bob2 = SippUe(lab, "bob", self.proxy), SippUe(lab, "bob", self.proxy)
        self.pem, self.fingerprint = make_certificate(lab.dir, "alice")

    def secured(self, *lines, setup="active", ask=True):
        asked = ("a=3ge2ae:requested",) if ask else ()
        return msrp_sdp(9, "TCP/TLS/MSRP", setup, "a", lines=(f"a=fingerprint:{self.fingerprint}", *asked, *lines))

    def contexts(self, n):
        """Once the gateway has so many terminations."""
        return self.lab["agw1"].wait(f"{n} terminations", ["contexts"], lambda list_: len(list_) == n)

    def idle(self):
        self.contexts(0)
        self.lab[ALG].wait("no calls", ["sessions"], lambda list_: not list_)

    def reconfigure(self, **changes):
        """The IMS-ALG's configuration with these changes, read again."""
        alg = self.lab[ALG]
        with open(alg.config, "w", encoding="utf-8") as f:
            f.write(yaml_of(merge(merge({"daemon": {"control": alg.control}}, self.lab.alg_config()), changes)))
        alg.ask("reload")

    def hang_up(self, *runs):
        """The operator ends the call, so both ends get a BYE, when the test is through with it and not before."""
        (call,) = [c for c in self.lab[ALG].ask("sessions") if c["caller"] == "access"]
        self.lab[ALG].ask("release", str(call["id"]))
        for run in runs:
            run.finish()

    def counter(self, name):
        return self.lab[ALG].ask("counters")[name]


def m_lines(sdp):
    return [media_line(sdp, i) for i in range(sdp.replace("\r", "").count("\nm="))]


AUDIO = ("m=audio {port} RTP/AVP 0", "a=rtpmap:0 PCMU/8000")
FLOORS = ("m=application {port} {proto} *", "a=floorctrl:{role}", "a=setup:{setup}", "a=connection:new", "a=confid:1", "a=userid:2")


def lines(template, **words):
    return [line.format(**words) for line in template]


@case
def three_media(users):
    """RTP passes, MSRP and BFCP are each secured to the gateway, by one certificate, in one call."""
    chat, floor = PlainServer(), PlainServer()
    offer = "\n".join([*msrp_sdp(9, "TCP/TLS/MSRP", "active", "a", lines=(f"a=fingerprint:{users.fingerprint}", "a=3ge2ae:requested"))
                       .split("\n"),
                       *lines(AUDIO, port=5004),
                       *lines(FLOORS, port=9, proto="TCP/TLS/BFCP", role="c-only", setup="active"),
                       f"a=fingerprint:{users.fingerprint}", "a=3ge2ae:requested"])
    answer = "\n".join([*msrp_sdp(chat.port, "TCP/MSRP", "passive", "b").split("\n"), *lines(AUDIO, port=5006),
                        *lines(FLOORS, port=floor.port, proto="TCP/BFCP", role="s-only", setup="passive"), "a=floorid:1 mstrm:10"])
    served = users.bob.serve(answer)
    call = users.alice.call(users.lab.uri("bob"), offer)
    offered, answered = m_lines(served.offer()), m_lines(call.answer())
    check([m[2] for m in offered] == ["TCP/MSRP", "RTP/AVP", "TCP/BFCP"], "the core is offered plain MSRP and BFCP", offered)
    check([m[2] for m in answered] == ["TCP/TLS/MSRP", "RTP/AVP", "TCP/TLS/BFCP"], "the user is answered TLS for both", answered)
    check(offered[1][1:2] + offered[1][4:] == (5004, "127.0.0.1") and answered[1][1] == 5006, "audio passes as it is", (offered, answered))
    check(not any({"fingerprint", "3ge2ae"} & set(m[3]) for m in offered), "and nothing of the user's keys", offered)
    check(len(users.contexts(4)) == 4, "two lines have two ends each at the gateway")
    check(len({e["context"] for e in users.lab["agw1"].ask("contexts")}) == 1, "in one context")
    tls_chat = s_client(answered[0][4], answered[0][1], users.pem)
    plain_chat = chat.accept()
    tls_floor = s_client(answered[2][4], answered[2][1], users.pem)
    plain_floor = floor.accept()
    tls_chat.send(msrp_send("msrps://x.invalid:9/b;tcp", "msrps://y.invalid:9/a;tcp", "a word beside floors"))
    plain_chat.expect(b"a word beside floors")
    plain_chat.send(b"heard by Alice")
    tls_chat.expect(b"heard by Alice")
    hello = bytes.fromhex("200b00000000000100010002")  # BFCP Hello of RFC 8855
    tls_floor.send(hello)
    plain_floor.expect(hello)
    plain_floor.send(hello)
    tls_floor.expect(hello)
    for tls, m in ((tls_chat, answered[0]), (tls_floor, answered[2])):
        check(tls.peer_fingerprint() == m[3]["fingerprint"][0], f"the gateway's certificate is that of {m[2]}")
    users.hang_up(call, served)
    check(tls_chat.ended() == 0 and tls_floor.ended() == 0, "all end with the call")
    users.idle()


@case
def asks_without_having_registered_it(users):
    """RCS: who announced nothing may ask in the offer (TS 33.328 clause 7.1.2 NOTE 2); who is called is not offered it."""
    carol = SippUe(users.lab, "carol", users.proxy)  # without Security-Client
    carol.register()
    server = PlainServer()
    served = users.bob.serve(msrp_sdp(server.port, "TCP/MSRP", "passive", "b"))
    call = carol.call(users.lab.uri("bob"), users.secured())
    answered = media_line(call.answer())
    check(media_line(served.offer())[2] == "TCP/MSRP" and answered[2] == "TCP/TLS/MSRP", "it is secured to the gateway")
    tls, plain = s_client(answered[4], answered[1], users.pem), server.accept()
    tls.send(b"asked for")
    plain.expect(b"asked for")
    users.hang_up(call, served)
    tls.ended()
    served = carol.serve(msrp_sdp(server.port, "TCP/MSRP", "passive", "a"))
    call = users.bob.call(users.lab.uri("carol"), msrp_sdp(9, "TCP/MSRP", "active", "b"))
    call.answer()
    check(media_line(served.offer())[2] == "TCP/MSRP", "a call to that device is plain")
    users.hang_up(call, served)
    users.idle()


@case
def two_devices(users):
    """The core forks to both; each has its own place at the gateway, and the caller's media reach the one that picked up."""
    users.bob2.register()
    early, winner = PlainServer(), PlainServer()
    ringing = users.bob._run(RING_EARLY, SDP=msrp_sdp(early.port, "TCP/MSRP", "passive", "one"))
    served = users.bob2.serve(msrp_sdp(winner.port, "TCP/MSRP", "passive", "two"), wait_ms=1500)
    call = users.alice.call(users.lab.uri("bob"), users.secured())
    offers = [media_line(ringing.offer()), media_line(served.offer())]
    answered = media_line(call.answer())
    # the caller's side is one call of two ends, each device's side is another
    check(len({(m[4], m[1]) for m in offers}) >= 1 and answered[2] == "TCP/TLS/MSRP", "both ring")
    tls, plain = s_client(answered[4], answered[1], users.pem), winner.accept()
    tls.send(b"who has it?")
    plain.expect(b"who has it?")
    plain.send(b"the second")
    tls.expect(b"the second")
    ringing.finish()
    check(True, "the other one is cancelled")
    early.sock.settimeout(0.3)
    try:
        stray = early.sock.accept()[0]
        stray.settimeout(5)
        check(stray.recv(100) == b"", "and what was opened to it is closed without an octet")
    except TimeoutError:
        check(True, "and got no connection")
    users.hang_up(call, served)
    tls.ended()
    users.bob2.register(expires=0)
    users.idle()


@case
def held_and_resumed(users):
    """Held by re-INVITE and resumed by UPDATE: the gates close and open, the connections stay, nothing is lost."""
    server = PlainServer()
    answer = msrp_sdp(server.port, "TCP/MSRP", "passive", "b")
    offer = users.secured()
    served = users.bob._run(SERVE_CHANGES, SDP=answer, SDP_HELD=answer + "\na=inactive")
    call = users.alice._run(CALL + ANSWERED + PAUSE + change("INVITE", 3) + change_acked(3) + PAUSE + change("UPDATE", 4, "SDP_RESUMED") + PAUSE +
                            bye(5), PEER=users.lab.uri("bob"), SDP=offer, SDP_HELD=again(offer, 2) + "\na=inactive",
                            SDP_RESUMED=again(offer, 3))
    answered = media_line(call.answer())
    tls, plain = s_client(answered[4], answered[1], users.pem), server.accept()
    tls.send(b"before;")
    plain.expect(b"before;")
    users.lab["agw1"].wait("held", ["contexts"], lambda l: l and all(e["mode"] == "inactive" for e in l))
    tls.send(b"while held;")
    try:
        plain.expect(b"while held;", timeout=0.5)
        passed = True
    except MediaError:
        passed = False
    still = all(e["mode"] == "inactive" for e in users.lab["agw1"].ask("contexts"))
    check(not (passed and still), "nothing passes a closed gate")
    users.lab["agw1"].wait("resumed", ["contexts"], lambda l: l and all(e["mode"] == "sendrecv" for e in l))
    tls.send(b"after")
    plain.expect(b"before;while held;after")
    check(True, "and what was held up comes, by the same connection")
    call.finish()
    served.finish()
    tls.ended()
    users.idle()


@case
def given_up(users):
    """The caller gives up while it rings: nothing of it stays, not even where the callee has answered early."""
    early = PlainServer()
    ringing = users.bob._run(RING_EARLY, SDP=msrp_sdp(early.port, "TCP/MSRP", "passive", "b"))
    call = users.alice._run(CALL + GIVE_UP, PEER=users.lab.uri("bob"), SDP=users.secured())
    call.finish()
    ringing.finish()
    check(True, "both ends know it")
    users.idle()


@case
def timed_out(users):
    """A call whose session timer runs out is ended towards both sides, and its media with it."""
    before = users.counter("mediasec_border_calls_expired_total")
    users.reconfigure(sip={"session_limit": "1s"})
    server = PlainServer()
    served = users.bob.serve(msrp_sdp(server.port, "TCP/MSRP", "passive", "b"))
    call = users.alice.call(users.lab.uri("bob"), users.secured())  # both wait for a BYE
    answered = media_line(call.answer())
    tls, plain = s_client(answered[4], answered[1], users.pem), server.accept()
    tls.send(b"talking")
    plain.expect(b"talking")
    call.finish()
    served.finish()
    check("cause=408" in "".join(text for way, text in call.messages() if way == "received"), "the reason is told")
    tls.ended()
    check(plain.ended() in ("fin", "rst"), "the media end with it")
    check(users.counter("mediasec_border_calls_expired_total") > before, "and it is counted")
    users.reconfigure()
    users.idle()


# ---- what SIPp does beside calling and serving ----

IN_DIALOG = """Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch];rport
Max-Forwards: 70
[routes]
From: <@IDENTITY@>;tag=[call_number]a
[last_To:]
Call-ID: [call_id]
Contact: <sip:@NAME@@[local_ip]:[local_port]>
"""
PAUSE = '\n<pause milliseconds="4000"/>\n'


def change(method, cseq, sdp="SDP_HELD"):
    return f"""
<send retrans="500"><![CDATA[
{method} [next_url] SIP/2.0
{IN_DIALOG}CSeq: {cseq} {method}
Content-Type: application/sdp
Content-Length: [len]

@{sdp}@
]]></send>
<recv response="100" optional="true"></recv>
<recv response="200"></recv>
"""


def change_acked(cseq):
    return f"<send><![CDATA[\nACK [next_url] SIP/2.0\n{IN_DIALOG}CSeq: {cseq} ACK\nContent-Length: 0\n\n]]></send>\n"


def bye(cseq):
    return (f'<send retrans="500"><![CDATA[\nBYE [next_url] SIP/2.0\n{IN_DIALOG}CSeq: {cseq} BYE\nContent-Length: 0\n\n]]></send>\n'
            '<recv response="200"></recv>\n</scenario>\n')


def again(sdp, version):
    """The same description, said again (RFC 3264 section 8)."""
    return re.sub(r"^o=- 1 \d+", f"o=- 1 {version}", sdp, flags=re.M)


def reply(status, cseq="[last_CSeq:]", sdp=None, tag=";tag=[call_number]b", contact=True):
    lines = [f"SIP/2.0 {status}", "[last_Via:]"] + (["[last_Record-Route:]"] if tag and sdp else [])
    lines += ["[last_From:]", f"[last_To:]{tag}", "[last_Call-ID:]", cseq]
    lines += ["Contact: <sip:@NAME@@[local_ip]:[local_port]>"] if contact else []
    lines += ["Content-Type: application/sdp", "Content-Length: [len]", "", f"@{sdp}@"] if sdp else ["Content-Length: 0", "", ""]
    return "<send><![CDATA[\n" + "\n".join(lines) + "\n]]></send>\n"


SERVE_CHANGES = HEAD + ('<recv request="INVITE" timeout="20000"></recv>\n' + reply("200 OK", sdp="SDP") + '<recv request="ACK"></recv>\n'
                        '<recv request="INVITE" timeout="20000"></recv>\n' + reply("200 OK", sdp="SDP_HELD", tag="") +
                        '<recv request="ACK"></recv>\n<recv request="UPDATE" timeout="20000"></recv>\n' +
                        reply("200 OK", sdp="SDP", tag="") + '<recv request="BYE" timeout="20000"></recv>\n' +
                        reply("200 OK", tag="", contact=False) + "</scenario>\n")
# What INVITE came with is needed once more after the CANCEL: the Via lines of IMS-ALG, Kamailio, IMS-ALG, caller.
KEEP_VIAS = "<action>" + "".join(f'<ereg regexp=".*" search_in="hdr" header="Via:" occurrence="{i}" assign_to="{i}"/>'
                                 for i in range(1, 5)) + "</action>"
RING_EARLY = HEAD + (f'<recv request="INVITE" timeout="20000">{KEEP_VIAS}</recv>\n' + reply("183 Session Progress", sdp="SDP") +
                     '<recv request="CANCEL" timeout="20000"></recv>\n' + reply("200 OK", tag="", contact=False) +
                     reply("487 Request Terminated", cseq="CSeq: [last_cseq_number] INVITE", contact=False)
                     .replace("[last_Via:]", "\n".join(f"Via:[${i}]" for i in range(1, 5))) +
                     '<recv request="ACK"></recv>\n</scenario>\n')
TO_PEER = """Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch-{back}];rport
Max-Forwards: 70
Route: <sip:@PROXY@;lr>
From: <@IDENTITY@>;tag=[call_number]a
{to}
Call-ID: [call_id]
CSeq: 2 {method}
Content-Length: 0

]]></send>
"""
GIVE_UP = ('<recv response="183"></recv>\n<send><![CDATA[\nCANCEL @PEER@ SIP/2.0\n' +
           TO_PEER.format(back=3, to="To: <@PEER@>", method="CANCEL") + '<recv response="200"></recv>\n<recv response="487"></recv>\n'
           "<send><![CDATA[\nACK @PEER@ SIP/2.0\n" + TO_PEER.format(back=6, to="[last_To:]", method="ACK") + "</scenario>\n")


def main():
    wanted = [f for f in CASES if not sys.argv[1:] or f.__name__ in sys.argv[1:]]
    with tempfile.TemporaryDirectory(prefix="mediasec-alg-") as folder, EdgeLab(folder, alg={"media": {"unregistered_e2ae": True}}) as lab:
        lab.start("alice", "bob", "carol")
        users = Users(lab)
        for f in wanted:
            print(f"-- {f.__name__}: {f.__doc__}", flush=True)
            users.alice.register()
            users.bob.register()
            f(users)
    return 0


if __name__ == "__main__":
    sys.exit(main())
