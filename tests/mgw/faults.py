# SPDX-License-Identifier: Apache-2.0
"""mediasec-mgw under hostile peers and a hostile machine: each ends in a defined report, and who behaves does not
notice. What was seen stands in docs/reliability.md.

Last line: "N passed, N failed".
"""
import json
import os
import resource
import socket
import ssl
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
import commands  # noqa: E402
from commands import check, client_context, connect, own_certificate, tls_add  # noqa: E402
from mgc import Gateway, Mgc, addresses, context, local, remote, stream  # noqa: E402
from ports import reserve  # noqa: E402

BUILD = os.environ.get("MS_BUILD_DIR", "build")
CROWD = int(os.environ.get("MS_CROWD", "1000"))
HOST = os.getpid() % 250 + 1  # addresses of our own: all of their ports are ours
CORE, ACCESS, FAR = f"127.0.{HOST}.66", f"127.0.{HOST}.67", f"127.0.{HOST}.69"
commands.FAR = FAR


class World:
    def __init__(self, folder, **options):
        self.ports = [reserve(1, "127.0.0.1")]
        self.first = Mgc(self.ports[0])
        self.far = socket.create_server((FAR, 11900), backlog=2048)
        self.far_port = 11900
        self.far.settimeout(10)
        self.gateway = Gateway(BUILD, folder, self.ports, CORE, ACCESS, low=8000, high=11899, **options)
        try:
            self.first.wait_request("ServiceChange", 10)
        except AssertionError as e:
            self.gateway.stop()
            raise AssertionError(f"{e}: {self.gateway.tail()}") from None
        self.folder = folder
        self.cert, self.key, self.fingerprint = own_certificate(folder, "ue")

    def close(self):
        status = self.gateway.stop([self.first])
        self.first.close()
        self.far.close()
        check(status == 0, f"the gateway ended with status {status}:\n{self.gateway.tail()}")

    def accept(self):
        s = self.far.accept()[0]
        s.settimeout(10)
        return s

    def counters(self):
        """mediasec_mgw_media_... of all workers, by GET /metrics' other half: the operator's command."""
        done = subprocess.run([os.path.join(BUILD, "src/ctl/mediasec"), "mgw", "-s", self.gateway.control, "--json",
                               "status"], capture_output=True, text=True, check=True, timeout=20)
        return json.loads(done.stdout)

    def secured(self):
        """A new TLS endpoint that forwards to the far server: (context, address)."""
        reply = tls_add(self, self.fingerprint)
        return context(reply), addresses(reply)[1]

    def good_one(self):
        number, address = self.secured()
        ue = client_context(self.cert, self.key).wrap_socket(connect(address))
        ue.sendall(b"hello")
        while True:  # others of the crowd may stand in the queue before it
            far = self.accept()
            try:
                far.settimeout(0.3)
                if far.recv(100) == b"hello":
                    break
            except TimeoutError:
                pass
            self.waiting.append(far)
        far.settimeout(10)
        return number, ue, far

    waiting = []


def round_trip(ue, far):
    began = time.monotonic()
    ue.sendall(b"x" * 300)
    left = 300
    while left:
        left -= len(far.recv(left))
    far.sendall(b"y" * 300)
    left = 300
    while left:
        left -= len(ue.recv(left))
    return time.monotonic() - began


def worst_of(ue, far, rounds=50):
    return max(round_trip(ue, far) for _ in range(rounds))


def reports(w, part, n, limit):
    """How many Notify requests with `part` came within the limit, up to n."""
    seen, end = 0, time.monotonic() + limit
    while seen < n and time.monotonic() < end:
        w.first._take(0.2)
        for r in list(w.first.requests):
            w.first.requests.remove(r)
            seen += part in r
    return seen


def crowd_that_never_handshakes(w):
    """A thousand peers connect and say nothing, or one octet: they are reported as timed out, the good one talks."""
    good = w.good_one()
    peers = []
    for i in range(CROWD):
        _, address = w.secured()
        s = socket.create_connection(address, 5)
        if i % 2:
            s.sendall(b"\x16")
        peers.append(s)
    took = worst_of(*good[1:])
    check(took < 0.5, f"a round trip took {took:.3f} s meanwhile")
    told = reports(w, '"timeout"', CROWD, 40)
    check(told == CROWD, f"{told} of {CROWD} were reported as timed out")
    check(worst_of(*good[1:]) < 0.5, "afterwards")
    for s in peers:
        s.close()
    print(f"     worst of 50 round trips among {CROWD} silent peers: {took * 1000:.1f} ms", flush=True)


def slow_readers(w):
    """Peers that do not read while the far side sends without end: the far side is held up, memory is not spent."""
    good = w.good_one()
    slow = [w.good_one() for _ in range(40)]
    block = b"z" * 65536
    held = 0
    for _, _, far in slow:
        far.setblocking(False)
        sent = 0
        try:
            while sent < 64 << 20:
                sent += far.send(block)
                time.sleep(0.0005)
        except BlockingIOError:
            held += 1
        check(sent < 32 << 20, f"{sent >> 20} MiB were taken for a peer that reads nothing")
    check(held == len(slow), f"only {held} of {len(slow)} senders were held up")
    took = worst_of(*good[1:])
    check(took < 0.5, f"a round trip took {took:.3f} s meanwhile")
    with open(f"/proc/{w.gateway.workers()[0]}/statm", encoding="ascii") as f:
        resident = int(f.read().split()[1]) * 4 >> 10
    print(f"     worker's memory {resident} MiB with {held} senders held up", flush=True)
    for _, ue, far in slow:
        ue.close()
        far.close()


