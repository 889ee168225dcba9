#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The list server alone, with a core of the test's own in front: what members answer, bad input, and a kill at every
step of a fan-out."""
import os
import re
import socket
import sys
import tempfile
import threading
import time
import traceback

SOURCE = os.environ.get("MS_SOURCE_DIR") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(SOURCE, "lab"))
from lab import LabError, merge, yaml_of  # noqa: E402
from lists import ListServer  # noqa: E402
from ports import reserve  # noqa: E402

SERVICE = "sip:many@lists.example.org"


def same(got, wanted, what):
    if got != wanted:
        raise AssertionError(f"{what}: {got!r}, not {wanted!r}")


class Core:
    """Answers MESSAGEs as told by user: a list of statuses, the last one for ever; 200 if nothing is said. 0: no answer."""

    def __init__(self):
        self.port, self.seen, self.plan, self.hook = reserve(1), [], {}, None
        self.lock, self.connections = threading.Lock(), []
        self.listen()

    def listen(self):
        self.open = True
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=16)
        self.acceptor = threading.Thread(target=self.accept, daemon=True)
        self.acceptor.start()

    def accept(self):
        while self.open:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        data = b""
        while True:
            try:
                piece = connection.recv(65536)
            except OSError:
                return
            if not piece:
                return
            data += piece
            while b"\r\n\r\n" in data:
                head, _, rest = data.partition(b"\r\n\r\n")
                length = int(re.search(rb"(?im)^content-length: *(\d+)", head).group(1))
                if len(rest) < length:
                    break
                data = rest[length:]
                answer = self.take(head.decode(), rest[:length])
                try:
                    connection.sendall(answer)
                except OSError:
                    return

    def take(self, head, body):
        user = re.match(r"MESSAGE sip:([^@]+)@", head).group(1)
        with self.lock:
            times = sum(s["user"] == user for s in self.seen)
            self.seen.append({"user": user, "head": head, "body": body,
                              "call": re.search(r"(?m)^Call-ID: (\S+)", head).group(1)})
            hook = self.hook
        plan = self.plan.get(user, [200])
        status = plan[min(times, len(plan) - 1)]
        if hook:
            hook(len(self.seen))
        kept = [line for line in head.split("\r\n") if re.match(r"(?i)(via|from|call-id|cseq):", line)]
        if not status:
            return b""
        to = re.search(r"(?m)^To: [^\r]*", head).group(0)
        more = "Retry-After: 1\r\n" if status == 503 else ""
        return (f"SIP/2.0 {status} X\r\n" + "\r\n".join(kept) + f"\r\n{to};tag=c\r\n{more}Content-Length: 0\r\n\r\n").encode()

    def of(self, user):
        with self.lock:
            return [s for s in self.seen if s["user"] == user]

    def close(self):
        """No core any more."""
        self.stop()
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has ended by itself
        self.connections.clear()

    def stop(self):
        # A thread that still waits would take a connection of whoever gets this descriptor next.
        self.open = False
        self.listener.shutdown(socket.SHUT_RDWR)
        self.acceptor.join(10)
        self.listener.close()


class Bench:
    """A list server and its core, in a folder."""

    def __init__(self, folder, **changes):
        self.dir, self.core = folder, Core()
        self.port = reserve(1, "127.0.0.7")
        with open(os.path.join(folder, "psk"), "w", encoding="ascii") as f:
            f.write("0123456789abcdef" * 4 + "\n")
        os.chmod(f.name, 0o600)
        self.config = merge({
            "sip": {"listen": [{"transport": "tcp", "address": f"127.0.0.7:{self.port}"}],
                    "core": f"127.0.0.1:{self.core.port}", "core_transport": "tcp"},
            "kms": {"url": "http://127.0.0.1:9", "psk_id": "list", "psk_file": os.path.join(folder, "psk")},
            "store": {"file": os.path.join(folder, "list.db"), "replay": os.path.join(folder, "seen")},
            "uri_list": {"service": SERVICE, "plain": True, "history": "none"},
            "delivery": {"retry_first": "100ms", "retry_max": "1s", "away_retry": "0s", "attempts": 3}}, changes)
        self.server = None
        self.start()

    def start(self):
        self.server = ListServer("list", "mediasec-list", self.dir, self.config)
        self.server.start()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is not None:
            print(self.server.tail(40), flush=True)
        self.server.stop()
        self.core.stop()
        if error is None:
            self.server.check_sanitizers()

    def ask(self, request, timeout=15, host="127.0.0.1"):
        """Sends one request; the status of the answer, or None if the connection ended without one."""
        with socket.create_connection(("127.0.0.7", self.port), timeout=timeout, source_address=(host, 0)) as s:
            data = b""
            try:
                s.sendall(request)
                while b"\r\n\r\n" not in data:
                    piece = s.recv(65536)
                    if not piece:
                        return None, ""
                    data += piece
            except (ConnectionError, socket.timeout):
                return None, ""
        return int(data.split()[1]), data.decode(errors="replace")

    def send(self, body, content_type="multipart/mixed;boundary=b", to=SERVICE, extra=""):
        return self.ask(request("MESSAGE", to, body, content_type, extra))

    def send_to(self, users, text="hello"):
        return self.send(mixed(text, "".join(entry(f"sip:{u}@example.org") for u in users)))[0]

    def register(self, user, expires=600):
        extra = f"Expires: {expires}\r\n"
        return self.ask(request("REGISTER", "sip:lists.example.org", b"", None, extra, to=f"sip:{user}@example.org"))[0]

    def settled(self, **wanted):
        return self.server.wait(f"at {wanted}", ["status"], lambda s: all(s[k] == v for k, v in wanted.items()), timeout=30)


def request(method, uri, body, content_type, extra="", to=None):
    number = os.urandom(8).hex()
    kind = f"Content-Type: {content_type}\r\n" if content_type else ""
    return (f"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK{number}\r\nMax-Forwards: 70\r\n"
            f"From: <sip:alice@example.org>;tag=1\r\nTo: <{to or uri}>\r\nCall-ID: {number}\r\nCSeq: 1 {method}\r\n"
            f"{extra}{kind}Content-Length: {len(body)}\r\n\r\n").encode() + body


def entry(uri, more=""):
    return f'<entry uri="{uri}"{more}/>'


def document(rows):
    return ('<?xml version="1.0"?><resource-lists xmlns="urn:ietf:params:xml:ns:resource-lists" '
            f'xmlns:cp="urn:ietf:params:xml:ns:copycontrol"><list>{rows}</list></resource-lists>')


def part(text, kind, disposition=""):
    line = f"Content-Disposition: {disposition}\r\n" if disposition else ""
    return f"--b\r\nContent-Type: {kind}\r\n{line}\r\n{text}\r\n"


def mixed(text, rows, end="--b--\r\n"):
    return (part(text, "text/plain") + part(document(rows), "application/resource-lists+xml", "recipient-list") + end).encode()


# ---- scenarios ----

def what_members_answer(folder):
    """2xx, 4xx, 5xx, 6xx, Retry-After, away: each member's outcome, and nobody waits for another"""
    with Bench(folder) as b:
        b.core.plan = {"busy": [503, 200], "broken": [500], "gone": [480, 200], "unknown": [404], "never": [603],
                       "refuses": [403]}
        same(b.send_to(["ok", "busy", "broken", "gone", "unknown", "never", "refuses"]), 202, "the answer")
        b.settled(delivered=2, failed=3, away=2, waiting=0)
        same({u: len(b.core.of(u)) for u in ("ok", "busy", "broken", "gone", "unknown", "never", "refuses")},
             {"ok": 1, "busy": 2, "broken": 3, "gone": 1, "unknown": 1, "never": 1, "refuses": 1}, "requests")
        same(b.register("gone", expires=0), 200, "the answer to a REGISTER of one who leaves")
        same(b.register("gone"), 200, "the answer to a REGISTER")
        b.settled(delivered=3, away=1, messages=1)
        first, second = b.core.of("gone")
        same(second["body"], first["body"], "what came later")
        same(first["body"], b"hello", "the message")


