#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A relay of TLS to TCP: the gateway's media plane beside HAProxy, nginx, hitch and stunnel.

  bench/relay.py [bulk] [setups] [calls] [psk] [idle] [messages] [burst] [--rounds N] [--secs S] [--only A,B] [--no-build]

Each in its best documented configuration (bench/relay/*.in), one worker, pinned to one core with the load on the
other; floor-tls and floor-tcp are the least that one epoll loop can do (relay-floor.c). Contestants take turns within
a round. Figures are per CPU second of the gateway's processes, so that the load's own pace does not matter; ratios are
medians of the ratios within a round. A set-up is TCP, a whole handshake, a connection to the backend, one octet from
there, close_notify and FIN both ways; ours is in addition a listener of its own for each, opened and closed.
"""
import argparse
import hashlib
import json
import os
import select
import shutil
import socket
import subprocess
import sys
import time

import common

sys.path.insert(0, os.path.join(common.ROOT, "tests", "mgw"))
import mgc  # noqa: E402

HOST = "127.0.77.1"
BACK = 1999
KEY = "00112233445566778899aabbccddeeff"
FOLDER = os.path.join(common.ROOT, "bench", "relay")
PORTS = 600
OURS = "mediasec"


def priority():
    """Other work on the machine must not decide the figures. Groups of sessions share alike, so it has its own."""
    os.setsid()
    if os.geteuid() != 0:
        return
    os.setpriority(os.PRIO_PROCESS, 0, -15)
    try:
        with open("/proc/self/autogroup", "w") as f:
            f.write("-15")
    except OSError:
        pass


def certificates(run):
    for who in ("server", "client"):
        key, pem = f"{run}/{who}.key", f"{run}/{who}.pem"
        subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key], check=True)
        subprocess.run(["openssl", "req", "-new", "-x509", "-key", key, "-out", pem, "-days", "30", "-subj", f"/CN={who}"], check=True)
    with open(f"{run}/server.both", "w") as both:
        for name in ("server.pem", "server.key"):
            both.write(open(f"{run}/{name}").read())
    os.chmod(run, 0o755)
    with open(f"{run}/psk.txt", "w") as f:
        f.write(f"bench:{KEY}\n")
    os.chmod(f"{run}/psk.txt", 0o600)


def fingerprint(run):
    der = subprocess.run(["openssl", "x509", "-in", f"{run}/client.pem", "-outform", "DER"], check=True, capture_output=True).stdout
    return hashlib.sha256(der).hexdigest()


class Gateway:
    """One contestant, running. `kind`: tls, mutual, psk, tcp."""
    base = 2100

    def __init__(self, who, run, kind, pairs=PORTS, again=False, buffer=131072):
        Gateway.base = 2100 if Gateway.base > 2400 else Gateway.base + 10
        self.who, self.ports, p = who, 1, Gateway.base
        self.names = {"HOST": HOST, "TLS": p, "MUTUAL": p + 1, "PSK": p + 2, "BACK": BACK, "RUN": run, "BUFFER": buffer}
        self.port = {"tls": p, "mutual": p + 1, "psk": p + 2, "tcp": p}[kind]
        keys = ["-c", f"{run}/server.pem", "-k", f"{run}/server.key"]
        if who == OURS:
            self.ports, self.port = pairs, p
            command = [common.program("media-gate"), "-a", f"{HOST}:{p}", "-b", f"{HOST}:{BACK}", "-n", str(pairs)]
            command += {"tls": ["-m", "tls"] + keys, "mutual": ["-m", "tls", "-F", fingerprint(run)] + keys,
                        "psk": ["-m", "psk", "-P", KEY], "tcp": ["-m", "tcp"]}[kind]
            # As long as nginx gives a handshake: in a burst it is the clients who cannot keep up.
            command += ["-g", "60000"] + (["-r"] if again else [])
        elif who.startswith("floor"):
            self.port = p
            command = [common.program("relay-floor"), "-l", f"{HOST}:{p}", "-b", f"{HOST}:{BACK}"]
            command += {"tls": keys, "mutual": keys + ["-M"], "psk": ["-P", KEY], "tcp": []}[kind] if who == "floor-tls" else []
        else:
            command = self.peer(who, run)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        preexec_fn=lambda: (common.pin(common.SERVER_CPU)(), priority()))
        if who == OURS:
            self.process.stdout.readline()
        else:
            time.sleep(0.7)

    def peer(self, who, run):
        name = {"haproxy": "haproxy.cfg", "nginx": "nginx.conf", "hitch": "hitch.conf", "stunnel": "stunnel.conf"}[who]
        text = open(f"{FOLDER}/{name}.in").read()
        for key, value in self.names.items():
            text = text.replace(f"@{key}@", str(value))
        path = f"{run}/{name}"
        with open(path, "w") as f:
            f.write(text)
        return {"haproxy": ["haproxy", "-db", "-q", "-f", path], "nginx": ["nginx", "-c", path],
                "hitch": ["hitch", f"--config={path}"], "stunnel": ["stunnel", path]}[who]

    def pids(self):
        found, queue = [], [self.process.pid]
        while queue:
            pid = queue.pop()
            found.append(pid)
            try:
                queue += [int(p) for p in open(f"/proc/{pid}/task/{pid}/children").read().split()]
            except OSError:
                pass
        return found

    def memory(self):
        """KiB of user memory: proportional set size of all its processes."""
        total = 0
        for pid in self.pids():
            for line in open(f"/proc/{pid}/smaps_rollup"):
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        return total

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Load:
    def __init__(self, gateway, run, kind, version="1.2", extra=()):
        command = [common.program("relay-load"), "-t", f"{HOST}:{gateway.port}", "-n", str(gateway.ports), "-b", f"{HOST}:{BACK}",
                   "-G", ",".join(map(str, gateway.pids())), "-V", version]
        command += {"tls": [], "mutual": ["-c", f"{run}/client.pem", "-k", f"{run}/client.key"],
                    "psk": ["-P", KEY, "-I", "bench"], "tcp": ["-x"]}[kind]
        self.process = subprocess.Popen(command + list(extra), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        preexec_fn=lambda: (common.pin(common.CLIENT_CPU)(), priority()))
        self.process.stdout.readline()

    def begin(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def end(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit("bench: the load has ended")
        return json.loads(line)

    def do(self, command):
        self.begin(command)
        return self.end()

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


CONFIG = """daemon: {{ control: {run}/mgw.sock }}
h248:
  mid: "<mgw1.example.net>:2944"
  profile: {profile}
  avalanche: 0s
  controllers: [{{ address: "{host}:2944" }}]
realms:
  - {{ name: core, address: "{host}:0", port_min: 3000, port_max: 5999 }}
  - {{ name: access, address: "{host}:0", port_min: 6000, port_max: 8999 }}
media: {{ workers: 1, anonymous_clients: {anonymous} }}
"""


class Commanded(Gateway):
    """mediasec-mgw itself: every stream is set up and released by H.248, text over UDP."""

    def __init__(self, run, kind):
        self.kind, self.run, self.ports, self.port, self.contexts = kind, run, 1, 6000, []
        self.mgc = mgc.Mgc(2944, address=HOST)
        self.mgc.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        with open(f"{run}/mgw.yaml", "w") as f:
            f.write(CONFIG.format(run=run, host=HOST, profile="mp" if kind == "psk" else "iq", anonymous="false" if kind == "mutual" else "true"))
        self.process = subprocess.Popen([os.path.join(common.BUILD, "src/mgw/mediasec-mgw"), "-f", "-c", f"{run}/mgw.yaml"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        preexec_fn=lambda: (common.pin(common.SERVER_CPU)(), priority()))
        self.mgc.wait_request("ServiceChange", 10)

    def cpu(self):
        return sum(time.clock_gettime((~pid) << 3 | 2) for pid in self.pids())

    def up(self, n):
        """n contexts with an access side that forwards to the backend; the access ports."""
        ports, proto = [], "TCP" if self.kind == "tcp" else "TCP/TLS"
        shown = "a=fingerprint:SHA-256 $\n" if self.kind in ("tls", "mutual") else ""
        theirs = fingerprint(self.run).upper()
        theirs = "a=fingerprint:SHA-256 " + ":".join(theirs[i:i + 2] for i in range(0, 64, 2)) + "\n"
        for _ in range(n):
            sides = [mgc.local(proto, "a=setup:passive\n" + shown)]
            if self.kind == "mutual":
                sides.append(mgc.remote(proto, HOST, 9, theirs))
            control = ",xem/tcpin=forward" + (f',xem/psk="{KEY}"' if self.kind == "psk" else "")
            reply = self.mgc.ask("Context=${Add=${%s,Events=1{g/cause}},Add=${%s,Events=2{g/cause}}}" % (
                mgc.stream("core", mgc.local("TCP"), mgc.remote("TCP", HOST, BACK)),
                mgc.stream("access", *sides, control=control)))
            if "Error" in reply:
                sys.exit(f"bench: {reply}")
            ports.append(mgc.addresses(reply)[1][1])
            self.contexts.append(mgc.context(reply))
        return ports

    def down(self):
        for c in self.contexts:
            self.mgc.ask("Context=%s{W-Subtract=*{Audit{}}}" % c)
        self.contexts = []

    def answer_until(self, done):
        while not done():
            self.mgc._take(0.01)

    def stop(self):
        super().stop()
        self.mgc.close()


class Bench:
    def __init__(self, options, run):
        self.rounds, self.secs, self.only, self.run = options.rounds, options.secs, options.only, run
        self.tables = []

    def who(self, names):
        there = [n for n in names if n == OURS or n.startswith("floor") or shutil.which(n, path=os.environ["PATH"] + ":/usr/sbin")]
        return [n for n in there if not self.only or n in self.only]

    def table(self, title, unit, reference):
        self.tables.append(common.Table(title, unit, reference))
        return self.tables[-1]

    def each(self, names, kind, measure, version="1.2", **how):
        for _ in range(self.rounds):
            for name in self.who(names):
                gateway = Gateway(name, self.run, kind, **how)
                load = Load(gateway, self.run, kind, version)
                measure(name, gateway, load)
                load.stop()
                gateway.stop()
                time.sleep(0.2)

    def bulk(self):
        tables = {(way, n): self.table(f"bulk {'client to backend' if way == 'up' else 'backend to client'}, {n} connection{'s' if n > 1 else ''}",
                                       "MB per gateway CPU second", "nginx") for way in ("up", "down") for n in (1, 64)}

        def measure(name, gateway, load):
            for (way, n), table in tables.items():
                a = load.do(f"{way} {self.secs} {n}")
                table.add(name, a["octets"] / 1e6 / a["cpu"])
        self.each(["nginx", "haproxy", "hitch", "stunnel", "floor-tls", OURS], "tls", measure)
        table = self.table("bulk over plain TCP, client to backend, 64 connections", "MB per gateway CPU second", "floor-tcp")

        def plain(name, gateway, load):
            a = load.do(f"up {self.secs} 64")
            table.add(name, a["octets"] / 1e6 / a["cpu"])
        self.each(["floor-tcp", OURS], "tcp", plain)

    def setups(self):
        for kind in ("tls", "mutual"):
            for version in ("1.2", "1.3"):
                words = "clients show a certificate" if kind == "mutual" else "no client certificate"
                self.rate(kind, version, f"set-ups, TLS {version}, ECDSA P-256, {words}", ["nginx", "haproxy", "hitch", "stunnel", "floor-tls", OURS], "nginx")
        self.rate("tcp", "1.2", "set-ups, plain TCP", ["floor-tcp", OURS], "floor-tcp")

    def calls(self):
        """Set-ups through mediasec-mgw: two Adds, the call, a Notify of its end and a Subtract, all counted."""
        for kind, version, words in (("tls", "1.2", "ECDSA P-256"), ("tls", "1.3", "ECDSA P-256"), ("mutual", "1.2", "ECDSA P-256, clients show a certificate"),
                                     ("psk", "1.2", "PSK-AES128-GCM-SHA256"), ("tcp", "1.2", "none: plain TCP")):
            reference = {"psk": "stunnel", "tcp": "floor-tcp"}.get(kind, "nginx")
            title = f"set-ups with H.248 commands, TLS {version}, {words}"
            table = self.table(title, "a gateway CPU second", reference)

            def measure(name, gateway, load, table=table):
                table.add(name, (lambda a: a["done"] / a["cpu"])(load.do(f"setups {self.secs} 64")))
            for _ in range(self.rounds):
                rounds, self.rounds = self.rounds, 1
                self.each([reference], kind, measure, version, again=True)
                self.rounds = rounds
                if not self.only or "mediasec-mgw" in self.only:
                    table.add("mediasec-mgw", self.commanded(kind, version))

    def commanded(self, kind, version, n=1000):
        gateway = Commanded(self.run, kind)
        load = Load(gateway, self.run, kind, version)
        try:
            return self.call(gateway, load, n)
        finally:
            load.stop()
            gateway.stop()

    def call(self, gateway, load, n):
        gateway.up(50)
        gateway.down()
        before = gateway.cpu()
        load.do("ports " + ",".join(map(str, gateway.up(n))))
        load.begin(f"calls {n} 64")
        gateway.answer_until(lambda: select.select([load.process.stdout], [], [], 0)[0])
        done = load.end()
        while gateway.mgc._take(0.3):
            pass
        gateway.down()
        used = gateway.cpu() - before
        if done["done"] != n:
            print(f"note: {done['done']} of {n} calls")
        return done["done"] / used

    def psk(self):
        self.rate("psk", "1.2", "set-ups, TLS 1.2, PSK-AES128-GCM-SHA256", ["stunnel", "floor-tls", OURS], "stunnel")

    def rate(self, kind, version, title, names, reference):
        table = self.table(title, "a gateway CPU second", reference)

        def measure(name, gateway, load):
            a = load.do(f"setups {self.secs} 64")
            table.add(name, a["done"] / a["cpu"])
            if a["failed"]:
                print(f"note: {title}: {name}: {a['failed']} failed")
        self.each(names, kind, measure, version, again=True)

    def idle(self):
        memory = {n: self.table(f"user memory, {n} idle connections", "octets a connection", "haproxy") for n in (1000, 9500)}
        opening = {n: self.table(f"CPU to open one of {n} connections", "us", "haproxy") for n in (1000, 9500)}
        message = {n: self.table(f"CPU a 300-octet round trip, {n} connections, 1,000 a second", "us", "haproxy") for n in (1000, 9500)}
        resting = self.table("CPU while 9,500 connections are idle", "us a second", "haproxy")

        # Ours has its endpoints before anybody connects: they are counted too.
        names, empty = ["haproxy", "nginx", "hitch", "floor-tls", OURS], {}
        for name in self.who(names):
            gateway = Gateway(name, self.run, "tls", pairs=1, buffer=16384)
            empty[name] = gateway.memory()
            gateway.stop()

        def measure(name, gateway, load):
            start, opened, cpu = empty[name], 0, 0.0
            for n in (1000, 9500):
                a = load.do(f"connect {n - opened} 32")
                cpu, before, opened = a["cpu"], opened, n
                if a["kept"] != n:
                    print(f"note: {name}: {a['kept']} of {n} connections")
                time.sleep(0.3)
                memory[n].add(name, (gateway.memory() - start) * 1024 / n)
                opening[n].add(name, cpu * 1e6 / (n - before))
                a = load.do(f"echo 1000 {self.secs} 300")
                message[n].add(name, a["echo_cpu"] * 1e6 / max(1, a["sent"]))
            resting.add(name, load.do("idle 2")["cpu"] * 1e6 / 2)
        self.each(names, "tls", measure, pairs=9500, buffer=16384)

    def messages(self):
        table = self.table("CPU a 300-octet round trip, 16 connections, 5,000 a second", "us", "floor-tcp")
        trip = self.table("round trip of the same, median", "us", "floor-tcp")

        def measure(name, gateway, load):
            load.do("connect 16 16")
            a = load.do(f"echo 5000 {self.secs} 300")
            table.add(name, a["echo_cpu"] * 1e6 / max(1, a["sent"]))
            trip.add(name, a["p50"])
        self.each(["floor-tcp"], "tcp", measure)
        self.each(["nginx", "haproxy", "hitch", "floor-tls", OURS], "tls", measure)

    def burst(self):
        """Ten thousand handshakes at once; meanwhile messages on connections that stand."""
        failed = self.table("burst of 10,000 handshakes: failed", "connections", "nginx")
        rate = self.table("burst of 10,000 handshakes", "a gateway CPU second", "nginx")
        worst = self.table("messages of other connections meanwhile, 99th percentile", "us", "nginx")

        def measure(name, gateway, load):
            other = Load(gateway, self.run, "tls", "1.2", ["-S"])
            load.do("connect 16 16")
            if gateway.ports > 1:  # those 16 are in use
                other.do("ports " + ",".join(str(gateway.port + i) for i in range(16, gateway.ports)))
            # The messages' own sender must not wait for the burst's: it is the gateway that is measured.
            if os.geteuid() == 0:
                os.sched_setscheduler(load.process.pid, os.SCHED_RR, os.sched_param(10))
            load.begin("echo 500 6 300")
            time.sleep(1)
            a = other.do("burst 9000 40")
            failed.add(name, a["failed"] + a["asked"] - a["done"])
            rate.add(name, a["done"] / a["cpu"])
            worst.add(name, load.end()["p99"])
            other.stop()
        self.each(["nginx", "haproxy", OURS], "tls", measure, pairs=9200)


def main():
    tests = ["bulk", "setups", "calls", "psk", "idle", "messages", "burst"]
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("tests", nargs="*", default=tests)
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--secs", type=float, default=1.5)
    p.add_argument("--only", type=lambda s: s.split(","))
    p.add_argument("--no-build", action="store_true")
    options = p.parse_args()
    if not options.no_build:
        common.build()
    with common.TemporaryFolder() as run:
        certificates(run)
        b = Bench(options, run)
        for name in options.tests:
            if name not in tests:
                sys.exit(f"bench: no test {name}; there are {', '.join(tests)}")
            first = len(b.tables)
            getattr(b, name)()
            for table in b.tables[first:]:
                table.show()
                sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
