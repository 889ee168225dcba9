#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mediasec-mgw under a bad network and bad controllers, over UDP.

  faults.py MEDIASEC_MGW

network   Erlang megaco commands the gateway through a relay that loses, doubles, delays, reorders and replays
          datagrams: every step comes out right, and no context is left over, so nothing was executed twice
flood     the controller sends requests as fast as it can, with ids that cannot be remembered in runs, and
          garbage: the gateway stays small and goes on answering
stranger  somebody else at another address sends commands in the controller's name: nothing comes back
"""
import heapq
import os
import random
import re
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "lab"))
sys.path.insert(0, HERE)
import ports  # noqa: E402
from controller import CONFIG, MEDIA_PORTS, compile_partner, stop  # noqa: E402

LOSS, DOUBLED, REPLAYED = 0.1, 0.2, 0.1
DELAY, OLDEST = 0.05, 3  # seconds


class Relay(threading.Thread):
    """A bad network in front of the controller."""

    def __init__(self, port, controller):
        super().__init__(daemon=True)
        self.gateway_side = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.gateway_side.bind(("127.0.0.1", port))
        self.controller_side = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.controller_side.bind(("127.0.0.1", 0))
        self.controller, self.gateway = ("127.0.0.1", controller), None
        self.dice = random.Random(1)
        self.flights, self.n, self.running = [], 0, True
        self.lost = self.doubled = self.replayed = self.passed = 0

    def take(self, s):
        data, sender = s.recvfrom(65536)
        if s is self.gateway_side:
            self.gateway = sender
        away = self.controller_side if s is self.gateway_side else self.gateway_side
        times = [] if self.dice.random() < LOSS else [self.dice.random() * DELAY]
        self.lost += not times
        if self.dice.random() < DOUBLED:
            times.append(self.dice.random() * DELAY)
            self.doubled += 1
        if self.dice.random() < REPLAYED:
            times.append(self.dice.random() * OLDEST)
            self.replayed += 1
        for t in times:
            self.n += 1
            heapq.heappush(self.flights, (time.monotonic() + t, self.n, away, data))

    def run(self):
        while self.running:
            wait = max(0, min(0.2, self.flights[0][0] - time.monotonic())) if self.flights else 0.2
            for s in select.select([self.gateway_side, self.controller_side], [], [], wait)[0]:
                self.take(s)
            while self.flights and self.flights[0][0] <= time.monotonic():
                _, _, away, data = heapq.heappop(self.flights)
                to = self.controller if away is self.controller_side else self.gateway
                if to:
                    away.sendto(data, to)
                    self.passed += 1


class Gateway:
    def __init__(self, mgw, folder, port, encoding="compact"):
        self.own, media = ports.reserve(), ports.reserve(MEDIA_PORTS)
        config = os.path.join(folder, "mgw.yaml")
        with open(config, "w") as f:
            f.write(CONFIG.format(own=self.own, port=port, transport="udp", encoding=encoding, media=media,
                                  media_last=media + MEDIA_PORTS - 1))
        self.log = open(os.path.join(folder, "mgw.log"), "w+")
        self.process = subprocess.Popen([mgw, "-f", "-c", config], stdout=self.log, stderr=self.log)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        check("the gateway ends", stop(self.process))

    def memory(self):
        """KiB of all its processes."""
        pids = [self.process.pid] + [int(p) for p in subprocess.run(
            ["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True).stdout.split()]
        total = 0
        for pid in pids:
            with open(f"/proc/{pid}/status") as f:
                total += int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))
        return total


def check(what, ok, detail=""):
    print("ok" if ok else "FAILED", what, detail)
    return ok


def network(mgw, folder):
    port, controller = ports.reserve(), ports.reserve()
    relay = Relay(port, controller)
    relay.start()
    erl = subprocess.Popen(["erl", "-noshell", "-pa", folder, "-s", "mgc", "main", "udp", "compact", str(controller)],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    lines = [erl.stdout.readline().rstrip()]
    try:
        with Gateway(mgw, folder, port):
            for line in erl.stdout:
                lines.append(line.rstrip())
                if lines[-1] == "end":
                    break
    finally:
        erl.kill()
        relay.running = False
    good = sum(line.startswith("ok ") for line in lines)
    bad = [line for line in lines if line.startswith("bad") and "unexpected" not in line]
    for line in bad:
        print("  ", line[:300])
    return check("network", good >= 10 and not bad and relay.replayed > 10,
                 f"{good} steps; {relay.passed} datagrams passed, {relay.lost} lost, {relay.doubled} doubled, "
                 f"{relay.replayed} replayed")


class Controller:
    """One that takes a registration and then says what it is told to."""

    def __init__(self):
        self.port = ports.reserve()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.bind(("127.0.0.1", self.port))
        self.socket.settimeout(60)
        self.gateway = None

    def register(self):
        data, self.gateway = self.socket.recvfrom(65536)
        number = re.search(rb"T=(\d+)", data).group(1).decode()
        self.say(f"P={number}{{C=-{{SC=ROOT{{SV{{V=2,PF=xIq/1}}}}}}}}")
        time.sleep(0.3)

    def say(self, text):
        self.socket.sendto(b"!/2 <alg1.example.net>\n" + text.encode(), self.gateway)

    def answers(self, number, tries=40):
        """Does an audit of ROOT get its reply? Repeated as annex D.1 has it."""
        for _ in range(tries):
            self.say(f"T={number}{{C=-{{AV=ROOT{{AT{{}}}}}}}}")
            end = time.monotonic() + 0.5
            while time.monotonic() < end:
                if select.select([self.socket], [], [], 0.1)[0] and \
                        f"P={number}{{".encode() in self.socket.recv(65536):
                    return True
        return False


def flood(mgw, folder):
    c = Controller()
    with Gateway(mgw, folder, c.port) as gateway:
        c.register()
        ok = check("flood: it answers before", c.answers(5))
        before = gateway.memory()
        for i in range(300000):
            c.say(f"T={1000 + i * 7919}{{C=-{{AV=ROOT{{AT{{}}}}}}}}" if i % 3 else "\0garbage" * (i % 50))
            if i % 64 == 0:
                while select.select([c.socket], [], [], 0)[0]:
                    c.socket.recv(65536)
        grown = gateway.memory() - before
        ok &= check("flood: it has not grown much", grown < 64 * 1024, f"by {grown} KiB")
        # as many ids as it will remember: what is new waits until LONG-TIMER is over, unexecuted
        ok &= check("flood: it answers after", c.answers(6, tries=300))
        ok &= check("flood: it runs", gateway.process.poll() is None)
    return ok


def stranger(mgw, folder):
    c = Controller()
    with Gateway(mgw, folder, c.port) as gateway:
        c.register()
        other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        other.bind(("127.0.0.77", 0))
        for mid in ("<alg1.example.net>", "<evil.example.net>", "[127.0.0.1]"):
            other.sendto(f"!/2 {mid}\nT=77{{C=*{{S=*{{}}}}}}".encode(), ("127.0.0.1", gateway.own))
            other.sendto(b"garbage", ("127.0.0.1", gateway.own))
        silent = not select.select([other], [], [], 1)[0]
        return check("stranger: no answer", silent) & check("stranger: the controller has one", c.answers(5))


def main():
    mgw = sys.argv[1]
    with tempfile.TemporaryDirectory(prefix="mediasec-faults-") as folder:
        compile_partner(folder)
        results = [f(mgw, folder) for f in (network, flood, stranger)]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