def slow_writers(w):
    """A peer that sends its handshake an octet at a time is done in time or reported; others go on."""
    good = w.good_one()
    number, address = w.secured()
    raw = connect(address)
    ours, theirs = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = client_context(w.cert, w.key).wrap_bio(theirs, ours)
    raw.settimeout(0.01)
    for _ in range(20000):
        try:
            tls.do_handshake()
            break
        except ssl.SSLWantReadError:
            pass
        for octet in ours.read():
            raw.sendall(bytes([octet]))
        try:
            theirs.write(raw.recv(65536))
        except TimeoutError:
            pass
    for octet in ours.read():
        raw.sendall(bytes([octet]))
    tls.write(b"slow but sure")
    raw.sendall(ours.read())
    check(w.accept().recv(100) == b"slow but sure", "an octet at a time is a handshake too")
    check(worst_of(*good[1:]) < 0.5, "others were held up")
    w.first.ask(f"Context={number}{{W-Subtract=*{{Audit{{}}}}}}")


def closed_gates(w):
    """A thousand connections to ports that were never opened, and to one that was closed again."""
    reply = w.first.ask("Context=${Add=${%s}}" % stream("access", local("TCP"), mode="Inactive"))
    address = addresses(reply)[0]
    refused = 0
    for _ in range(CROWD):
        with socket.socket() as s:
            s.settimeout(1)
            refused += s.connect_ex(address) != 0
    check(refused == CROWD, f"{CROWD - refused} connections to a closed gate were taken")


def downgrade(w):
    """TLS 1.1, suites of old, no common suite: refused by alert, and the controller is told."""
    for options, words in ((["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], ("noprotocol",)),
                           (["-tls1_2", "-cipher", "AES128-SHA:@SECLEVEL=0"], ("nocipher",)),
                           (["-tls1_2", "-cipher", "NULL-SHA256:@SECLEVEL=0"], ("nocipher",))):
        number, (host, port) = w.secured()
        done = subprocess.run(["openssl", "s_client", "-connect", f"{host}:{port}", "-cert", w.cert, "-key", w.key, *options],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=False)
        check(b"Cipher is (NONE)" in done.stdout or done.returncode, f"{options} got a session")
        told = w.first.wait_request("EstFail", 5)
        check(any(word in told for word in words), f"{options}: {told}")
        w.first.ask(f"Context={number}{{W-Subtract=*{{Audit{{}}}}}}")


def full_descriptor_table(w):
    """The worker has no descriptor left: who is connected goes on, new ones are refused, afterwards all is well."""
    good = w.good_one()
    opened = []
    for _ in range(300):
        reply = w.first.ask("Context=${Add=${%s}}" % stream("access", local("TCP")))
        opened.append((context(reply) if "Context" in reply and "Error" not in reply else None, reply))
    refused = [r for c, r in opened if c is None or "Error" in r]
    check(refused and "510" in refused[-1], f"nothing was refused: {opened[-1][1]}")
    check(worst_of(*good[1:]) < 0.5, "who was connected noticed")
    for number, reply in opened:
        if number and "Error" not in reply:
            w.first.ask(f"Context={number}{{W-Subtract=*{{Audit{{}}}}}}")
    number, ue, far = w.good_one()
    check(round_trip(ue, far) < 1, "no new connection afterwards")
    print(f"     {len(refused)} of 300 endpoints were refused with 510", flush=True)


def log_disk_full(w):
    """Nobody can write the log: the service does not mind."""
    check(round_trip(*w.good_one()[1:]) < 1, "nothing passes")
    _, address = w.secured()
    mallory = own_certificate(w.folder, "mallory")
    try:
        s = client_context(mallory[0], mallory[1]).wrap_socket(connect(address))
        check(s.recv(10) == b"", "somebody else's certificate was taken")
    except (ssl.SSLError, ConnectionError):
        pass
    check("fpmismatch" in w.first.wait_request("EstFail"), "no report")


def early_octets(w):
    """Octets of another protocol where TLS is expected: refused at once, not kept."""
    number, address = w.secured()
    s = connect(address)
    s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 10)
    try:
        while s.recv(1000):
            pass
    except ConnectionError:
        pass
    check("EstFail" in w.first.wait_request("tlsbsc/BNCChange"), "no report")
    w.first.ask(f"Context={number}{{W-Subtract=*{{Audit{{}}}}}}")


SCENARIOS = [
    (crowd_that_never_handshakes, {}), (slow_readers, {}), (slow_writers, {}), (closed_gates, {}), (downgrade, {}),
    (early_octets, {}), (full_descriptor_table, {"wrap": ("prlimit", "--nofile=256:256")}), (log_disk_full, {"output": "/dev/full"}),
]


def main():
    wanted, passed, failed = sys.argv[1:], 0, 0
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    for scenario, options in SCENARIOS:
        if wanted and scenario.__name__ not in wanted:
            continue
        with tempfile.TemporaryDirectory() as folder:
            world, World.waiting = None, []
            try:
                world = World(folder, **options)
                scenario(world)
                world.close()
                passed += 1
                print("ok", scenario.__name__, flush=True)
            except Exception as e:  # noqa: BLE001 a failed scenario must not keep from the next
                failed += 1
                print("FAILED", scenario.__name__, type(e).__name__, e, flush=True)
                if world:
                    world.gateway.stop()
                    if not options.get("output"):
                        print(world.gateway.tail(), flush=True)
                    world.first.close()
                    world.far.close()
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
