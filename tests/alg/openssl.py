#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The access edge with users nobody here wrote: SIPp registers, offers and answers, openssl(1) ends TLS on the
user's side, a plain socket stands for the core's side. Kamailio, IMS-ALG and gateway are real."""
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "../../lab"), HERE]
from edge import EdgeLab  # noqa: E402
from ports import reserve  # noqa: E402
from sipp_ue import SippUe  # noqa: E402
from tls_ue import (PlainServer, make_certificate, media_line, msrp_sdp, msrp_send, plain_client, s_client,  # noqa: E402
                    s_server)

MEDIASEC = "msrp-tls;mediasec"
HELLO = msrp_send("msrps://x.invalid:9/b;tcp", "msrps://y.invalid:9/a;tcp", "Hello through the edge")
OK = b"MSRP t1d2e3f4 200 OK\r\nTo-Path: msrps://y.invalid:9/a;tcp\r\n-------t1d2e3f4$\r\n"


class Case:
    """Alice on a secured access, Bob plain; both are SIPp at a UDP port of their own."""

    def __init__(self, lab):
        self.lab = lab
        proxy = f"{lab.host}:{lab.alg_port}"
        self.alice = SippUe(lab, "alice", proxy, MEDIASEC)
        self.bob = SippUe(lab, "bob", proxy)
        self.folder = tempfile.mkdtemp(dir=lab.dir)
        self.pem, self.fingerprint = make_certificate(self.folder, "alice")

    def secured(self, setup, port=9, session="a", fingerprint=None, ask=True):
        lines = [f"a=fingerprint:{fingerprint or self.fingerprint}"] + (["a=3ge2ae:requested"] if ask else [])
        return msrp_sdp(port, "TCP/TLS/MSRP", setup, session, lines=lines)

    def register(self):
        answer = [t for way, t in self.alice.register().messages() if way == "received"][-1]
        check("Security-Server: msrp-tls;mediasec" in answer, "the network announces msrp-tls;mediasec", answer)
        check("bfcp-tls" not in answer, "and not what the user did not ask for")
        self.bob.register()

    def call_to_plain(self, offer, **options):
        """Alice calls, Bob listens: (Alice's run, Bob's run, Bob's listening socket)."""
        server = PlainServer()
        served = self.bob.serve(msrp_sdp(server.port, "TCP/MSRP", "passive", "b"))
        return self.alice.call(self.lab.uri("bob"), offer, **options), served, server

    def idle(self):
        self.lab["agw1"].wait("empty", ["contexts"], lambda list_: not list_)


def check(ok, what, detail=""):
    print(("ok   " if ok else "FAIL ") + what, flush=True)
    if not ok:
        raise SystemExit(f"{what}: {detail}")


def talk(tls, plain):
    tls.send(HELLO)
    plain.expect(b"Hello through the edge")
    plain.send(OK)
    tls.expect(b"200 OK")


def originating(case, *tls_options):
    call, served, server = case.call_to_plain(case.secured("active"), hangs_up=True)
    offer, answer = served.offer(), call.answer()
    kind, _, proto, attributes, _ = media_line(offer)
    check((kind, proto) == ("message", "TCP/MSRP"), "the core is offered TCP/MSRP", offer)
    check("fingerprint" not in attributes and "3ge2ae" not in attributes, "without fingerprint and 3ge2ae", offer)
    _, port, proto, attributes, host = media_line(answer)
    check(proto == "TCP/TLS/MSRP" and attributes["setup"] == ["passive"], "the user is answered TCP/TLS/MSRP", answer)
    tls, plain = s_client(host, port, case.pem, *tls_options), server.accept()
    talk(tls, plain)
    check(tls.peer_fingerprint() == attributes["fingerprint"][0], "the gateway shows the certificate of its fingerprint")
    call.hang_up()
    call.finish()
    served.finish()
    check(tls.ended() == 0 and plain.ended() == "fin", "both legs end in order with the call")
    case.idle()


def terminating(case, setup):
    """Bob, plain, calls Alice, who registered msrp-tls: the network offers TLS by itself."""
    server = PlainServer()
    tls_port = reserve(1)
    tls = s_server(tls_port, case.pem) if setup == "passive" else None
    answer = case.secured(setup, tls_port if tls else 9, ask=False)
    served = case.alice.serve(answer)
    call = case.bob.call(case.lab.uri("alice"), msrp_sdp(server.port, "TCP/MSRP", "actpass", "b"), hangs_up=True)
    _, port, proto, attributes, host = media_line(served.offer())
    check(proto == "TCP/TLS/MSRP" and attributes.get("3ge2ae") == ["applied"], f"TLS is offered, 3ge2ae:applied ({setup})")
    _, core_port, core_proto, core, core_host = media_line(call.answer())
    check(core_proto == "TCP/MSRP" and "fingerprint" not in core, "Bob sees TCP/MSRP and no fingerprint")
    tls = tls or s_client(host, port, case.pem)
    plain = plain_client(core_host, core_port) if core["setup"] == ["passive"] else server.accept()
    if setup == "passive":
        plain.send(HELLO)
        tls.expect(b"Hello through the edge")
    else:
        talk(tls, plain)
    check(tls.peer_fingerprint() == attributes["fingerprint"][0], "the gateway's certificate fits its offer")
    call.hang_up()
    call.finish()
    served.finish()
    case.idle()
    tls.stop()
    plain.close()


def refused(case, what, pem, fingerprint):
    """The gateway ends the handshake, tells the ALG, and the ALG ends the call on both sides."""
    call, served, server = case.call_to_plain(case.secured("active", fingerprint=fingerprint))
    _, port, _, _, host = media_line(call.answer())
    tls = s_client(host, port, pem)
    tls.ended()
    check(b"alert" in tls.seen, f"{what}: the handshake is refused", tls.seen[-500:])
    call.finish()
    served.finish()
    check(True, f"{what}: both users get a BYE")
    server.close()
    case.idle()


def transparent(case):
    """TLS without a=3ge2ae may be end to end: nothing of it is touched."""
    offer = case.secured("active", ask=False)
    server = PlainServer()
    served = case.bob.serve(msrp_sdp(server.port, "TCP/TLS/MSRP", "passive", "b",
                                     lines=[f"a=fingerprint:{case.fingerprint}"]))
    call = case.alice.call(case.lab.uri("bob"), offer, hangs_up=True)
    got, answer = media_line(served.offer()), media_line(call.answer())
    check(got[2] == "TCP/TLS/MSRP" and got[3]["fingerprint"] == [case.fingerprint], "an offer without the request passes as it is")
    check(answer[3]["fingerprint"] == [case.fingerprint] and "3ge2ae" not in answer[3], "and so does its answer")
    call.hang_up()
    call.finish()
    served.finish()
    server.close()


def run(lab):
    case = Case(lab)
    case.register()
    originating(case, "-tls1_3")
    originating(case, "-tls1_2")
    terminating(case, "active")
    terminating(case, "passive")
    other, other_print = make_certificate(case.folder, "mallory")
    refused(case, "another certificate", other, case.fingerprint)
    refused(case, "no certificate", None, case.fingerprint)
    refused(case, "a fingerprint of another one", case.pem, other_print)
    case.pem, case.fingerprint = make_certificate(case.folder, "old", -1)
    originating(case)
    check(True, "an expired certificate is taken by its fingerprint")
    transparent(case)


def main():
    with tempfile.TemporaryDirectory(prefix="mediasec-alg-") as folder, EdgeLab(folder) as lab:
        lab.start("alice", "bob")
        run(lab)
    return 0


if __name__ == "__main__":
    sys.exit(main())
