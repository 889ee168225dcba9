# SPDX-License-Identifier: Apache-2.0
"""Peers that do not play: mediasec-mgw's media workers under crowds, slow readers, wrong TLS and full tables.

In each scenario a call that behaves goes on meanwhile. Last line: "N passed, N failed".
"""
import os
import resource
import select
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import commands  # noqa: E402
from commands import check, client_context, own_certificate  # noqa: E402
from patience import long, until  # noqa: E402
from mgc import Gateway, Mgc, addresses, context, local, remote, stream  # noqa: E402

# Addresses of this run alone, so that nobody else's ports are in the way.
NET = "127.%d.%d" % (100 + os.getpid() % 100, os.getpid() // 100 % 250)
CORE, ACCESS, FAR = NET + ".1", NET + ".2", NET + ".9"


class World(commands.World):
    def __init__(self, folder, **options):
        self.ports = [4001, 4002]
        self.first, self.second = Mgc(4001, address=FAR), Mgc(4002, "mgc2.example.net", address=FAR)
        self.far_port = 4003
        self.far = socket.create_server((FAR, self.far_port), backlog=2048)
        self.far.settimeout(long(5))
        self.gateway = Gateway(commands.BUILD, folder, ["%s:%d" % (FAR, p) for p in self.ports], CORE, ACCESS, low=5000, high=7999, **options)
        self.first.wait_request("ServiceChange", 10)

    def plain_pair(self, events="g/cause"):
        return self.first.ask("Context=${Add=${%s,Events=1{%s}},Add=${%s,Events=2{%s}}}" % (
            stream("core", local("TCP"), remote("TCP", FAR, self.far_port)), events,
            stream("access", local("TCP"), control=",xem/tcpin=forward"), events))

    def tls_side(self, fingerprint, guard=10000):
        """A context with the access side alone, as a TLS server."""
        return self.first.ask("Context=${Add=${%s,Events=2{g/cause,tlsbsc/BNCChange}}}" % stream(
            "access", local("TCP/TLS", "a=setup:passive\na=fingerprint:SHA-256 $\n"),
            remote("TCP/TLS", "127.0.0.1", 9, "a=fingerprint:SHA-256 %s\n" % fingerprint),
            control=",xem/tlsto=%d" % guard))


def connect(address, block=True):
    s = socket.socket()
    s.setblocking(block)
    s.settimeout(long(5) if block else 0)
    s.connect_ex(address)
    return s


class Good:
    """A call that behaves, and how long its octets take."""

    def __init__(self, w):
        self.reply = w.plain_pair()
        self.ue = connect(addresses(self.reply)[1])
        self.far = w.accept()
        self.worst = 0.0

    def talk(self, n=20):
        for i in range(n):
            text, began = b"message %d" % i, time.monotonic()
            self.ue.sendall(text)
            check(self.far.recv(100) == text, "octets of the good call did not pass")
            self.worst = max(self.worst, time.monotonic() - began)

    def end(self):
        self.ue.close()
        self.far.close()


def status(w):
    out = subprocess.run([os.path.join(commands.BUILD, "src/ctl/mediasec"), "mgw", "-s", w.gateway.control, "status"],
                         capture_output=True, text=True, timeout=long(10))
    return out.stdout


def memory_kib(pid):
    with open("/proc/%d/status" % pid) as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))


