# SPDX-License-Identifier: Apache-2.0
"""A SIP user agent that does only what a test tells it to: messages are text, nothing is repeated, answered
or checked by itself."""
import os
import random
import select
import socket
import ssl
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
from patience import PATIENCE  # noqa: E402


class Silence(Exception):
    pass


class Message:
    def __init__(self, octets, source=None):
        head, _, self.body = octets.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        self.start, self.source = lines[0], source
        self.headers = [tuple(p.strip() for p in line.split(":", 1)) for line in lines[1:]]

    def all(self, name):
        return [v for n, v in self.headers if n.lower() == name.lower()]

    def list(self, name):
        return [v.strip() for line in self.all(name) for v in line.split(",")]

    def get(self, name):
        values = self.all(name)
        return values[0] if values else ""

    @property
    def status(self):
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0") else 0

    @property
    def method(self):
        return "" if self.status else self.start.split()[0]

    @property
    def uri(self):
        return self.start.split()[1]

    @property
    def cseq(self):
        return int(self.get("CSeq").split()[0])

    def tag(self, name):
        return self.get(name).partition(";tag=")[2].split(";")[0]

    def is_(self, what):
        return what in (self.status, self.method)

    def __repr__(self):
        return self.start + " " + self.get("CSeq")


def token():
    return f"{random.getrandbits(48):012x}"


