#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The list server: CPU per recipient of a protected message to a list of 1,000 beside what the same server spends on a
message without protection, and the time until the last of them has it beside Kamailio sending the same plain message to
each in a loop. Everybody behind the core is one sink that answers 200 at once.

    bench/list.py [ROUNDS]      MS_BUILD_DIR: a tree that is built already
"""
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time

from common import BUILD, CLIENT_CPU, ROOT, SERVER_CPU, Table, TemporaryFolder, build, pin

N, SIZE = 1000, 1000
HOST, SINK, LISTS, KAMAILIO = "127.0.0.1", 11681, "127.0.0.7", 11683
os.environ.setdefault("MS_BUILD_DIR", BUILD)
sys.path.insert(0, os.path.join(ROOT, "lab"))
from lists import ListLab  # noqa: E402

CONFIG = """#!KAMAILIO
debug=-2
log_stderror=yes
children=1
tcp_children=2
auto_aliases=no
dns=no
max_while_loops=2000
tcp_rd_buf_size=131072
tcp_conn_wq_max=8388608
tcp_wq_max=67108864
listen=tcp:@HOST@:@PORT@
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "uac.so"
modparam("uac", "restore_mode", "none")
request_route {
	if (!is_method("MESSAGE")) exit;
	sl_send_reply("202", "Accepted");
	$var(i) = 0;
	while ($var(i) < @N@) {
		$uac_req(method) = "MESSAGE";
		$uac_req(ruri) = "sip:m" + $var(i) + "@example.org";
		$uac_req(turi) = "sip:m" + $var(i) + "@example.org";
		$uac_req(furi) = $fu;
		$uac_req(ouri) = "sip:@HOST@:@SINK@;transport=tcp";
		$uac_req(hdrs) = "Content-Type: text/plain\\r\\n";
		$uac_req(body) = $rb;
		uac_req_send();
		$var(i) = $var(i) + 1;
	}
	exit;
}
"""


class Sink:
    """Takes every connection and answers every request 200."""

    def __init__(self):
        self.count, self.last, self.times = 0, 0.0, []
        self.listener = socket.create_server((HOST, SINK), backlog=64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        data = b""
        while True:
            try:
                piece = connection.recv(1 << 20)
            except OSError:
                return
            if not piece:
                return
            data, answers = data + piece, []
            while True:
                end = data.find(b"\r\n\r\n")
                if end < 0:
                    break
                head = data[:end].split(b"\r\n")
                length = next((int(h.split(b":")[1]) for h in head if h.lower().startswith(b"content-length:")), 0)
                if len(data) < end + 4 + length:
                    break
                data = data[end + 4 + length:]
                if head[0].startswith(b"MESSAGE"):
                    kept = [h + b";tag=x" if h.lower().startswith(b"to:") else h for h in head
                            if h.lower().startswith((b"via:", b"from:", b"to:", b"call-id:", b"cseq:"))]
                    answers.append(b"SIP/2.0 200 OK\r\n" + b"\r\n".join(kept) + b"\r\nContent-Length: 0\r\n\r\n")
            if answers:
                connection.sendall(b"".join(answers))
                self.count += len(answers)
                self.last = time.perf_counter()

    def wait(self, n, timeout=60):
        deadline = time.time() + timeout
        while self.count < n:
            if time.time() > deadline:
                sys.exit(f"bench: {self.count} of {n} deliveries came")
            time.sleep(0.002)


def message(target, body, content_type, number, extra=""):
    return (f"MESSAGE {target} SIP/2.0\r\nVia: SIP/2.0/TCP {HOST}:9;branch=z9hG4bK{number}{os.getpid()}\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:alice@example.org>;tag=1\r\nTo: <{target}>\r\n"
            f"Call-ID: bench-{number}-{time.time_ns()}\r\nCSeq: 1 MESSAGE\r\n{extra}Content-Type: {content_type}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def uri_list(members):
    rows = "".join(f'<entry uri="sip:m{i}@example.org"/>' for i in members)
    text = "x" * SIZE
    return (f"--b\r\nContent-Type: text/plain\r\n\r\n{text}\r\n--b\r\nContent-Type: application/resource-lists+xml\r\n"
            "Content-Disposition: recipient-list\r\n\r\n<resource-lists xmlns=\"urn:ietf:params:xml:ns:resource-lists\">"
            f"<list>{rows}</list></resource-lists>\r\n--b--\r\n").encode()


def post(address, port, messages):
    """Sends the messages and takes their answers."""
    with socket.create_connection((address, port)) as s:
        threading.Thread(target=s.sendall, args=(b"".join(messages),), daemon=True).start()
        answers = b""
        while answers.count(b"SIP/2.0 202") < len(messages):
            piece = s.recv(65536)
            if not piece or b"SIP/2.0 4" in piece or b"SIP/2.0 5" in piece:
                sys.exit(f"bench: {(answers + piece)[-400:].decode(errors='replace')}")
            answers += piece


class BenchLab(ListLab):
    def list_config(self):
        return {**super().list_config(),
                "sip": {"listen": [{"transport": "tcp", "address": self.lists}], "core": f"{HOST}:{SINK}",
                        "core_transport": "tcp", "message": "256k", "queue": "8M"},
                "limits": {"size": "128k", "rate": 0},
                "uri_list": {"service": self.list_uri("many"), "plain": True, "history": "none"}}


def cpu_of(pid):
    return time.clock_gettime((~pid) << 3 | 2)


class Rounds:
    def __init__(self, lab, sink):
        self.lab, self.sink, self.pid = lab, sink, lab.server.process.pid
        self.number = 0
        os.sched_setaffinity(self.pid, {SERVER_CPU})

    def measure(self, n, send):
        """CPU of the server, microseconds a delivery, and milliseconds to the last."""
        before, cpu, start = self.sink.count, cpu_of(self.pid), time.perf_counter()
        send()
        self.sink.wait(before + n)
        took = self.sink.last - start
        self.lab.server.wait("idle", ["status"], lambda s: s["messages"] == 0)
        return (cpu_of(self.pid) - cpu) / n * 1e6, took * 1e3

    def protected(self, ue):
        def send():
            ue.type(f"/msg {self.lab.list_uri('all')} {'x' * SIZE}")
            ue.wait("message-sent")
        return self.measure(N, send)

    def plain(self, members, messages):
        self.number += 1
        ready = [message(self.lab.list_uri("many"), uri_list(range(members)), "multipart/mixed;boundary=b",
                         f"{self.number}-{i}", "Require: recipient-list-message\r\n") for i in range(messages)]
        return self.measure(members * messages, lambda: post(LISTS, self.lab.list_port, ready))


def loop_with_kamailio(folder, sink, rounds):
    path = shutil.which("kamailio") or "/usr/sbin/kamailio"
    with open(os.path.join(folder, "k.cfg"), "w", encoding="ascii") as f:
        text = CONFIG
        for word, value in (("HOST", HOST), ("PORT", KAMAILIO), ("SINK", SINK), ("N", N)):
            text = text.replace(f"@{word}@", str(value))
        f.write(text)
    process = subprocess.Popen([path, "-f", f.name, "-DD", "-E", "-m", "256", "-M", "16", "-w", folder, "-Y", folder],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=pin(SERVER_CPU))
    took = []
    try:
        for _ in range(100):
            try:
                socket.create_connection((HOST, KAMAILIO), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        for i in range(rounds + 1):  # the first one opens the connection
            before, start = sink.count, time.perf_counter()
            post(HOST, KAMAILIO, [message("sip:all@example.org", b"x" * SIZE, "text/plain", f"k{i}")])
            sink.wait(before + N)
            took.append((sink.last - start) * 1e3)
            time.sleep(0.3)
    finally:
        process.terminate()
        process.wait(10)
    return took[1:]


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    if os.environ["MS_BUILD_DIR"] == BUILD:
        build()
    os.sched_setaffinity(0, {CLIENT_CPU})
    sink = Sink()
    cpu = Table(f"List server, CPU per recipient, {SIZE} octets of text", "microseconds", "plain, forwarded one by one")
    last = Table(f"Time to the last of {N} deliveries", "milliseconds", "Kamailio, plain, in a loop")
    with TemporaryFolder() as folder, BenchLab(folder, list_address=LISTS) as lab:
        lab.start("alice")
        lab.make_list("all", "alice", [], post="owner")
        lab.add_members("all", [f"sip:m{i}@example.org" for i in range(N)])
        lab.configure("alice", sip={"proxy": f"sip:{lab.lists};transport=tcp", "registrar": f"sip:{lab.lists}"})
        alice = lab.ue("alice", stdin=True)
        alice.wait("ready")
        r = Rounds(lab, sink)
        r.protected(alice)  # tickets and connections are there afterwards
        for _ in range(rounds):
            for who, (used, took) in (("protected, to a list", r.protected(alice)),
                                      ("plain, to a URI-list", r.plain(N, 1)),
                                      ("plain, forwarded one by one", r.plain(1, N))):
                cpu.add(who, used)
                if "one by one" not in who:
                    last.add(who, took)
        alice.type("/quit")
        for took in loop_with_kamailio(folder, sink, rounds):
            last.add("Kamailio, plain, in a loop", took)
    cpu.show()
    last.show()
    print(json.dumps({"protected_to_forwarded": cpu.ratio("protected, to a list", "plain, forwarded one by one"),
                      "protected_to_uri_list": cpu.ratio("protected, to a list", "plain, to a URI-list"),
                      "last_to_kamailio": last.ratio("protected, to a list", "Kamailio, plain, in a loop")}))


if __name__ == "__main__":
    main()
