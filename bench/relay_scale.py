#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The gateway with few and with many connections: memory, cost, small messages, bursts. Peers as in relay.py.

  bench/relay_scale.py [growth] [flat] [messages] [burst] [--rounds N] [--secs S] [--only A,B] [--host ADDRESS] [--no-build]

growth    memory of an idle relayed TLS connection, CPU to open one and CPU a message at 1,000, 9,500 and 30,000 of them
flat      CPU a message, one contestant with 1,000 and another with 30,000 connections in turns: the machine's drift cancels out
messages  300 octets and back over 16 connections: median round trip and CPU
burst     10,000 handshakes begun at once; messages of other connections meanwhile

All of them measure mediasec-mgw itself, with its parent, control role and media workers: contexts are set up
by H.248, text over UDP, and all that is counted. As many descriptors as 30,000 relayed connections need are more than
one process may have here (20,000), so that every contestant is there several times on its one core: four instances of a
peer, four media workers of ours; two each for the burst.

Addresses: HOST (127.0.77.1 unless told otherwise) and the ones behind it in its network, .11 and on for access, .31
and on for core, ports 3000 to 13999; backends at HOST from port 1999 downwards.
"""
import contextlib
import importlib.util
import os
import socket
import subprocess
import sys
import time

import common
import relay


def controller():
    """tests/mgw/mgc.py; bench/mgc.py has the name already."""
    spec = importlib.util.spec_from_file_location("controller", os.path.join(common.ROOT, "tests", "mgw", "mgc.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


mgc = controller()
OURS = "mediasec-mgw"

CONFIG = """daemon: {{ control: {control}, log_level: warning }}
h248:
  mid: "<mgw1.example.net>:2944"
  avalanche: 0s
  controllers: [{{ address: "{host}:2944" }}]
realms:
{realms}
media: {{ workers: {workers}, anonymous_clients: true, tls_limit: 60s }}
"""
REALM = '  - {{ name: {name}, address: "{address}:0", port_min: 3000, port_max: 13999 }}'


@contextlib.contextmanager
def next_network():
    """For a second contestant beside the first."""
    here = relay.HOST
    a, b, c, d = here.split(".")
    relay.HOST = f"{a}.{b}.{int(c) + 1}.{d}"
    yield
    relay.HOST = here


def near(n):
    """Another address of HOST's network."""
    return f"{relay.HOST.rsplit('.', 1)[0]}.{n}"


class Side:
    """What a load sees of a contestant: one of its addresses, and the backend behind it."""

    def __init__(self, fleet, host, port, back):
        self.pids, self.host, self.port, self.back, self.ports = fleet.pids, host, port, back, 1


class Whole(relay.Gateway):
    """mediasec-mgw with a worker for each side, which has realms of its own, and its controller."""

    def __init__(self, run, sides):
        self.sides, self.refused = [Side(self, near(11 + i), 3000, relay.BACK - i) for i in range(sides)], 0
        realms = [REALM.format(name=f"{name}{i}", address=near(first + i))
                  for name, first in (("core", 31), ("access", 11)) for i in range(sides)]
        path = f"{run}/{relay.HOST}.yaml"
        with open(path, "w") as f:
            f.write(CONFIG.format(control=f"{run}/{relay.HOST}.sock", host=relay.HOST, realms="\n".join(realms), workers=sides))
        self.mgc = mgc.Mgc(2944, address=relay.HOST)
        self.mgc.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.process = subprocess.Popen([os.path.join(common.BUILD, "src/mgw/mediasec-mgw"), "-f", "-c", path],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        preexec_fn=lambda: (common.pin(common.SERVER_CPU)(), relay.priority()))
        self.mgc.wait_request("ServiceChange", 10)

    def prepare(self, side, n, told=True):
        """n contexts that forward to the side's backend; the ports to call. The workers take turns. `told`: the
        controller is notified of each end, as an IMS-ALG wants to be."""
        back = self.sides[side].back
        local, shown = mgc.local("TCP/TLS", "a=setup:passive\na=fingerprint:SHA-256 $\n"), []
        core = mgc.stream(f"core{side}", mgc.local("TCP", "a=setup:active\n"),
                          mgc.remote("TCP", relay.HOST, back, "a=setup:passive\n"))
        access = mgc.stream(f"access{side}", local, control=",xem/tcpin=forward")
        armed = [",Events=%d{g/cause}" % i if told else "" for i in (1, 2)]
        while len(shown) < n:
            reply = self.mgc.ask("Context=${Add=${%s%s},Add=${%s%s}}" % (core, armed[0], access, armed[1]))
            if "Error = 510" in reply and self.refused < 20:  # another program had that port for a moment
                self.refused += 1
                continue
            if "Error" in reply:
                sys.exit(f"bench: {reply}")
            shown.append(mgc.addresses(reply)[1][1])
        return shown

    def stop(self):
        super().stop()
        self.mgc.close()


