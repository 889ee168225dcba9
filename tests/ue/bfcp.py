#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Floor control of our client against tests/bfcp/floor_server.py, over plain TCP and over TLS with fingerprints; the SIP side of
the conference is a few lines here, which also play a network that announces media security."""
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading

from scenario import SOURCE, has, main, same
from sessions import Caller

sys.path[1:1] = [os.path.join(SOURCE, "tests", "alg"), os.path.join(SOURCE, "tests", "bfcp")]
import floor_server  # noqa: E402
from tls_ue import fingerprint, make_certificate  # noqa: E402


class Floors(floor_server.Server):
    """The floor control server on a connection that stands, with what it told kept for the test."""

    def __init__(self):
        super().__init__(4711)
        self.told = []

    def say(self, **what):
        self.told.append(what)

    def serve(self, sock):
        threading.Thread(target=floor_server.Client(self, sock).run, daemon=True).start()


class Core:
    """Answers REGISTER and INVITE of one user over TCP; `answer` makes the SDP."""

    def __init__(self, answer, announce="msrp-tls;mediasec, bfcp-tls;mediasec"):
        self.answer, self.announce, self.requests = answer, announce, []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self.converse, args=(connection,), daemon=True).start()

    def converse(self, s):
        data = b""
        while True:
            while b"\r\n\r\n" not in data.lstrip():
                more = s.recv(65536)
                if not more:
                    return
                data += more
            data = data.lstrip()
            head, _, rest = data.partition(b"\r\n\r\n")
            length = int(re.search(rb"^Content-Length:\s*(\d+)", head, re.M | re.I).group(1))
            while len(rest) < length:
                rest += s.recv(65536)
            data = rest[length:]
            self.request(s, head.decode(), rest[:length].decode())

    def request(self, s, head, body):
        self.requests.append((head, body))
        method = head.split()[0]
        if method == "ACK":
            return
        kept = re.findall(r"^(?:Via|From|Call-ID|CSeq):.*$", head, re.M | re.I)
        to = re.search(r"^To:.*$", head, re.M | re.I).group(0)
        lines, sdp = [*kept, to if ";tag=" in to else to + ";tag=core"], ""
        if method == "REGISTER":
            lines += [f"Security-Server: {self.announce}"] if self.announce else []
            lines += ["Expires: 600"]
        if method == "INVITE":
            sdp = "\r\n".join(self.answer(body)) + "\r\n"
            lines += [f"Contact: <sip:focus@127.0.0.1:{self.port};transport=tcp>", "Content-Type: application/sdp"]
        lines = [line.strip() for line in lines]
        s.sendall(("\r\n".join(["SIP/2.0 200 OK", *lines, f"Content-Length: {len(sdp)}"]) + "\r\n\r\n" + sdp).encode())

    def of(self, method):
        return [r for r in self.requests if r[0].startswith(method)]


def describe(port, proto, setup, *lines):
    return ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", f"m=application {port} {proto} *", f"a=setup:{setup}",
            "a=connection:new", "a=floorctrl:s-only", "a=confid:4711", "a=userid:12", "a=floorid:3 mstrm:10", *lines]


def control_floors(ue, floors):
    """Hello, a floor asked for and given back, queries, a floor nobody may have."""
    ue.type("/floor hello")
    ue.wait("floor-hello")
    ue.type("/floor request")
    first = has(ue.wait("floor"), state="Granted")
    ue.type("/floor request 3")
    has(ue.wait("floor"), state="Accepted", queue=1)
    ue.type("/floor query 3")
    same(ue.wait("floor-status")["detail"].count("request"), 2, "requests for floor 3")
    ue.type("/floor user")
    ue.wait("floor-status")
    ue.type(f"/floor release {first['request']}")
    states = [ue.wait("floor")["state"] for _ in range(2)]
    same(sorted(states), ["Granted", "Released"], "the next in the queue gets it")
    ue.type("/floor release 999")
    has(ue.wait("floor-failed"), reason="refused", status=7)
    same([t["user"] for t in floors.told if t["event"] == "hello"], [12], "user of the session description")
    ue.type("/hangup")
    ue.wait("call-ended")


def online(lab, core, **media):
    lab.configure("alice", sip={"proxy": f"sip:127.0.0.1:{core.port}"}, media=media, policy={"plain_media": True})
    return lab.online("alice")


def plain(lab):
    """TCP/BFCP: who offered connects, or waits for the server"""
    lab.start("alice")
    for setup in ("passive", "active"):
        floors, listener = Floors(), socket.create_server(("127.0.0.1", 0))

        def answer(offer, floors=floors, listener=listener, setup=setup):
            kind, port = re.search(r"^m=application (\d+) (\S+) \*", offer, re.M).groups()[::-1]
            same(kind, "TCP/BFCP", offer)
            same("a=floorctrl:c-only" in offer and "a=connection:new" in offer and "a=setup:actpass" in offer, True, offer)
            if setup == "active":
                threading.Thread(target=lambda: floors.serve(socket.create_connection(("127.0.0.1", int(port)))), daemon=True).start()
            else:
                threading.Thread(target=lambda: floors.serve(listener.accept()[0]), daemon=True).start()
            return describe(listener.getsockname()[1], kind, setup)

        core = Core(answer)
        alice = online(lab, core, outgoing="plain")
        alice.type("/bfcp focus")
        has(alice.wait("call-established", "call-failed"), event="call-established", kind="bfcp", security="none")
        control_floors(alice, floors)
        alice.stop()


def to_the_edge(lab):
    """TCP/TLS/BFCP after registration: who offered is TLS client, even where the server opens the connection"""
    lab.start("alice")
    pem, fp = make_certificate(lab.dir, "edge")
    for setup in ("passive", "active"):
        floors, listener = Floors(), socket.create_server(("127.0.0.1", 0))
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(pem)

        def answer(offer, floors=floors, listener=listener, setup=setup, tls=tls):
            port, kind = re.search(r"^m=application (\d+) (\S+) \*", offer, re.M).groups()
            same(kind, "TCP/TLS/BFCP", offer)
            same("a=3ge2ae:requested" in offer and "a=fingerprint:sha-256" in offer, True, offer)

            def run():
                s = socket.create_connection(("127.0.0.1", int(port))) if setup == "active" else listener.accept()[0]
                floors.serve(tls.wrap_socket(s, server_side=True))

            threading.Thread(target=run, daemon=True).start()
            return describe(listener.getsockname()[1], kind, setup, f"a=fingerprint:{fp}")

        core = Core(answer)
        alice = online(lab, core, e2ae="registered", outgoing="e2ae")
        alice.type("/bfcp focus")
        has(alice.wait("call-established", "call-failed"), event="call-established", security="e2ae", kind="bfcp")
        control_floors(alice, floors)
        alice.stop()
        registers = [head for head, _ in core.of("REGISTER")]
        same("Security-Client: msrp-tls;mediasec, bfcp-tls;mediasec" in registers[0], True, registers[0])
        same("Security-Verify: msrp-tls;mediasec, bfcp-tls;mediasec" in registers[-1], len(registers) > 1, registers[-1])


def not_announced(lab):
    """each kind of media is announced on its own: MSRP only is not BFCP"""
    lab.start("alice")
    core = Core(lambda offer: [], announce="msrp-tls;mediasec")
    alice = online(lab, core, e2ae="registered", outgoing="e2ae")
    alice.type("/bfcp focus")
    has(alice.wait("call-failed", "call-established"), event="call-failed", reason="e2ae_not_announced")
    same(core.of("INVITE"), [], "a call")
    alice.stop()


def called(lab):
    """the server's side calls: it offers and is TLS client; a wrong fingerprint and a peer that is no server are refused"""
    lab.start("alice", "bob")
    lab.configure("bob", media={"e2ae": "ask", "connect_limit": "4s"}, policy={"chat": "accept", "plain_media": True})
    pem, fp = make_certificate(lab.dir, "edge")
    _, other = make_certificate(lab.dir, "other")
    for n, told in enumerate((fp, other)):
        bob, floors = lab.online("bob"), Floors()
        sdp = describe(9, "TCP/TLS/BFCP", "active", f"a=fingerprint:{told}", "a=3ge2ae:applied")
        status, answer = Caller(lab, "alice").invite("bob", f"TCP/bfcp{n}", "\r\n".join(sdp) + "\r\n")
        same(status, 200, answer)
        port = int(re.search(r"^m=application (\d+) TCP/TLS/BFCP", answer, re.M).group(1))
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
        tls.load_cert_chain(pem)
        s = tls.wrap_socket(socket.create_connection(("127.0.0.1", port)))
        if told == fp:
            shown = fingerprint(ssl.DER_cert_to_PEM_cert(s.getpeercert(True)))
            same(shown.lower() in answer.lower(), True, f"{shown} in {answer}")
            floors.serve(s)
            has(bob.wait("call-established"), kind="bfcp", security="e2ae")
            control_floors(bob, floors)
        else:
            has(bob.wait("call-failed"), reason="tls_fingerprint_mismatch")
        bob.stop()
    bob = lab.online("bob")
    sdp = "\r\n".join(describe(9, "TCP/BFCP", "active")).replace("s-only", "c-only") + "\r\n"
    same(Caller(lab, "alice").invite("bob", "TCP/none", sdp)[0], 488, "status")
    has(bob.wait("call-failed"), reason="bfcp_no_server")


