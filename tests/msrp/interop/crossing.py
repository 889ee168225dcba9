#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Our endpoint against a small MSRP peer written here from RFC 4975 alone, which checks strictly what it gets."""
import os
import re
import socket

from peers import Peer, check, finish, folder, reserve, sample, selector

PORT = reserve(4)
TID = rb"[A-Za-z0-9][A-Za-z0-9.+%=-]{3,31}"
URI = rb"msrps?://[^ \r\n;]+;tcp"
START = re.compile(rb"MSRP (" + TID + rb") (?:([A-Z]+)|(\d{3})(?: [^\r\n]*)?)\r\n")
PATHS = re.compile(rb"To-Path: (" + URI + rb"(?: " + URI + rb")*)\r\nFrom-Path: (" + URI + rb"(?: " + URI + rb")*)\r\n")
HEADER = re.compile(rb"([A-Za-z][A-Za-z0-9-]*): ([^\r\n]*)\r\n")
RANGE = re.compile(rb"^(\d+)-(\d+|\*)/(\d+|\*)$")


class Frame:
    pass


class Mirror:
    """The independent peer: one connection."""

    def __init__(self, sock, own, remote):
        self.sock, self.own, self.remote = sock, own, remote
        self.data = b""
        self.count = 0
        sock.settimeout(20)

    def need(self, pattern_or_bytes):
        while True:
            if isinstance(pattern_or_bytes, bytes):
                at = self.data.find(pattern_or_bytes)
                if at >= 0:
                    return at
            else:
                match = pattern_or_bytes.match(self.data)
                if match:
                    return match
                if b"\r\n" in self.data and len(self.data) > 20000:
                    raise SystemExit(f"not MSRP: {self.data[:100]!r}")
            more = self.sock.recv(65536)
            if not more:
                raise SystemExit("connection closed by our endpoint")
            self.data += more

    def frame(self):
        f = Frame()
        start = self.need(START)
        f.tid, f.method, f.status = start.group(1), start.group(2), start.group(3)
        end = b"-------" + f.tid
        at = self.need(end)
        while len(self.data) < at + len(end) + 3:
            self.data += self.sock.recv(65536)
        f.flag = self.data[at + len(end):at + len(end) + 1]
        assert f.flag in b"$+#" and self.data[at + len(end) + 1:at + len(end) + 3] == b"\r\n"
        text = self.data[start.end():at]
        self.data = self.data[at + len(end) + 3:]
        paths = PATHS.match(text)
        assert paths, text[:300]
        f.to, f.sender = paths.group(1).split(b" "), paths.group(2).split(b" ")
        f.headers, pos, last = {}, paths.end(), None
        while pos < len(text) and not text.startswith(b"\r\n", pos):
            header = HEADER.match(text, pos)
            assert header, text[pos:pos + 100]
            assert header.group(1) not in f.headers, "repeated header"
            last = header.group(1)
            f.headers[last] = header.group(2)
            pos = header.end()
        f.body = None
        if pos < len(text):
            assert last == b"Content-Type", "Content-Type must come last"
            assert text.endswith(b"\r\n")
            f.body = text[pos + 2:-2]
        else:
            assert b"Content-Type" not in f.headers
        if f.status:
            assert f.flag == b"$" and f.body is None
        return f

    def send(self, octets, step=None):
        step = step or len(octets)
        for i in range(0, len(octets), step):
            self.sock.sendall(octets[i:i + step])

    def request(self, method, headers, body=None, flag=b"$", tid=None, to=None, step=None):
        self.count += 1
        tid = tid or b"py%06d" % self.count
        out = b"MSRP %s %s\r\nTo-Path: %s\r\nFrom-Path: %s\r\n" % (tid, method, to or self.remote, self.own)
        out += b"".join(b"%s: %s\r\n" % h for h in headers)
        if body is not None:
            out += b"\r\n" + body + b"\r\n"
        self.send(out + b"-------" + tid + flag + b"\r\n", step)
        return tid

    def answer(self, frame, code=b"200 OK"):
        self.send(b"MSRP %s %s\r\nTo-Path: %s\r\nFrom-Path: %s\r\n-------%s$\r\n"
                  % (frame.tid, code, frame.sender[0], self.own, frame.tid))

    def response(self, tid):
        f = self.frame()
        assert f.status and f.tid == tid, (f.tid, tid)
        return f.status