class Fleet:
    """A peer, once for each side."""

    def __init__(self, who, run, kind, sides, buffer):
        self.gateways = [relay.Gateway(who, run, kind, buffer=buffer, back=relay.BACK - i) for i in range(sides)]
        self.sides = [Side(self, g.host, g.port, g.back) for g in self.gateways]

    def pids(self):
        return [pid for g in self.gateways for pid in g.pids()]

    def memory(self):
        return sum(g.memory() for g in self.gateways)

    def cpu(self):
        return sum(g.cpu() for g in self.gateways)

    def prepare(self, side, n, told=True):
        return []

    def stop(self):
        for g in self.gateways:
            g.stop()


def start(who, run, sides, buffer=16384):
    if who == OURS:
        return Whole(run, sides)
    return Fleet(who, run, "tcp" if who == "floor-tcp" else "tls", sides, buffer)


def kernel_memory():
    """Octets the kernel has in its slabs."""
    for line in open("/proc/meminfo"):
        if line.startswith("Slab:"):
            return int(line.split()[1]) * 1024
    return 0


def wake_ups(pids):
    n = 0
    for pid in pids:
        for line in open(f"/proc/{pid}/status"):
            if "ctxt_switches" in line:
                n += int(line.split()[1])
    return n


class Clients:
    """A load for each side."""

    def __init__(self, fleet, run, who, extra=()):
        self.fleet, self.kept, kind = fleet, 0, "tcp" if who == "floor-tcp" else "tls"
        self.loads = [relay.Load(s, run, kind, "1.2", extra) for s in fleet.sides]

    def all(self, command):
        for load in self.loads:
            load.begin(command)
        return [load.end() for load in self.loads]

    def share(self, n):
        return n // len(self.loads)

    def ports(self, n, told=True):
        """Has n more connections prepared."""
        for i, load in enumerate(self.loads):
            ports = self.fleet.prepare(i, self.share(n), told)
            if ports:
                load.do("ports " + ",".join(map(str, ports)))

    def open(self, n):
        """n more connections; the gateway's CPU seconds for them, commands and all."""
        before = self.fleet.cpu()
        self.ports(n)
        answers = self.all(f"connect {self.share(n)} 16")
        cpu = self.fleet.cpu() - before
        if sum(a["done"] for a in answers) != n:
            sys.exit(f"bench: of {n} connections {sum(a['done'] for a in answers)} came about")
        self.kept += n
        return cpu

    def echo(self, rate, secs):
        """CPU seconds a message, octets of 300."""
        answers = self.all(f"echo {rate / len(self.loads)} {secs} 300")
        lost = sum(a["sent"] - a["back"] for a in answers)
        if lost > 0:
            print(f"note: {lost} messages have not come back")
        return sum(a["echo_cpu"] for a in answers) / sum(a["sent"] for a in answers) / len(answers)

    def stop(self):
        for load in self.loads:
            load.stop()