def capture(lab):
    """tshark reads what both sides sent without a malformed packet"""
    if not shutil.which("text2pcap") or not shutil.which("tshark"):
        return
    lab.start("alice")
    log, floors, listener = [], Floors(), socket.create_server(("127.0.0.1", 0))

    class Tapped:
        def __init__(self, s):
            self.s = s

        def recv(self, n):
            octets = self.s.recv(n)
            log.append(("I", octets))
            return octets

        def sendall(self, octets):
            log.append(("O", octets))
            self.s.sendall(octets)

        def close(self):
            self.s.close()

    def answer(offer):
        threading.Thread(target=lambda: floors.serve(Tapped(listener.accept()[0])), daemon=True).start()
        return describe(listener.getsockname()[1], "TCP/BFCP", "passive")

    core = Core(answer)
    alice = online(lab, core, outgoing="plain")
    alice.type("/bfcp focus")
    alice.wait("call-established")
    control_floors(alice, floors)
    alice.stop()
    dump, pcap = os.path.join(lab.dir, "bfcp.txt"), os.path.join(lab.dir, "bfcp.pcap")
    messages, pending = [], b""
    for way, octets in log:  # the server reads a header, then a body
        pending = pending + octets if way == "I" else octets
        if way == "O" or len(pending) >= 12 and len(pending) == 12 + 4 * int.from_bytes(pending[2:4], "big"):
            messages.append((way, pending))
            pending = b""
    with open(dump, "w", encoding="ascii") as f:
        for way, octets in messages:
            f.write(f"{way}\n000000 {octets.hex(' ')}\n\n")
    subprocess.run(["text2pcap", "-q", "-D", "-u", "5070,5070", dump, pcap], check=True, capture_output=True)
    shown = subprocess.run(["tshark", "-r", pcap, "-d", "udp.port==5070,bfcp", "-V"], check=True, capture_output=True, text=True).stdout
    same("Malformed" in shown or "Expert Info (Error" in shown, False, shown)
    same(shown.count("Binary Floor Control Protocol") >= len(messages) > 8, True, shown[-3000:])


if __name__ == "__main__":
    main(plain, to_the_edge, not_announced, called, capture)