def says_nothing(folder):
    """a member whose client never answers keeps nobody waiting, and is tried again when the transaction has ended"""
    with Bench(folder) as b:
        b.core.plan = {"mute": [0, 200]}
        same(b.send_to(["ok", "mute"]), 202, "the answer")
        b.settled(delivered=1)
        same(len(b.core.of("mute")), 1, "requests to the mute one")
        b.settled(delivered=2, messages=0)  # RFC 3261 timer F: 32 s
        first, second = b.core.of("mute")
        same((second["body"], second["call"]), (first["body"], first["call"]), "what came again")


def reloaded(folder):
    """a limit is taken over while it runs; what needs a restart is refused by name, and nothing is taken over"""
    with Bench(folder) as b:
        def reload(**changes):
            with open(b.server.config, "w", encoding="utf-8") as f:
                f.write(yaml_of(merge({"daemon": {"control": b.server.control}}, merge(b.config, changes))))
            b.server.ask("reload")

        same(b.send_to(["ok"]), 202, "the answer")
        reload(limits={"size": "1k"})
        same(b.send_to(["ok"], "x" * 2000), 413, "the answer to what is too large now")
        for key, changes in (("kms.url", {"kms": {"url": "http://127.0.0.1:10"}}), ("delivery.parallel", {"delivery": {"parallel": 7}}),
                             ("profile", {"profile": {"list_header": "P-List"}})):
            try:
                reload(**changes)
            except LabError as e:
                same(key in str(e), True, str(e))
            else:
                raise AssertionError(f"{key} was taken over")
        same(b.send_to(["ok"], "x" * 2000), 413, "the answer, still")