def connect(role, port, *options):
    """Our peer (listening) and the mirror, with a chat session in the given role of ours."""
    own, remote = b"msrp://127.0.0.1:11850/mirror;tcp", b"msrp://127.0.0.1:%d/ours;tcp" % port
    ours = Peer("listen", "127.0.0.1", port, remote.decode(), *options)
    ours.expect("listening")
    mirror = Mirror(socket.create_connection(("127.0.0.1", port), 20), own, remote)
    ours.expect("connected")
    if role:
        ours.do("session", role, own.decode())
        ours.expect("session")
    return ours, mirror


def end(ours, mirror):
    mirror.sock.close()
    ours.quit()


def binding_and_chat():
    ours, mirror = connect("active", PORT)
    first = mirror.frame()
    check("the active side sends a SEND without body at once",
          first.method == b"SEND" and first.body is None and first.headers[b"Byte-Range"] == b"1-0/0")
    check("addressed with the URIs of the session", first.to == [mirror.own] and first.sender == [mirror.remote])
    mirror.answer(first)
    ours.expect("bound")
    ours.do("say", "Grüße".encode().decode("latin-1"), "success")
    f = mirror.frame()
    check("a message with its fields", f.headers[b"Success-Report"] == b"yes" and f.headers[b"Content-Type"] == b"text/plain"
          and b"Failure-Report" not in f.headers and f.flag == b"$")
    check("its body", f.body.decode() == "Grüße")
    mirror.answer(f)
    n = b"%d" % len(f.body)
    mirror.request(b"REPORT", [(b"Message-ID", f.headers[b"Message-ID"]), (b"Byte-Range", b"1-%s/%s" % (n, n)),
                               (b"Status", b"000 200 OK")])
    check("reported", ours.expect("done")[1] == "reported")
    ours.do("say", "x", "failure=no")
    f = mirror.frame()
    check("Failure-Report: no is said", f.headers[b"Failure-Report"] == b"no" and ours.expect("done")[1] == "sent")
    ours.do("say", "y")
    f = mirror.frame()
    mirror.answer(f, b"415 Unsupported")
    check("415 is told", ours.expect("done")[1:] == ["refused", "415"])
    ours.do("say", "z")
    check("and the type not sent again", ours.expect("error") is not None)
    end(ours, mirror)


def receiving():
    ours, mirror = connect("passive", PORT + 1, "--types", "text/plain message/cpim")
    tid = mirror.request(b"SEND", [(b"Message-ID", b"m0001")])
    check("binding is answered", mirror.response(tid) == b"200")
    body = b"one, two, three"
    parts = [(10, 15, b"$"), (0, 5, b"+"), (5, 10, b"+")]
    for first, last, flag in parts:
        tid = mirror.request(b"SEND", [(b"Message-ID", b"m0002"), (b"Byte-Range", b"%d-*/%d" % (first + 1, len(body))),
                                       (b"Success-Report", b"yes"), (b"Content-Type", b"text/plain")],
                             body[first:last], flag, step=3)
        check(f"chunk {first}-{last} is answered", mirror.response(tid) == b"200")
    message = ours.expect("message")
    check("chunks out of order make the message", message[4].encode() == body)
    report = mirror.frame()
    check("the success report covers it", report.method == b"REPORT" and report.headers[b"Message-ID"] == b"m0002"
          and report.headers[b"Byte-Range"] == b"1-15/15" and report.headers[b"Status"].startswith(b"000 200"))
    for name, code, method, headers, text, extra in [
            ("an unknown method", b"501", b"NICKNAME", [(b"Use-Nickname", b'"x"')], None, {}),
            ("a wrong session", b"481", b"SEND", [(b"Message-ID", b"m0003")], None, {"to": b"msrp://127.0.0.1:1/other;tcp"}),
            ("a type not accepted", b"415", b"SEND", [(b"Message-ID", b"m0004"), (b"Content-Type", b"image/png")], b"x", {}),
            ("a bad range", b"400", b"SEND", [(b"Message-ID", b"m0005"), (b"Byte-Range", b"5-2/9"),
                                              (b"Content-Type", b"text/plain")], b"x", {})]:
        tid = mirror.request(method, headers, text, **extra)
        check(f"{name}: {code.decode()}", mirror.response(tid) == code)
    mirror.request(b"SEND", [(b"Message-ID", b"m0006"), (b"Failure-Report", b"no"), (b"Content-Type", b"text/plain")], b"quiet")
    check("Failure-Report: no gets no answer", ours.expect("message")[4] == "quiet")
    tid = mirror.request(b"SEND", [(b"Message-ID", b"m0007"), (b"Content-Type", b"text/plain")],
                         b"\r\n-------py\r\n------", step=1)
    check("a body of hyphens, octet by octet", mirror.response(tid) == b"200" and ours.expect("message")[2] == "19")
    mirror.send(b"HTTP/1.1 200 OK\r\n\r\n")
    check("another protocol ends the connection", ours.expect("lost")[1] == "bad_start_line")
    end(ours, mirror)


