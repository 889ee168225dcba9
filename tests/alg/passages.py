#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""MSRP of peers that do not know CEMA, through the gateway: as back-to-back user agent and by sessmatch, plain and secured to
the edge; and two ends that both open the connection. Users are SIPp, openssl(1) and plain sockets."""
import os
import re
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "../../lab"), HERE]
from edge import ALG, EdgeLab  # noqa: E402
from sipp_ue import SippUe  # noqa: E402
from tls_ue import PlainServer, make_certificate, media_line, msrp_sdp, msrp_send, plain_client, s_client  # noqa: E402


def check(ok, what, detail=""):
    print(("ok   " if ok else "FAIL ") + what, flush=True)
    if not ok:
        raise SystemExit(f"{what}: {detail}")


class Users:
    def __init__(self, lab):
        self.lab = lab
        proxy = f"{lab.host}:{lab.alg_port}"
        self.alice, self.bob = SippUe(lab, "alice", proxy, "msrp-tls;mediasec"), SippUe(lab, "bob", proxy)
        self.alice.register()
        self.bob.register()

    def up(self, offer, answer):
        served = self.bob.serve(answer)
        call = self.alice.call(self.lab.uri("bob"), offer, hangs_up=True)
        return call, served, media_line(served.offer()), media_line(call.answer())

    def end(self, call, served):
        call.hang_up()
        call.finish()
        served.finish()
        self.lab["agw1"].wait("empty", ["contexts"], lambda list_: not list_)

    def counted(self, mode, n):
        name = f'mediasec_h248_events_total{{event="anchor_{mode}"}}'
        got = self.lab[ALG].ask("counters")[name]
        check(got == n, f"{mode} is counted", got)


def answer_send(plain):
    """200 to the SEND that came, by its own transaction and path."""
    tid = re.search(rb"MSRP (\S+) SEND", plain.seen).group(1).decode()
    back, own = (re.search(rf"{name}: (\S+)".encode(), plain.seen).group(1).decode() for name in ("From-Path", "To-Path"))
    plain.send(f"MSRP {tid} 200 OK\r\nTo-Path: {back}\r\nFrom-Path: {own}\r\n-------{tid}$\r\n".encode())


def path(line):
    return line[3]["path"][0]


def b2bua(lab):
    """Each user sees paths of the gateway, in SDP and in messages."""
    users, server = Users(lab), PlainServer()
    call, served, offer, answer = users.up(msrp_sdp(9, setup="active", session="a", cema=False),
                                           msrp_sdp(server.port, setup="passive", session="b", cema=False))
    check(path(offer).split("/")[2].startswith(f"{offer[4]}:"), "Bob is offered a path of the gateway", offer)
    check(path(answer).split("/")[2] == f"{answer[4]}:{answer[1]}", "Alice is answered one, at the address of its m-line", answer)
    alice, bob = plain_client(answer[4], answer[1]), server.accept()
    alice.send(msrp_send(path(answer), "msrp://127.0.0.1:9/a;tcp", "through two paths"))
    bob.expect(b"through two paths")
    check(f"To-Path: msrp://127.0.0.1:{server.port}/b;tcp".encode() in bob.seen, "Bob gets what is for his path", bob.seen)
    check(f"From-Path: {path(offer)}".encode() in bob.seen and b"127.0.0.1:9/a" not in bob.seen, "from the gateway's", bob.seen)
    answer_send(bob)
    alice.expect(b"MSRP t1d2e3f4 200 OK")
    users.end(call, served)
    users.counted("msrp_b2bua", 2)  # on the way out and on the way in
    # the same, secured to the edge: TLS ends where paths are changed
    pem, fingerprint = make_certificate(lab.dir, "alice")
    call, served, offer, answer = users.up(msrp_sdp(9, "TCP/TLS/MSRP", "active", "a", cema=False,
                                                    lines=(f"a=fingerprint:{fingerprint}", "a=3ge2ae:requested")),
                                           msrp_sdp(server.port, setup="passive", session="b", cema=False))
    check(path(offer).startswith("msrp://") and path(answer).startswith("msrps://"), "msrps to Alice, msrp to Bob")
    tls, bob = s_client(answer[4], answer[1], pem), server.accept()
    tls.send(msrp_send(path(answer), "msrps://127.0.0.1:9/a;tcp", "secured and changed"))
    bob.expect(b"secured and changed")
    check(f"To-Path: msrp://127.0.0.1:{server.port}/b;tcp".encode() in bob.seen, "Bob gets what is for his path")
    answer_send(bob)
    tls.expect(b"MSRP t1d2e3f4 200 OK")
    users.end(call, served)
    tls.stop()


def sessmatch(lab):
    """Host and port of paths are the gateway's in SDP; messages pass as they are, matched by their session alone."""
    users, server = Users(lab), PlainServer()
    call, served, offer, answer = users.up(msrp_sdp(9, setup="active", session="a", cema=False),
                                           msrp_sdp(server.port, setup="passive", session="b", cema=False))
    check(path(offer).endswith("/a;tcp") and "127.0.0.1:9" not in path(offer), "the session id stays, the host does not", offer)
    check(path(answer) == f"msrp://{answer[4]}:{answer[1]}/b;tcp", "and so the other way", answer)
    alice, bob = plain_client(answer[4], answer[1]), server.accept()
    message = msrp_send(path(answer), "msrp://127.0.0.1:9/a;tcp", "as it is")
    alice.send(message)
    bob.expect(message)
    check(True, "the message came octet for octet")
    users.end(call, served)
    users.counted("msrp_sessmatch", 2)


def merge(lab):
    """Both ends open the connection: the gateway waits for both and joins them (TS 23.334 clause 5.16.2.3)."""
    users = Users(lab)
    call, served, offer, answer = users.up(msrp_sdp(9, setup="active", session="a"), msrp_sdp(9, setup="active", session="b"))
    check(offer[3]["setup"] == ["actpass"], "Bob may choose", offer)
    check(answer[3]["setup"] == ["passive"], "Alice opens, too", answer)
    bob, alice = plain_client(offer[4], offer[1]), plain_client(answer[4], answer[1])
    alice.send(b"to Bob")
    bob.expect(b"to Bob")
    bob.send(b"to Alice")
    alice.expect(b"to Alice")
    users.end(call, served)
    check(alice.ended() and bob.ended(), "both connections end with the call")
    users.counted("merge", 1)


CASES = ((b2bua, {"without_cema": "b2bua"}), (sessmatch, {"without_cema": "sessmatch"}),
         (merge, {"tcp_direction": "free"}))


def main():
    for case, media in CASES:
        if sys.argv[1:] and case.__name__ not in sys.argv[1:]:
            continue
        print(f"-- {case.__name__}: {case.__doc__}", flush=True)
        with tempfile.TemporaryDirectory(prefix="mediasec-alg-") as folder, \
                EdgeLab(folder, alg={"media": {"plain": "always", **media}}) as lab:
            lab.start("alice", "bob")
            case(lab)
    return 0


if __name__ == "__main__":
    sys.exit(main())