def each_once(folder):
    """a recipient named several times, in any spelling, gets one message"""
    with Bench(folder) as b:
        rows = "".join(entry(u) for u in ("sip:bob@example.org", "SIP:bob@EXAMPLE.org", "sips:bob@example.org;x=y",
                                          "sip:bob@example.org:5070?Subject=x", "sip:Bob@example.org"))
        same(b.send(mixed("hello", rows))[0], 202, "the answer")
        b.settled(delivered=2, messages=0)
        same([len(b.core.of(u)) for u in ("bob", "Bob")], [1, 1], "requests")


def bad_input(folder):
    """what is malformed, too much or not allowed is refused, and the server lives on"""
    listed = entry("sip:bob@example.org")
    good = mixed("hello", listed)
    bomb = ('<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">' +
            "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10)) +
            ']><resource-lists xmlns="urn:ietf:params:xml:ns:resource-lists"><list><entry uri="&a9;"/></list></resource-lists>')
    xml = "application/resource-lists+xml"
    cases = [
        ("plain text", 415, b"hello", "text/plain"),
        ("no list", 400, (part("hello", "text/plain") + "--b--\r\n").encode(), None),
        ("only a list", 400, (part(document(listed), xml, "recipient-list") + "--b--\r\n").encode(), None),
        ("two lists", 400, (part("x", "text/plain") + 2 * part(document(listed), xml, "recipient-list") + "--b--\r\n").encode(),
         None),
        ("never closed", 400, mixed("hello", listed, ""), None),
        ("no boundary", 400, good, "multipart/mixed"),
        ("another boundary", 400, good, "multipart/mixed;boundary=c"),
        ("no recipients", 400, mixed("hello", ""), None),
        ("not XML", 400, mixed("hello", "<entry"), None),
        ("not a URI", 400, mixed("hello", entry("bob at home:")), None),
        ("a list elsewhere", 400, mixed("hello", '<entry-ref ref="resource-lists/users/x"/>'), None),
        ("a bomb", 400, (part("x", "text/plain") + part(bomb, xml, "recipient-list") + "--b--\r\n").encode(), None),
        ("another kind of list", 415, (part("x", "text/plain") + part("bob", "text/csv", "recipient-list") + "--b--\r\n").encode(),
         None),
        ("the service in its own list", 482, mixed("hello", entry(SERVICE)), None),
        ("another domain", 470, mixed("hello", listed + entry("sip:eve@example.net")), None),
        ("too many", 413, mixed("hello", "".join(entry(f"sip:u{i}@example.org") for i in range(501))), None),
        ("too many parts", 413, (20 * part("x", "text/plain") + part(document(listed), xml, "recipient-list") +
                                 "--b--\r\n").encode(), None),
    ]
    with Bench(folder, uri_list={"recipients": 500}) as b:
        for what, status, body, kind in cases:
            got, text = b.send(body, kind or "multipart/mixed;boundary=b")
            same(got, status, f"{what} ({text[:200]!r})")
        got, text = b.send(good, extra="Require: recipient-list-message, quantum\r\n")
        same((got, "Unsupported: quantum" in text), (420, True), "an unknown extension")
        got, text = b.send(mixed("hello", entry("sip:eve@example.net")))
        same("Permission-Missing: sip:eve@example.net" in text, True, "who did not agree")
        got, _ = b.send(mixed("hello", entry("tel:+4930123")), extra="P-Asserted-Identity: <tel:+4930124>\r\n")
        same(got, 470, "numbers are not of one domain")
        spent = request("MESSAGE", SERVICE, good, "multipart/mixed;boundary=b").replace(b"Max-Forwards: 70", b"Max-Forwards: 0")
        same(b.ask(spent)[0], 483, "no hops left")
        same(b.send(good, extra="Require: recipient-list-message\r\n")[0], 202, "the known extension")
        got, text = b.ask(request("OPTIONS", SERVICE, b"", None))
        same((got, "recipient-list-message" in text), (200, True), "OPTIONS")
        # 100,000 recipients are 3 MB: refused, or the connection is, which is what such a sender may expect.
        got, _ = b.send(mixed("hello", "".join(entry(f"sip:u{i}@example.org") for i in range(100000))))
        if got not in (None, 413, 513):
            raise AssertionError(f"100,000 recipients: {got}")
        same(b.send_to(["last"]), 202, "a good message afterwards")
        b.settled(delivered=2, messages=0)
        same({s["user"] for s in b.core.seen}, {"bob", "last"}, "who got messages")