def interruption():
    """A large message of ours must let responses pass, in chunks of 2048 octets and more: section 7.1.1."""
    ours, mirror = connect("active", PORT + 2)
    mirror.answer(mirror.frame())
    ours.expect("bound")
    size = 8 * 1024 * 1024
    ours.do("big", size, "application/octet-stream")
    mirror.need(b"Content-Type: application/octet-stream\r\n\r\n")
    tids = [mirror.request(b"SEND", [(b"Message-ID", b"q%04d" % i), (b"Content-Type", b"text/plain")], b"quick")
            for i in range(3)]
    pieces, answered, ended, chunks = {}, 0, False, []
    while not ended or answered < 3:
        f = mirror.frame()
        if f.status:
            check("its response passes the message", f.tid == tids[answered] and not ended)
            answered += 1
            continue
        first, last, total = RANGE.match(f.headers[b"Byte-Range"]).groups()
        assert total == b"%d" % size
        chunks.append((len(f.body), last, f.flag))
        pieces[int(first) - 1] = f.body
        ended = f.flag == b"$"
        mirror.answer(f)
    check("interrupted chunks are of 2048 octets and more", all(n >= 2048 for n, _, flag in chunks if flag == b"+"))
    check("and said so with '*'", all(last == b"*" for n, last, _ in chunks if n > 2048) and len(chunks) > 1)
    body, at = b"", 0
    for offset in sorted(pieces):
        assert offset == at
        body += pieces[offset]
        at += len(pieces[offset])
    check("nothing is lost or doubled", len(body) == size and body == (b"\r\n-------abc$" * (size // 13 + 1))[:size])
    end(ours, mirror)


def stop_sending(work):
    """413 in the middle: our sender ends the chunk with '#' (section 10.5)."""
    source = os.path.join(work, "source")
    with open(source, "wb") as f:
        f.write(sample(64 * 1024 * 1024))
    ours, mirror = connect(None, PORT + 3)
    ours.do("send", "active", mirror.own.decode(), source, "application/octet-stream")
    check("sha-1 and sha-256 of the selector", ours.expect("selector")[1] == selector(source, "application/octet-stream"))
    mirror.need(b"Content-Type: application/octet-stream\r\n\r\n")
    f = Frame()
    f.tid, f.sender = START.match(mirror.data).group(1), [mirror.remote]
    mirror.answer(f, b"413 Stop")
    frame = mirror.frame()
    check("the chunk ends with '#'", frame.flag == b"#")
    check("well before the end of the file", len(frame.body) < 60 * 1024 * 1024, str(len(frame.body)))
    check("and the file is refused", ours.expect("file")[1:] == ["refused", "413"])
    end(ours, mirror)


def main():
    with folder() as work:
        binding_and_chat()
        receiving()
        interruption()
        stop_sending(work)
    finish()


main()
