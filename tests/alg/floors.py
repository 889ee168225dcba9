#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Floor control through the access edge: our client secured to the gateway, a floor control server of the tests in plain TCP on
the core's side with SIPp as its SIP; both call, and either side opens the connections (TS 24.229, TS 23.334 6.2.10.3.2)."""
import os
import socket
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "../../lab"), os.path.join(HERE, "../ue"), HERE]
from bfcp import Floors, control_floors, describe  # noqa: E402
from edge import EdgeLab  # noqa: E402
from scenario import has, same  # noqa: E402
from patience import long  # noqa: E402
from sipp_ue import SippUe  # noqa: E402
from tls_ue import media_line  # noqa: E402

SECURED = {"e2ae": "registered", "outgoing": "e2ae"}


def sdp(*parts):
    return "\n".join(describe(*parts))


class Server:
    """A floor control server behind the description it gives: it listens, or connects when told where to."""

    def __init__(self, host):
        self.floors, self.listener = Floors(), socket.create_server((host, 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        try:
            self.floors.serve(self.listener.accept()[0])
        except OSError:
            pass

    def connect(self, host, port):
        self.floors.serve(socket.create_connection((host, port), timeout=long(10)))

    def close(self):
        self.listener.close()


def plain_side(description):
    kind, port, proto, attributes, host = media_line(description)
    same((kind, proto), ("application", "TCP/BFCP"), description)
    same("fingerprint" in attributes or "3ge2ae" in attributes, False, description)
    return host, port, attributes


def client_calls(lab, focus, setup):
    """our client offers, so it is TLS client whichever way TCP is opened"""
    server = Server(lab.host)
    served = focus.serve(sdp(server.port if setup == "passive" else 9, "TCP/BFCP", setup))
    lab.configure("alice", media=SECURED)
    alice = lab.online("alice")
    alice.type("/bfcp bob")
    host, port, attributes = plain_side(served.offer())
    if setup == "active":
        server.connect(host, port)
    has(alice.wait("call-established", "call-failed"), event="call-established", security="e2ae", kind="bfcp")
    control_floors(alice, server.floors)
    served.finish()
    alice.stop()
    server.close()


def client_is_called(lab, focus, setup):
    """the network offers TLS by itself, so the gateway is TLS client"""
    server = Server(lab.host)
    lab.configure("alice", media={**SECURED, "setup": setup})
    alice = lab.online("alice")
    call = focus.call(lab.uri("alice"), sdp(server.port, "TCP/BFCP", "actpass"))
    host, port, attributes = plain_side(call.answer())
    if attributes["setup"] == ["passive"]:
        server.connect(host, port)
    has(alice.wait("call-established", "call-failed"), event="call-established", security="e2ae", kind="bfcp")
    control_floors(alice, server.floors)
    call.finish()
    alice.stop()
    server.close()


def main():
    failed = 0
    cases = [(case, setup) for case in (client_calls, client_is_called) for setup in ("active", "passive")]
    with tempfile.TemporaryDirectory(prefix="mediasec-") as folder, EdgeLab(folder) as lab:
        lab.start("alice", "bob")
        focus = SippUe(lab, "bob", f"{lab.host}:{lab.alg_port}")
        focus.register()
        for case, setup in cases:
            try:
                case(lab, focus, setup)
                lab["agw1"].wait("empty", ["contexts"], lambda list_: not list_)
                print(f"ok - {case.__name__}, {setup}: {case.__doc__}", flush=True)
            except Exception as e:  # the next one may work
                failed += 1
                print(f"not ok - {case.__name__}, {setup}: {type(e).__name__}: {str(e)[:3000]}", flush=True)
        if failed:
            print(lab.logs(40))
    print(f"{len(cases) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