class Scale(relay.Bench):
    TESTS = ["growth", "flat", "messages", "burst"]
    STEPS = (1000, 9500, 30000)

    def who(self, names):
        return [OURS] * (OURS in names and not (self.only and OURS not in self.only)) + super().who(
            [n for n in names if n != OURS])

    # ---- growth ----

    def growth(self):
        title = "{:,} connections"
        self.memory = {n: self.table("user memory of a connection, " + title.format(n), "octets", "haproxy") for n in self.STEPS}
        self.after = self.table("the same after 60,000 messages, 30,000 connections", "octets", "haproxy")
        self.kernel = self.table("kernel memory of a connection's two sockets, 30,000 connections", "octets", "haproxy")
        self.opening = {n: self.table("CPU to open one of the last thousand of " + title.format(n), "us", "haproxy") for n in self.STEPS}
        self.message = {n: self.table("CPU a round trip of 300 octets, 2,000 a second, " + title.format(n), "us", "haproxy") for n in self.STEPS}
        self.grown = {what: self.table(f"{what}, 30,000 connections", "% of at 1,000", "haproxy")
                      for what in ("memory", "CPU to open")}
        self.resting = self.table("CPU while 30,000 connections are idle", "us a second", "haproxy")
        self.wakes = self.table("wake-ups while 30,000 connections are idle, all processes", "in 10 seconds", "haproxy")
        for _ in range(self.rounds):
            for who in self.who(["haproxy", "floor-tls", "floor-tcp", OURS]):
                fleet = start(who, self.run, 4)
                clients = Clients(fleet, self.run, who)
                self.grow(who, fleet, clients)
                clients.stop()
                fleet.stop()
                time.sleep(1)

    def grow(self, who, fleet, clients):
        empty, slabs, seen = fleet.memory() * 1024, kernel_memory(), {}
        for n in self.STEPS:
            if n > 1000:
                clients.open(n - clients.kept - 1000)
            opening = clients.open(1000) * 1e6 / 1000
            time.sleep(0.5)
            memory = (fleet.memory() * 1024 - empty) / n
            if n == self.STEPS[-1]:  # four sockets: the gateway's, the client's, the backend's
                self.kernel.add(who, (kernel_memory() - slabs) / n / 2)
                self.rest(who, fleet)
            message = clients.echo(2000, self.secs * 2) * 1e6
            self.memory[n].add(who, memory)
            self.opening[n].add(who, opening)
            self.message[n].add(who, message)
            seen[n] = {"memory": memory, "CPU to open": opening}
        clients.echo(8000, 7)
        self.after.add(who, (fleet.memory() * 1024 - empty) / n)
        for what, table in self.grown.items():
            table.add(who, 100 * seen[self.STEPS[-1]][what] / seen[1000][what])

    def rest(self, who, fleet):
        # Replies to a controller are kept for the time in which UDP may repeat its requests (RFC 3525 annex D.1).
        time.sleep(35 if who == OURS else 1)
        pids = fleet.pids()
        cpu, wakes = fleet.cpu(), wake_ups(pids)
        time.sleep(10)
        self.resting.add(who, (fleet.cpu() - cpu) * 1e6 / 10)
        self.wakes.add(who, wake_ups(pids) - wakes)

    # ---- flat ----

    def flat(self):
        few, many = self.STEPS[0], self.STEPS[-1]
        cost = {n: self.table(f"CPU a round trip of 300 octets, {n:,} connections, in turns", "us", "haproxy") for n in (few, many)}
        ratio = self.table(f"CPU a message, {many:,} connections, in turns", f"% of at {few:,}", "haproxy")
        for who in self.who(["haproxy", "floor-tls", "floor-tcp", OURS]):
            fleets, clients = [], []
            with next_network():
                self.stand(who, few, fleets, clients)
            self.stand(who, many, fleets, clients)
            for _ in range(3 * self.rounds):
                us = [c.echo(2000, self.secs) * 1e6 for c in clients]
                for n, value in zip((few, many), us):
                    cost[n].add(who, value)
                ratio.add(who, 100 * us[1] / us[0])
            for running in clients + fleets:
                running.stop()
            time.sleep(1)

    def stand(self, who, n, fleets, clients):
        fleets.append(start(who, self.run, 4))
        clients.append(Clients(fleets[-1], self.run, who))
        clients[-1].open(n)

    # ---- messages ----

    def messages(self):
        rates = (1000, 5000, 20000)
        trip = {r: self.table(f"round trip of 300 octets, 16 connections, {r:,} a second, median", "tenths of us", "nginx") for r in rates}
        cpu = {r: self.table(f"CPU of the same, {r:,} a second", "tenths of us", "floor-tcp") for r in rates}
        for _ in range(self.rounds):
            for who in self.who(["floor-tcp", "nginx", "haproxy", "hitch", "stunnel", "floor-tls", OURS]):
                fleet = start(who, self.run, 1)
                clients = Clients(fleet, self.run, who)
                urgent(fleet.pids() + [l.process.pid for l in clients.loads])
                clients.open(16)
                for r in rates:
                    a = clients.all(f"echo {r} {self.secs} 300")[0]
                    trip[r].add(who, a["p50"] * 10)
                    cpu[r].add(who, a["echo_cpu"] * 1e7 / a["sent"])
                clients.stop()
                fleet.stop()

    # ---- burst ----

    def burst(self):
        self.burst_of(9900, 1)
        self.burst_of(10000, 2)

    def burst_of(self, n, sides):
        title = f"burst of {n:,} handshakes, {'one worker' if sides == 1 else 'two workers on the core'}"
        failed = self.table(f"{title}: failed", "connections", "nginx")
        rate = self.table(title, "a gateway CPU second", "nginx")
        worst = {p: self.table(f"{title}: round trip of other connections' messages meanwhile, {p}", "us", "nginx") for p in ("p50", "p99", "max")}
        for _ in range(self.rounds):
            for who in self.who(["nginx", "haproxy", OURS]):
                fleet = start(who, self.run, sides)
                standing = Clients(fleet, self.run, who)
                standing.open(16)
                comers = Clients(fleet, self.run, who, ["-S"])
                comers.ports(n, told=False)  # the calls of the burst end at once, which is not what is measured
                # The messages' own sender must not wait for the burst's: it is the gateway that is measured.
                urgent([load.process.pid for load in standing.loads])
                for load in standing.loads:
                    load.begin(f"echo {500 / sides} 1.5 300")
                time.sleep(0.6)  # its window begins 0.7 seconds after this, and ends before the burst does
                before = fleet.cpu()
                answers = comers.all(f"burst {n // sides} 60")
                used = fleet.cpu() - before
                rate.add(who, sum(a["done"] for a in answers) / used)
                failed.add(who, sum(a["failed"] + a["asked"] - a["done"] for a in answers))
                answers = [load.end() for load in standing.loads]
                for p, table in worst.items():
                    table.add(who, max(a[p] for a in answers))
                comers.stop()
                standing.stop()
                fleet.stop()


def urgent(pids):
    """Before everybody else's work on the machine."""
    if os.geteuid() == 0:
        for pid in pids:
            os.sched_setscheduler(pid, os.SCHED_RR, os.sched_param(10))


def measure(rounds):
    return relay.measure(rounds, Scale)


if __name__ == "__main__":
    sys.exit(relay.main(Scale, __doc__))
