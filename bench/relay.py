#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A relay of TLS to TCP: the gateway's media plane beside HAProxy, nginx, hitch and stunnel.

  bench/relay.py [bulk] [setups] [calls] [psk] [--rounds N] [--secs S] [--only A,B] [--host ADDRESS] [--no-build]

Each in its best documented configuration (bench/relay/*.in), one worker, pinned to one core with the load on the
other; floor-tls and floor-tcp are the least that one epoll loop can do (relay-floor.c). Contestants take turns within
a round. Figures are per CPU second of the gateway's processes, so that the load's own pace does not matter; ratios are
medians of the ratios within a round. A set-up is TCP, a whole handshake, a connection to the backend, one octet from
there, close_notify and FIN both ways; ours is in addition a listener of its own for each, opened and closed.
"""
import argparse
import ctypes
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import common

HOST = "127.0.77.1"
BACK = 1999
KEY = "00112233445566778899aabbccddeeff"
FOLDER = os.path.join(common.ROOT, "bench", "relay")
PORTS = 600
OURS = "mediasec"


def priority():
    """Other work on the machine must not decide the figures. Groups of sessions share alike, so it has its own.
    Whoever was started for a run ends with it."""
    os.setsid()
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
    if os.geteuid() != 0:
        return
    os.setpriority(os.PRIO_PROCESS, 0, -15)
    try:
        with open("/proc/self/autogroup", "w") as f:
            f.write("-15")
    except OSError:
        pass


def free(host, port):
    """Another run of this bench, or what is left of one, would be measured in place of what we start."""
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind((host, port))
        except OSError:
            sys.exit(f"bench: {host}:{port} is in use; --host takes another loopback address")


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
    base, back = 2100, BACK

    @property
    def host(self):
        return HOST

    def __init__(self, who, run, kind, pairs=PORTS, again=False, buffer=131072, back=BACK):
        Gateway.base = 2100 if Gateway.base > 2400 else Gateway.base + 10
        self.who, self.ports, self.back, p = who, 1, back, Gateway.base
        self.names = {"HOST": HOST, "TLS": p, "MUTUAL": p + 1, "PSK": p + 2, "BACK": back, "RUN": run, "BUFFER": buffer}
        self.port = {"tls": p, "mutual": p + 1, "psk": p + 2, "tcp": p}[kind]
        keys = ["-c", f"{run}/server.pem", "-k", f"{run}/server.key"]
        if who == OURS:
            self.ports, self.port = pairs, p
            command = [common.program("media-gate"), "-a", f"{HOST}:{p}", "-b", f"{HOST}:{back}", "-n", str(pairs)]
            command += {"tls": ["-m", "tls"] + keys, "mutual": ["-m", "tls", "-F", fingerprint(run)] + keys,
                        "psk": ["-m", "psk", "-P", KEY], "tcp": ["-m", "tcp"]}[kind]
            # As long as nginx gives a handshake: in a burst it is the clients who cannot keep up.
            command += ["-g", "60000"] + (["-r"] if again else [])
        elif who.startswith("floor"):
            self.port = p
            command = [common.program("relay-floor"), "-l", f"{HOST}:{p}", "-b", f"{HOST}:{back}"]
            command += {"tls": keys, "mutual": keys + ["-M"], "psk": ["-P", KEY], "tcp": []}[kind] if who == "floor-tls" else []
        else:
            command = self.peer(who, run)
        free(HOST, self.port)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        preexec_fn=lambda: (common.pin(common.SERVER_CPU)(), priority()))
        if who == OURS:
            self.process.stdout.readline()
        else:
            time.sleep(0.7)
            self.pin()
        if self.process.poll() is not None:
            sys.exit(f"bench: {who} has ended")

    def pin(self):
        """hitch puts its workers on cores of its own choice, which may be the load's."""
        for pid in self.pids():
            os.sched_setaffinity(pid, {common.SERVER_CPU})

    def peer(self, who, run):
        name = {"haproxy": "haproxy.cfg", "nginx": "nginx.conf", "hitch": "hitch.conf", "stunnel": "stunnel.conf"}[who]
        text = open(f"{FOLDER}/{name}.in").read()
        for key, value in self.names.items():
            text = text.replace(f"@{key}@", str(value))
        path = f"{run}/{self.names['TLS']}-{name}"
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

    def cpu(self):
        """Seconds of CPU that its processes have used."""
        return sum(time.clock_gettime((~pid) << 3 | 2) for pid in self.pids())

    def stop(self):
        pids = self.pids()
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            for pid in pids:  # its own: a master's workers do not go with it
                os.kill(pid, signal.SIGKILL)
            self.process.wait()


class Load:
    def __init__(self, gateway, run, kind, version="1.2", extra=()):
        command = [common.program("relay-load"), "-t", f"{gateway.host}:{gateway.port}", "-n", str(gateway.ports), "-b", f"{HOST}:{gateway.back}",
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
  controllers: [{{ address: "{host}:2944", encoding: compact }}]
realms:
  - {{ name: core, address: "{host}:0", port_min: 3000, port_max: 5999 }}
  - {{ name: access, address: "{host}:0", port_min: 6000, port_max: 8999 }}
media: {{ workers: 1, anonymous_clients: {anonymous} }}
"""


def actions(run, kind):
    """Of the transaction that sets a call up, compact: an access side, and one that is opened to the backend when that is."""
    proto = "TCP" if kind == "tcp" else "TCP/TLS"
    shown = "a=fingerprint:SHA-256 $\n" if kind in ("tls", "mutual") else ""
    theirs = fingerprint(run).upper()
    theirs = "a=fingerprint:SHA-256 " + ":".join(theirs[i:i + 2] for i in range(0, 64, 2)) + "\n"
    control = ",xem/tcpin=forward" + (f',xem/psk="{KEY}"' if kind == "psk" else "")

    def side(realm, control, events, *descriptors):
        return 'A=${M{ST=1{O{MO=SR,ipdc/realm="%s"%s},%s}},E=%d{g/cause}}' % (realm, control, ",".join(descriptors), events)

    def sdp(name, address, port, proto, more):
        return "%s{v=0\nc=IN IP4 %s\nm=- %s %s -\n%s}" % (name, address, port, proto, more)
    access = [sdp("L", "$", "$", proto, "a=setup:passive\n" + shown)]
    if kind == "mutual":
        access.append(sdp("R", HOST, 9, proto, theirs))
    return "C=${%s,%s}" % (
        side("core", "", 1, sdp("L", "$", "$", "TCP", "a=setup:active\n"), sdp("R", HOST, BACK, "TCP", "a=setup:passive\n")),
        side("access", control, 2, *access))


class Commanded(Gateway):
    """mediasec-mgw itself: every stream is set up and released by H.248, text over UDP."""

    def __init__(self, run, kind):
        self.kind, self.run, self.ports, self.port = kind, run, 1, 6000
        with open(f"{run}/mgw.yaml", "w") as f:
            f.write(CONFIG.format(run=run, host=HOST, profile="mp" if kind == "psk" else "iq", anonymous="false" if kind == "mutual" else "true"))
        with open(f"{run}/actions", "w") as f:
            f.write(actions(run, kind))
        self.process = subprocess.Popen([os.path.join(common.BUILD, "src/mgw/mediasec-mgw"), "-f", "-c", f"{run}/mgw.yaml"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        preexec_fn=lambda: (common.pin(common.SERVER_CPU)(), priority()))
        end = time.monotonic() + 10
        while len(self.pids()) < 3 and time.monotonic() < end:
            time.sleep(0.05)

    def cpu(self):
        return sum(time.clock_gettime((~pid) << 3 | 2) for pid in self.pids())

    def control(self):
        """For the load, which is its controller."""
        return ["-M", f"{HOST}:2944", "-A", f"{self.run}/actions"]


class Bench:
    TESTS = ["bulk", "setups", "calls", "psk"]

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
        """Set-ups through mediasec-mgw: two Adds, the call, a Notify of its end and a Subtract, all counted; one at a time too."""
        for kind, version, words in (("tls", "1.2", "ECDSA P-256"), ("tls", "1.3", "ECDSA P-256"), ("mutual", "1.2", "ECDSA P-256, clients show a certificate"),
                                     ("mutual", "1.3", "ECDSA P-256, clients show a certificate"), ("psk", "1.2", "PSK-AES128-GCM-SHA256"), ("tcp", "1.2", "none: plain TCP")):
            peers = {"psk": ["stunnel", "floor-tls"], "tcp": ["floor-tcp"]}.get(kind, ["nginx", "hitch", "floor-tls"])
            table = self.table(f"set-ups with H.248 commands, TLS {version}, {words}", "a gateway CPU second", peers[0])

            def measure(name, gateway, load, table=table):
                table.add(name, (lambda a: a["done"] / a["cpu"])(load.do(f"setups {self.secs} 64")))
            rounds, self.rounds = self.rounds, 1
            for _ in range(rounds):
                self.each(peers, kind, measure, version, again=True)
                for name, at_once in (("mediasec-mgw", 64), ("mediasec-mgw, one call at a time", 1)):
                    if not self.only or "mediasec-mgw" in self.only:
                        table.add(name, self.commanded(kind, version, at_once))
            self.rounds = rounds

    def commanded(self, kind, version, at_once):
        gateway = Commanded(self.run, kind)
        load = Load(gateway, self.run, kind, version, gateway.control())
        n = int((4000 if at_once > 1 else 1000) * self.secs)
        try:
            load.do(f"calls 300 {at_once}")
            before = gateway.cpu()
            a = load.do(f"calls {n} {at_once}")
            used = gateway.cpu() - before
        finally:
            load.stop()
            gateway.stop()
        if a["done"] != n or a["repeated"]:
            print(f"note: {a['done']} of {n} calls, {a['repeated']} requests sent again")
        return a["done"] / used

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


def measure(rounds, bench=Bench, **how):
    """What bench/run.py calls: all of its tests, one after another; the tables of each as soon as they are there."""
    options = argparse.Namespace(rounds=rounds, secs=1.5, only=None, tests=bench.TESTS)
    for name, value in how.items():
        setattr(options, name, value)
    with common.TemporaryFolder() as run:
        certificates(run)
        b = bench(options, run)
        for name in options.tests or bench.TESTS:
            first = len(b.tables)
            getattr(b, name)()
            yield from b.tables[first:]


def main(bench, description):
    global HOST
    p = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("tests", nargs="*", help=", ".join(bench.TESTS))
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--secs", type=float, default=1.5)
    p.add_argument("--only", type=lambda s: s.split(","))
    p.add_argument("--host", default=HOST, help="loopback address; two runs at once need two")
    p.add_argument("--no-build", action="store_true")
    options = p.parse_args()
    for name in options.tests:
        if name not in bench.TESTS:
            p.error(f"no test {name}; there are {', '.join(bench.TESTS)}")
    HOST = options.host
    if not options.no_build:
        common.build()
    for table in measure(options.rounds, bench, secs=options.secs, only=options.only, tests=options.tests):
        table.show()
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(Bench, __doc__))