class Agent:
    """kind: udp, tcp or tls. One of a stream kind listens, unless it is a client only, and with `to` has a
    connection of its own to there."""

    def __init__(self, kind="udp", address="127.0.0.1", port=0, to=None, client=False):
        self.kind, self.to, self.kept, self.seen, self.conn, self.buffers = kind, to, [], set(), None, {}
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind((address, port))
        self.address, self.port = self.sock.getsockname()[:2]
        if kind != "udp" and not client:
            self.sock.listen(8)
        if kind != "udp" and to:
            self.connect(client)

    def connect(self, same=False):
        self.conn = self.sock if same else socket.create_connection(self.to, source_address=(self.address, 0))
        if same:
            self.sock.connect(self.to)
        if self.kind == "tls":
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self.conn = context.wrap_socket(self.conn)
        self.buffers[self.conn] = b""

    @property
    def host(self):
        literal = f"[{self.address}]" if ":" in self.address else self.address
        return f"{literal}:{self.port}"

    def uri(self, user):
        return f"sip:{user}@{self.host}" + ("" if self.kind == "udp" else f";transport={self.kind}")

    def close(self):
        for conn in self.buffers:
            conn.close()
        self.sock.close()

    # ---- octets ----

    def write(self, octets, conn=None):
        if self.kind == "udp":
            self.sock.sendto(octets, self.to)
        else:
            (conn or self.conn).sendall(octets)

    def _readable(self, timeout):
        for conn in self.buffers:
            if self.kind == "tls" and conn.pending():
                return [conn]
        poll, socks = select.poll(), {}  # not select(): port locks of many worlds take the low numbers
        for sock in {self.sock, *self.buffers}:
            if sock.fileno() >= 0:
                socks[sock.fileno()] = sock
                poll.register(sock, select.POLLIN)
        return [socks[fd] for fd, _ in poll.poll(max(0, timeout) * 1000)]

    def _read(self, timeout):
        """One datagram, or more octets of some connection."""
        for sock in self._readable(timeout):
            if self.kind == "udp":
                octets, self.to = self.sock.recvfrom(65536)
                return Message(octets, self.to)
            if sock is self.sock and sock not in self.buffers:
                conn = self.sock.accept()[0]
                self.buffers[conn] = b""
                self.conn = self.conn or conn
                continue
            more = sock.recv(65536)
            if not more:
                if sock is self.conn:
                    raise ConnectionResetError("closed")
                del self.buffers[sock]
            else:
                self.buffers[sock] += more
        return None

    def _cut(self):
        for conn, octets in self.buffers.items():
            head, sep, rest = octets.partition(b"\r\n\r\n")
            if not sep or not head:
                continue
            length = [int(line.split(b":")[1]) for line in head.split(b"\r\n")
                      if line.lower().startswith(b"content-length:")]
            if len(rest) < length[0]:
                continue
            size = len(head) + 4 + length[0]
            self.buffers[conn] = octets[size:]
            return Message(octets[:size], conn)
        return None

    # ---- messages ----

    def drain(self):
        """Takes what is there by now."""
        while self._readable(0):
            m = self._read(0)
            if m:
                self._repeated(m)

    def _repeated(self, m):
        """A request that came before: over UDP it does when our answer took its time."""
        key = (m.method, m.get("Via"), m.cseq)
        known = not m.status and key in self.seen
        self.seen.add(key)
        return known

    def expect(self, *what, timeout=4, tag=None, repeated=False):
        """The next message with one of these statuses or methods; others are kept, 100 and repeated requests passed over, but
        for what is asked for as repeated."""
        return self._expect(what, time.monotonic() + timeout * PATIENCE, tag, repeated)

    def _expect(self, what, deadline, tag=None, repeated=False):
        for m in self.kept:
            if any(m.is_(w) for w in what) and (tag is None or m.tag("To") == tag):
                self.kept.remove(m)
                return m
        while True:
            m = self._cut() if self.kind != "udp" else None
            if m is None:
                if time.monotonic() > deadline:
                    raise Silence(f"no {what} in time; kept: {self.kept}")
                m = self._read(deadline - time.monotonic())
            if m is None or (m.status == 100 and 100 not in what) or (self._repeated(m) and not repeated):
                continue
            if any(m.is_(w) for w in what) and (tag is None or m.tag("To") == tag):
                return m
            self.kept.append(m)

    def nothing(self, *what, timeout=0.4, repeated=False):
        try:
            m = self._expect(what, time.monotonic() + timeout, None, repeated)
        except (Silence, ConnectionResetError):
            return
        raise AssertionError(f"came although it should not: {m!r}")

    def request(self, method, uri, call=None, cseq=1, body="", routes=(), headers=(), branch=None, to_tag="",
                forwards=70, send=True, contact="me", content="application/sdp", **call_args):
        call = call or Call(self, uri, **call_args)
        via = f"Via: SIP/2.0/{self.kind.upper()} {self.host};branch={branch or 'z9hG4bK' + token()};rport"
        lines = [f"{method} {uri} SIP/2.0", via, f"Max-Forwards: {forwards}", f"From: {call.local}", f"To: {call.remote}",
                 f"Call-ID: {call.id}", f"CSeq: {cseq} {method}"]
        if contact:
            lines.append(f"Contact: <{self.uri(contact)}>")
        lines += [f"Route: {r}" for r in routes] + list(headers)
        if body:
            lines.append(f"Content-Type: {content}")
        text = "\r\n".join(lines + [f"Content-Length: {len(body)}", "", body])
        call.via = via
        if send:
            self.write(text.encode())
        return text.encode()

    def respond(self, m, status, reason="x", tag=None, body="", headers=(), contact="me", content="application/sdp"):
        to = m.get("To") + (f";tag={tag}" if tag and "tag=" not in m.get("To") else "")
        lines = [f"SIP/2.0 {status} {reason}"] + [f"Via: {v}" for v in m.all("Via")]
        lines += [f"Record-Route: {v}" for v in m.all("Record-Route")]
        lines += [f"From: {m.get('From')}", f"To: {to}", f"Call-ID: {m.get('Call-ID')}", f"CSeq: {m.get('CSeq')}"]
        if contact:
            lines.append(f"Contact: <{self.uri(contact)}>")
        lines += list(headers)
        if body:
            lines.append(f"Content-Type: {content}")
        octets = "\r\n".join(lines + [f"Content-Length: {len(body)}", "", body]).encode()
        if self.kind == "udp":
            self.sock.sendto(octets, m.source)
        else:
            self.write(octets, m.source)
        return octets


class Call:
    """The names of a dialog as one end writes them."""

    def __init__(self, agent, uri, user="caller", domain="one.example"):
        self.agent, self.id, self.via, self.routes, self.target = agent, token() + "@test", "", [], uri
        self.local, self.remote = f"<sip:{user}@{domain}>;tag={token()}", f"<{uri}>"

    def answered(self, m):
        """As caller, from a response."""
        self.remote, self.routes = m.get("To"), list(reversed(m.list("Record-Route")))
        self.target = m.get("Contact").strip("<>")
        return self

    @classmethod
    def incoming(cls, agent, m, tag):
        """As callee, from the request."""
        call = cls(agent, "")
        call.id, call.local, call.remote = m.get("Call-ID"), m.get("To") + f";tag={tag}", m.get("From")
        call.routes, call.target = m.list("Record-Route"), m.get("Contact").strip("<>")
        return call

    def send(self, method, cseq, **options):
        return self.agent.request(method, self.target, call=self, cseq=cseq, routes=self.routes, **options)
