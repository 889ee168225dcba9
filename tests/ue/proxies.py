#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
import re
import socket

from scenario import main, same
from patience import long  # noqa: E402 - the path is set by scenario


class Proxy:
    """Accepts a registration, and sends over its connection whatever a test likes."""

    def __init__(self, lab):
        self.server = socket.create_server((lab.address, 0))
        self.server.settimeout(long(10))
        self.address, self.n = self.server.getsockname(), 0

    def take(self):
        """The next connection, with the registration on it answered."""
        self.s, _ = self.server.accept()
        self.s.settimeout(long(10))
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.data = b""
        request = self.read()
        kept = re.findall(r"^(?:Via|From|To|Call-ID|CSeq|Contact):.*$", request, re.M | re.I)
        head = "\r\n".join(line.strip() for line in kept)
        self.s.sendall(f"SIP/2.0 200 OK\r\n{head}\r\nExpires: 600\r\nContent-Length: 0\r\n\r\n".encode())

    def read(self):
        """One message's head; empty at the end of the connection."""
        while True:
            self.data = self.data.lstrip(b"\r\n")
            head, end, rest = self.data.partition(b"\r\n\r\n")
            length = re.search(rb"^Content-Length:\s*(\d+)", head, re.M | re.I)
            if end and len(rest) >= int(length.group(1)):
                self.data = rest[int(length.group(1)):]
                return head.decode()
            try:
                more = self.s.recv(65536)
            except ConnectionResetError:
                more = b""
            if not more:
                return ""
            self.data += more

    def status(self):
        head = self.read()
        return int(head.split()[1]) if head else None

    def message(self, body=b"hi", headers="", length=None):
        self.n += 1
        length = f"Content-Length: {len(body)}\r\n" if length is None else length
        return (f"MESSAGE sip:bob@example.org SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK{self.n}\r\n"
                f"From: <sip:alice@example.org>;tag=1\r\nTo: <sip:bob@example.org>\r\nCall-ID: {self.n}\r\n"
                f"CSeq: 1 MESSAGE\r\nP-Asserted-Identity: <sip:alice@example.org>\r\n{headers}"
                f"Content-Type: text/plain\r\n{length}\r\n").encode() + body

    def expect(self, octets, *statuses, piece=None):
        for at in range(0, len(octets), piece or len(octets)):
            self.s.sendall(octets[at:at + (piece or len(octets))])
        same(sorted(self.status() for _ in statuses), sorted(statuses), f"answers to {octets[:200]!r}")


def start(lab):
    lab.start("bob")
    proxy = Proxy(lab)
    lab.configure("bob", sip={"proxy": f"sip:{lab.address}:{proxy.address[1]}"}, policy={"plain_message": True})
    ue = lab.ue("bob")
    proxy.take()
    ue.wait("registered")
    return proxy, ue


def pieces(lab):
    """messages in one piece, in many, several in one; between them what the parser does not take"""
    proxy, ue = start(lab)
    good, bad = proxy.message, lambda: proxy.message(headers="Content-Type: text\r\n")
    proxy.expect(good(), 200)
    proxy.expect(good(), 200, piece=1)
    proxy.expect(bad(), 400)
    proxy.expect(bad(), 400, piece=3)
    proxy.expect(good() + bad() + good(), 200, 400, 200)
    proxy.expect(b"\r\n\r\n" + good() + b"\r\n" + bad() + b"\r\n\r\n" + good(), 200, 400, 200)
    proxy.expect(good(b"x" * 70000) + good(), 413, 200)
    proxy.expect(good(b"x" * 1000000) + good(), 413, 200, piece=5000)
    proxy.expect(good(headers="X: y\r\n" * 9000), 200, piece=100)
    # There is no answer to an ACK or to a response.
    proxy.expect(bad().replace(b"MESSAGE", b"ACK") + b"SIP/2.0 200 OK\r\n: x\r\nContent-Length: 1\r\n\r\nx" + good(), 200)
    same([e["event"] for e in ue.seen].count("registered"), 1, "registrations")


def lost(lab):
    """a connection that cannot be read any further ends, and another takes its place"""
    proxy, ue = start(lab)
    for octets in (proxy.message(length="Content-Length: 2\r\nContent-Length: 0\r\n"), proxy.message(length=""),
                   proxy.message(headers="X: " + "y" * 200000), bytes(100000), b"\n" * 100000, b"v=0\r\n" * 20000):
        try:
            proxy.s.sendall(octets)
            same(proxy.status(), None, "answer")
        except (BrokenPipeError, ConnectionResetError):
            pass
        proxy.take()
        ue.wait("registered")
        proxy.expect(proxy.message(), 200)
    proxy.s.close()
    proxy.take()
    ue.wait("registered")


if __name__ == "__main__":
    main(pieces, lost)