def strangers(folder):
    """only the core and who is trusted beside it are heard, whatever they ask; nobody else can say that a user is there"""
    with Bench(folder, sip={"trusted": ["127.0.0.8:1"]}) as b:
        b.core.plan = {"away": [480, 200]}
        message = request("MESSAGE", SERVICE, mixed("hello", entry("sip:away@example.org")), "multipart/mixed;boundary=b")
        register = request("REGISTER", "sip:lists.example.org", b"", None, "Expires: 600\r\n", to="sip:away@example.org")
        same([b.ask(r, host="127.0.0.9")[0] for r in (message, register, request("OPTIONS", SERVICE, b"", None))], 3 * [403], "to a stranger")
        same(b.server.ask("counters")['mediasec_list_refused_total{reason="not_trusted"}'], 3, "strangers counted")
        same(b.ask(message, host="127.0.0.8")[0], 202, "to one who is trusted")
        b.settled(away=1, waiting=0)
        same(b.ask(register, host="127.0.0.9")[0], 403, "to a stranger who says that he is there")
        same(len(b.core.of("away")), 1, "requests")
        same(b.ask(request("REGISTER", "sip:lists.example.org", b"", None, "Expires: 600\r\n", to="sip:away@example.org"))[0], 200, "the core")
        b.settled(delivered=1, away=0, messages=0)