def files(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


def is_closed(s):
    """Has the gateway ended it? Nothing is ever sent on these."""
    try:
        return s.recv(10) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


FINGERPRINT = ":".join(["AB"] * 32)


# Descriptors of this process and of the worker; some need four in a call.
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
CROWD = min(1000, (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 200) // 5)
GUARD = 6  # seconds; the good call is to wait for no part of it


def fair(good, n=50):
    """The good call talks and is not held up."""
    good.talk(n)
    check(good.worst < GUARD / 2, "the good call waited %.3f s" % good.worst)


def taken(w, replies):
    """Contexts, not refusals."""
    check(not any("Error" in r for r in replies), replies[-1])
    return replies


def told_of(w, n, *parts):
    """Takes `n` reports that have these words."""
    for _ in range(n):
        told = w.first.wait_request(parts[0], 20)
        check(all(p in told for p in parts), told)


def never_handshaking(w):
    """A thousand that connect and say nothing, a third of them a piece of a ClientHello."""
    good, worker = Good(w), w.gateway.workers()[0]
    before = files(worker)
    replies = taken(w, [w.tls_side(FINGERPRINT, GUARD * 1000) for _ in range(CROWD)])
    began = time.monotonic()
    crowd = [connect(addresses(r)[0], False) for r in replies]
    fair(good)
    for s in crowd[::3]:
        s.setblocking(True)
        s.sendall(b"\x16\x03\x01\x02")
        s.setblocking(False)
    # All at once, unless this machine needs so long that the first are given up by then.
    until(lambda: files(worker) >= before + CROWD or time.monotonic() - began > GUARD, 5, "they were not all taken")
    fair(good)
    told_of(w, CROWD, "tlsbsc/BNCChange", "EstFail", "timeout")
    until(lambda: all(is_closed(s) for s in crowd), 20, "all are closed")
    fair(good)
    until(lambda: files(worker) <= before + 5, 5, "no descriptors are left")
    for s in crowd:
        s.close()
    good.end()


def never_answering(w):
    """A thousand calls that are half open: the user has connected, the core's side answers no SYN."""
    good, worker = Good(w), w.gateway.workers()[0]
    full = socket.create_server((FAR, 4004), backlog=0)
    filling = [connect((FAR, 4004), False) for _ in range(8)]  # what the kernel takes; the next SYN is dropped
    before = files(worker)
    replies = taken(w, [w.first.ask("Context=${Add=${%s,Events=1{tcpbcc/BNCChange}},Add=${%s}}" % (
        stream("core", local("TCP"), remote("TCP", FAR, 4004), control=",xem/tcpto=%d" % (GUARD * 1000)),
        stream("access", local("TCP"), control=",xem/tcpin=forward"))) for _ in range(CROWD)])
    began = time.monotonic()
    crowd = [connect(addresses(r)[1], False) for r in replies]
    until(lambda: files(worker) >= before + 2 * CROWD or time.monotonic() - began > GUARD, 5, "both sides of all are tried")
    fair(good)
    told_of(w, CROWD, "tcpbcc/BNCChange", "EstFail")
    until(lambda: all(is_closed(s) for s in crowd), 20, "users are told by their connections")
    fair(good)
    w.first.ask("Context=*{W-Subtract=*{Audit{}}}")
    until(lambda: files(worker) <= before + 5, 5, "no descriptors are left")
    for s in (full, *filling, *crowd):
        s.close()


def calls(w):
    """A thousand that stand: (the user's, the far one's)."""
    found = []
    for reply in taken(w, [w.plain_pair() for _ in range(CROWD)]):
        ue = connect(addresses(reply)[1])
        found.append((ue, w.accept()))
    return found


def writable(s):
    poll = select.poll()
    poll.register(s, select.POLLOUT)
    return bool(poll.poll(0))


def slow_readers(w):
    """A thousand calls whose far side reads nothing, filled to the brim."""
    w.far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # the kernels' part of it stays small
    good, worker = Good(w), w.gateway.workers()[0]
    crowd, before = calls(w), memory_kib(worker)
    for ue, _far in crowd:
        ue.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        ue.setblocking(False)
    open_, block = [ue for ue, _far in crowd], b"x" * 65536
    while open_:  # until none has taken anything for a while
        taken_by = []
        for ue in open_:
            try:
                ue.send(block)
                taken_by.append(ue)
            except BlockingIOError:
                pass
        fair(good, 5)
        open_ = taken_by
        if not open_:
            time.sleep(0.2)
            open_ = [ue for ue, _far in crowd if writable(ue)]
    # What waits for one peer is what one read made at most.
    grown = memory_kib(worker) - before
    print("   %d KiB more for %d stopped calls" % (grown, CROWD), flush=True)
    check(grown < CROWD * 160, "the worker grew by %d KiB" % grown)
    for ue, far in crowd:
        far.close()
        ue.close()
    fair(good)
    good.end()


def slow_writers(w):
    """A thousand calls whose octets come one by one; half of them then end one direction, and the other goes on."""
    good, worker = Good(w), w.gateway.workers()[0]
    crowd, before = calls(w), memory_kib(worker)
    for octet in b"slow":
        for ue, _far in crowd:
            ue.sendall(bytes([octet]))
        fair(good, 5)
    for ue, far in crowd:
        got = b""
        while len(got) < 4:
            got += far.recv(10)
        check(got == b"slow", "octets are missing")
    for ue, _far in crowd[::2]:
        ue.shutdown(socket.SHUT_WR)
    for ue, far in crowd[::2]:
        check(far.recv(10) == b"", "the end of one direction did not pass")
        far.sendall(b"still")
        check(ue.recv(10) == b"still", "the other direction does not go on")
    fair(good)
    check(memory_kib(worker) - before < CROWD * 16, "the worker grew by %d KiB" % (memory_kib(worker) - before))
    for pair in crowd:
        for s in pair:
            s.close()
    good.end()


def gone_at_once(w):
    """A thousand that connect and are gone, by RST, before anything was said; each is reported."""
    good, worker = Good(w), w.gateway.workers()[0]
    before = files(worker)
    replies = taken(w, [w.plain_pair() for _ in range(CROWD)])
    for reply in replies:
        s = connect(addresses(reply)[1])
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()
    fair(good)
    told_of(w, CROWD, "g/cause")
    until(lambda: files(worker) <= before + 5, 5, "no descriptors are left")
    fair(good)
    good.end()


def closed_gate(w):
    """A listener is for one connection: others meet a closed port."""
    good = Good(w)
    good.talk()  # the gateway has taken the connection, and with it shut the port
    for _ in range(CROWD):
        s = socket.socket()
        check(s.connect_ex(addresses(good.reply)[1]) != 0, "a second connection was taken")
        s.close()
    good.talk()
    good.end()


def openssl(address, *options, text=b""):
    return subprocess.run(["openssl", "s_client", "-connect", "%s:%d" % address, "-quiet", *options],
                          input=text, capture_output=True, timeout=long(10))


def failure(w, reply, expected, attempt):
    attempt(addresses(reply)[0])
    told = w.first.wait_request("tlsbsc/BNCChange")
    check("EstFail" in told and expected in told, told)
    w.first.ask("Context=%s{W-Subtract=*{Audit{}}}" % context(reply))


def wrong_tls(w):
    good = Good(w)
    cert, key, own = own_certificate(w.gateway.folder, "ue")
    failure(w, w.tls_side(FINGERPRINT), "fpmismatch", lambda a: openssl(a, "-cert", cert, "-key", key, "-tls1_2"))
    failure(w, w.tls_side(FINGERPRINT), "fpmismatch", lambda a: openssl(a, "-cert", cert, "-key", key, "-tls1_3"))
    failure(w, w.tls_side(own), "nocert", lambda a: openssl(a, "-tls1_2"))
    failure(w, w.tls_side(own), "nocert", lambda a: openssl(a, "-tls1_3"))
    failure(w, w.tls_side(own), "noprotocol", lambda a: openssl(a, "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"))
    failure(w, w.tls_side(own), "nocipher", lambda a: openssl(a, "-tls1_2", "-cipher", "AES128-SHA"))

    def not_tls(a):
        s = connect(a)
        s.sendall(b"GET / HTTP/1.1\r\n\r\n")
        s.close()
    failure(w, w.tls_side(own), "EstFail", not_tls)
    good.talk()
    good.end()


def renegotiation(w):
    """The client asks for another handshake in a session that stands: it ends, and is told why."""
    good = Good(w)
    cert, key, own = own_certificate(w.gateway.folder, "ue")
    reply = commands.tls_add(w, own)
    p = subprocess.Popen(["openssl", "s_client", "-connect", "%s:%d" % addresses(reply)[1], "-tls1_2", "-cert", cert, "-key", key],
                         stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    far = w.accept()
    check("Type = Est" in w.first.wait_request("tlsbsc/BNCChange"), "not established")
    p.stdin.write(b"R\n")
    p.stdin.flush()
    told = w.first.wait_request("g/cause")
    check("renegrefused" in told, told)
    far.close()
    p.stdin.close()
    p.wait(long(10))
    good.talk()
    good.end()


def tls_truncated(w):
    """A FIN without close_notify may cut a message short: the core side must not take it for the end."""
    cert, key, own = own_certificate(w.gateway.folder, "ue")
    reply = commands.tls_add(w, own)
    raw = connect(addresses(reply)[1])
    ue = client_context(cert, key).wrap_socket(raw, suppress_ragged_eofs=True)
    far = w.accept()
    ue.sendall(b"half a mess")
    check(far.recv(100) == b"half a mess", "plaintext did not arrive")
    socket.socket.shutdown(ue, socket.SHUT_RDWR)
    try:
        check(far.recv(10) != b"", "an end that looks like a proper one")
    except ConnectionResetError:
        pass
    told = w.first.wait_request("g/cause")
    check("Generalcause = FT" in told, told)


def full_table(w):
    """No descriptor is left in the worker: new calls get 510, those that stand go on."""
    good, worker = Good(w), w.gateway.workers()[0]
    waiting = w.plain_pair()
    limit = files(worker) + 10
    resource.prlimit(worker, resource.RLIMIT_NOFILE, (limit, limit))
    replies = [w.plain_pair()]
    while len(replies) < 50 and "Error" not in replies[-1]:
        replies.append(w.first.ask("Context=${Add=${%s}}" % stream("access", local("TCP"))))
    check("Error = 510" in replies[-1], replies[-1])
    # A peer that cannot be taken is refused, not left hanging, and the worker does not spin.
    s = connect(addresses(waiting)[1])
    try:
        check(s.recv(10) == b"", "taken without a descriptor")
    except ConnectionResetError:
        pass
    w.accept().close()  # the core side had been opened for it
    cpu = time.clock_gettime((~worker) << 3 | 2)
    time.sleep(0.5)
    check(time.clock_gettime((~worker) << 3 | 2) - cpu < 0.2, "the worker is busy with nothing")
    good.talk()
    for r in replies[:-1]:
        w.first.ask("Context=%s{W-Subtract=*{Audit{}}}" % context(r))
    again = Good(w)
    again.talk()
    again.end()
    good.end()


SCENARIOS = [never_handshaking, never_answering, gone_at_once, slow_readers, slow_writers, closed_gate, wrong_tls, renegotiation, tls_truncated, full_table]


def main():
    passed = failed = 0
    commands.FAR = FAR
    for scenario in SCENARIOS:
        with tempfile.TemporaryDirectory() as folder:
            world = None
            try:
                world = World(folder)
                scenario(world)
                world.close()
                passed += 1
                print("ok", scenario.__name__, flush=True)
            except Exception as e:  # noqa: BLE001 a failed scenario must not keep from the next
                failed += 1
                print("FAILED", scenario.__name__, type(e).__name__, e, flush=True)
                if world:
                    world.gateway.stop()
                    print(world.gateway.tail(), flush=True)
                    for s in (world.first, world.second, world.far):
                        s.close()
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
