# SPDX-License-Identifier: Apache-2.0
"""The lab with an access edge: users talk to an IMS-ALG, which commands media gateways by H.248.

    with EdgeLab(folder, gateways=2) as lab:
        lab.start("alice", "bob")           # Kamailio, KMS, gateways agw1 and agw2, IMS-ALG
        lab.kill("agw1")
        lab.alg_ask("sessions")
"""
import json
import os
import secrets
import subprocess
import time

from lab import Lab, LabError, merge, program, yaml_of
from patience import deadline, long, over, until
from ports import reserve

MEDIA_PORTS = 40
ALG, AGW = "alg", "agw"


class Daemon:
    """A running daemon of ours with its configuration, log and control socket."""

    def __init__(self, name, executable, folder, config):
        self.name, self.executable, self.dir = name, executable, folder
        self.process = None
        os.makedirs(folder, exist_ok=True)
        self.control = os.path.join(folder, "control.sock")
        self.log = os.path.join(folder, "log")
        self.config = os.path.join(folder, f"{name}.yaml")
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(yaml_of(merge({"daemon": {"control": self.control}}, config)))

    def start(self):
        # Roles are sandboxed, where LeakSanitizer cannot do its work (and would wait for ever).
        env = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([program(self.executable), "-c", self.config, "-f"], env=env,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = deadline(20)
        while True:
            try:
                return self.ask("status")
            except LabError as e:
                if self.process.poll() is not None or over(end):
                    raise LabError(f"{self.name} does not start: {e}\n{self.tail()}") from None
                time.sleep(0.05)

    def ask(self, *words):
        """mediasec mgw|alg|ibcf --json WORDS..."""
        command = [program("mediasec"), self.executable.split("-", 1)[1], "-s", self.control, "--json", *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=long(30), check=False)
        if done.returncode:
            raise LabError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def wait(self, what, words, test, timeout=20):
        """Until test(answer to WORDS) is true."""
        end = deadline(timeout)
        while True:
            try:
                answer = self.ask(*words)
                if test(answer):
                    return answer
            except LabError as e:  # a role that is being started again
                answer = str(e)
            if over(end):
                raise LabError(f"{self.name}: not {what} after {long(timeout)} s: {json.dumps(answer)[:800]}\n{self.tail()}")
            time.sleep(0.05)

    def children(self):
        """[(pid, role)] of its roles."""
        path = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        with open(path, encoding="ascii") as f:
            pids = [int(word) for word in f.read().split()]
        found = []
        for pid in pids:
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    found.append((pid, f.read().split(b"--role=")[-1].rstrip(b"\0").decode()))
            except FileNotFoundError:
                pass
        return found

    def tail(self, lines=30):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f"---- {self.name}\n" + "".join(f.readlines()[-lines:])

    def kill(self):
        """As if its power went away: the roles follow their parent."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(long(5))

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(long(15))
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise LabError(f"{self.name} does not end on SIGTERM\n{self.tail()}") from None


class Trace:
    """What passes, as the daemons export it in HEP: collected into one file a flow, and drawn."""

    def __init__(self, folder):
        self.dir, self.port, self.process, self.file = folder, reserve(1), None, None

    def hep(self, number):
        return {"hep": {"address": f"127.0.0.1:{self.port}", "id": number}}

    def begin(self, flow):
        os.makedirs(self.dir, exist_ok=True)
        self.file = os.path.join(self.dir, f"{flow}.hep")
        if os.path.exists(self.file):
            os.unlink(self.file)
        self.process = subprocess.Popen([program("mediasec"), "trace", "collect", "-l", f"127.0.0.1:{self.port}", self.file],
                                        stderr=subprocess.DEVNULL)
        until(lambda: os.path.exists(self.file), 10, "the collector listens", LabError)

    def end(self, names, width=22):
        """The ladder's text; beside the collected file there is NAME.svg and NAME.txt then."""
        self.stop()
        options = [x for n in names for x in ("-n", n)]
        base = self.file[:-len(".hep")]
        text = subprocess.run([program("mediasec"), "trace", "draw", *options, "-w", str(width), "-s", base + ".svg", self.file],
                              check=True, capture_output=True, text=True, timeout=long(60)).stdout
        with open(base + ".txt", "w", encoding="utf-8") as f:
            f.write(text)
        return text

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(long(10))


class EdgeLab(Lab):
    """One network: Kamailio, an IMS-ALG before it, gateways agw1.. beside it."""

    def __init__(self, folder, address="127.0.0.1", gateways=1, number=0, alg=None, mgw=None, trace=None, **more):
        self.trace = trace
        self.n_gateways, self.number = gateways, number
        self.alg_changes, self.mgw_changes = alg or {}, mgw or {}
        self.daemons = {}
        super().__init__(folder, address, **more)

    def settle(self, address):
        super().settle(address)
        self.alg_port = reserve(1, address)
        self.alg_core_port = reserve(1, address)
        self.h248_port = reserve(1, address)

    def proxy(self, _name):
        return f"sip:{self.host}:{self.alg_port}"

    # ---- configurations ----

    def gateway_names(self):
        return [f"{AGW}{i + 1}" for i in range(self.n_gateways)]

    def alg_config(self):
        gateways = [{"name": f"{name}.example.net", "weight": 1} for name in self.gateway_names()]
        points = [{"side": side, "transport": transport, "address": f"{self.host}:{port}"}
                  for side, port in (("access", self.alg_port), ("core", self.alg_core_port))
                  for transport in ("udp", "tcp")]
        base = {"sip": {"listen": points, "core": f"{self.host}:{self.sip_port}", "core_transport": "tcp",
                        "state": os.path.join(self.dir, ALG, "calls"), "token_key": self.token_key()},
                "access": {"unregistered": "pass"},
                "h248": {"mid": "alg1.example.net", "heartbeat": "1s", "silence": "3s", "t_max": "3s",
                         "state": os.path.join(self.dir, ALG, "state"),
                         "listen": [{"address": f"{self.host}:{self.h248_port}", "encoding": "pretty"}],
                         "gateways": gateways}}
        base.update(self.trace.hep(1) if self.trace else {})
        return merge(base, self.alg_changes)

    def token_key(self):
        path = os.path.join(self.dir, ALG, "token")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as f:
            f.write(secrets.token_bytes(32))
        return path

    def mgw_config(self, index):
        realms = []
        for realm, block in (("access", 20), ("core", 40)):
            address = f"127.0.{self.number}.{block + index + 1}"
            first = reserve(MEDIA_PORTS, address)
            realms.append({"name": realm, "address": address, "port_min": first, "port_max": first + MEDIA_PORTS - 1})
        base = {"h248": {"mid": f"{AGW}{index + 1}.example.net", "listen": f"127.0.{self.number}.{41 + index}:{self.h248_port}", "avalanche": "0s", "retry": "300ms", "t_max": "3s",
                         "controllers": [{"address": f"{self.host}:{self.h248_port}", "encoding": "pretty"}]},
                "realms": realms, "media": {"workers": 1}}
        base.update(self.trace.hep(index + 2) if self.trace else {})
        return merge(base, self.mgw_changes)

    def names(self):
        """Who is who in a drawing, from left to right."""
        return [f"{self.address}=users", f"{self.address}:{self.alg_port}=IMS-ALG", f"{self.address}:{self.alg_core_port}=IMS-ALG",
                f"{self.address}:{self.h248_port}=IMS-ALG"] + \
            [f"127.0.{self.number}.{block + i + 1}={name}" for i, name in enumerate(self.gateway_names()) for block in (20, 40)] + \
            [f"{self.address}:{self.sip_port}=Kamailio"]

    # ---- life ----

    def start(self, *names):
        super().start(*names)
        self.daemons[ALG] = Daemon(ALG, "mediasec-alg", os.path.join(self.dir, ALG), self.alg_config())
        self.daemons[ALG].start()
        for i, name in enumerate(self.gateway_names()):
            self.daemons[name] = Daemon(name, "mediasec-mgw", os.path.join(self.dir, name), self.mgw_config(i))
            self.start_gateway(name)

    def start_gateway(self, name):
        self.daemons[name].start()
        self.daemons[name].wait("registered", ["status"], lambda s: s["association"] == "in service")

    def __getitem__(self, name):
        return self.daemons[name]

    def kill(self, name):
        self.daemons[name].kill()

    def logs(self, lines=25):
        return super().logs(lines) + "".join(d.tail(lines) for d in self.daemons.values() if os.path.exists(d.log))

    def check_sanitizers(self):
        super().check_sanitizers()
        for d in self.daemons.values():
            text = d.tail(100000) if os.path.exists(d.log) else ""
            for words in ("Sanitizer", "runtime error:", "a system call outside its list"):
                if words in text:
                    raise LabError(f"{d.name}:\n{text[-6000:]}")

    def stop(self):
        try:
            for d in self.daemons.values():
                d.stop()
        finally:
            for d in self.daemons.values():
                d.kill()
            if self.trace:
                self.trace.stop()
            super().stop()