def bounded(folder):
    """the queue is bounded, in all and for one who is away"""
    with Bench(folder, delivery={"messages": 5, "member_messages": 3}) as b:
        b.core.plan = {"away": [480], "other": [480]}
        for i in range(5):
            same(b.send_to(["away"]), 202, f"message {i}")
            b.settled(away=min(i + 1, 3), waiting=0)
        b.settled(failed=2, messages=3)
        same([b.send_to(["other"]) for _ in range(2)], [202, 202], "for another one")
        b.settled(away=5, waiting=0)
        same(b.send_to(["other"]), 503, "one too many")


def killed_at_every_step(folder):
    """killed after the k-th request of a fan-out: all get the message, a repetition is the same octets"""
    users = [f"m{i}" for i in range(12)]
    for k in (1, 2, 5, 11, 12):
        home = os.path.join(folder, str(k))
        os.makedirs(home)
        with Bench(home, delivery={"parallel": 3}) as b:
            killed = threading.Event()

            def kill(n, b=b, k=k, killed=killed):
                if n == k and not killed.is_set():
                    b.server.kill()
                    killed.set()
            b.core.hook = kill
            b.core.plan = {"m3": [480]}
            same(b.send_to(users), 202, f"k={k}: the answer")
            if not killed.wait(15):
                raise AssertionError(f"k={k}: {len(b.core.seen)} requests came")
            b.core.hook = None
            b.start()
            b.settled(waiting=0, under_way=0)
            b.core.plan = {}
            b.register("m3")
            b.settled(messages=0, waiting=0, away=0)
            for user in users:
                got = b.core.of(user)
                if not got:
                    raise AssertionError(f"k={k}: {user} got nothing; "
                                         f"{[x['user'] for x in b.core.seen]} {b.server.ask('status')}")
                same({(s["call"], s["body"]) for s in got}, {(got[0]["call"], b"hello")}, f"k={k}: what {user} got")
            calls = {s["call"] for s in b.core.seen}
            same(len(calls), len(users), f"k={k}: Call-IDs")


def large_and_outlasting(folder):
    """large messages to many do not overflow what waits for the core; while there is no core they wait"""
    with Bench(folder, uri_list={"recipients": 500}, delivery={"attempts": 1}) as b:
        users = [f"m{i}" for i in range(400)]
        same(b.send_to(users, "x" * 30000), 202, "the answer")
        b.settled(delivered=400, messages=0, failed=0)
        b.core.close()
        same(b.send_to(["later"]), 202, "the answer without a core")
        b.settled(waiting=1, under_way=0)
        b.core.listen()
        b.settled(delivered=401, messages=0, failed=0)


def keeps_what_it_acknowledged(folder):
    """killed the moment the sender has its 202, ten times: nothing is lost"""
    with Bench(folder) as b:
        b.core.plan = {"away": [480]}
        for i in range(10):
            same(b.send_to(["away"], f"message {i}"), 202, "the answer")
            b.server.kill()
            b.start()
        b.core.plan = {}
        b.settled(waiting=0)
        b.register("away")
        b.settled(messages=0)
        same({s["body"] for s in b.core.of("away")}, {f"message {i}".encode() for i in range(10)}, "what came")


def main(*scenarios):
    passed, wanted = 0, sys.argv[1:]
    chosen = [s for s in scenarios if not wanted or s.__name__ in wanted]
    for scenario in chosen:
        with tempfile.TemporaryDirectory(prefix="mediasec-") as folder:
            try:
                scenario(folder)
                print(f"ok - {scenario.__name__}: {scenario.__doc__}", flush=True)
                passed += 1
            except (AssertionError, LabError, OSError):
                traceback.print_exc()
                print(f"not ok - {scenario.__name__}: {scenario.__doc__}", flush=True)
    print(f"{passed} passed, {len(chosen) - passed} failed")
    sys.exit(0 if passed == len(chosen) else 1)


main(what_members_answer, says_nothing, reloaded, each_once, bad_input, strangers, bounded, killed_at_every_step, large_and_outlasting, keeps_what_it_acknowledged)
