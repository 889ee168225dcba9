# SPDX-License-Identifier: Apache-2.0
"""A whole system on loopback: Kamailio, our KMS, users with keys and clients. The demonstration and the
scenario tests are written with it. Ports are below 12000; everything lies in one folder.

    with Lab(folder) as lab:
        lab.start("alice", "bob")
        bob = lab.ue("bob", "listen", "--count", "1")
        bob.wait("registered")
        lab.ue("alice", "send", lab.uri("bob"), "hello").finish(0)
        assert bob.wait("message")["text"] == "hello"
"""
import json
import os
import queue
import secrets
import signal
import socket
import subprocess
import threading
import time

from patience import deadline, left, long, over
from ports import reserve

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("MS_BUILD_DIR") or os.path.join(os.path.dirname(HERE), "build")
DOMAIN = "example.org"
KMS_IDENTITY = f"sip:kms@{DOMAIN}"
MSRP_PORTS_EACH = 60


class LabError(Exception):
    pass


def program(name):
    for folder in ("ue", "kms", "ctl", "mgw", "alg", "ibcf", "list"):
        path = os.path.join(BUILD, "src", folder, name)
        if os.access(path, os.X_OK):
            return path
    raise LabError(f"{name} is not built under {BUILD}")


def wait_for_port(address, port, process, timeout=15):
    end = deadline(timeout)
    while not over(end):
        try:
            socket.create_connection((address, port), timeout=left(end)).close()
            return
        except OSError:
            if process.poll() is not None:
                raise LabError(f"it ended with status {process.returncode} before it listened on port {port}")
            time.sleep(0.05)
    raise LabError(f"nothing listens on {address}:{port} after {long(timeout)} s")


def yaml_of(value, indent=0):
    """Enough YAML for our configurations: mappings, lists of mappings or scalars, scalars."""
    pad, text = "  " * indent, ""
    for key, v in value.items():
        if isinstance(v, dict):
            text += f"{pad}{key}:\n{yaml_of(v, indent + 1)}" if v else ""
        elif isinstance(v, list):
            text += f"{pad}{key}:\n"
            for item in v:
                lines = yaml_of(item, indent + 2) if isinstance(item, dict) else f"{pad}    {scalar(item)}\n"
                text += f"{pad}  - {lines.lstrip()}"
        else:
            text += f"{pad}{key}: {scalar(v)}\n"
    return text


def scalar(v):
    if isinstance(v, bool):
        return "true" if v else "false"
    return str(v) if isinstance(v, int) else json.dumps(v)


def merge(base, changes):
    out = dict(base)
    for key, v in changes.items():
        out[key] = merge(out[key], v) if isinstance(v, dict) and isinstance(out.get(key), dict) else v
    return out


class Ue:
    """A running mediasec-ue with --json."""

    def __init__(self, name, arguments, config, log, stdin, options=()):
        self.name, self.log, self.seen, self.events = name, log, [], queue.Queue()
        command = [program("mediasec-ue"), "-c", config, "--json", *options, *arguments]
        self.err = open(log + ".err", "ab")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=self.err)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        with open(self.log, "ab") as log:
            for line in self.process.stdout:
                log.write(line)
                log.flush()
                try:
                    event = json.loads(line)
                except ValueError:
                    event = {"event": "garbage", "line": line.decode("utf-8", "replace")}
                self.seen.append(event)
                self.events.put(event)
        self.events.put(None)

    def wait(self, *names, timeout=15):
        """The next event of one of these names; others on the way are passed over."""
        end, passed = deadline(timeout), []
        while True:
            try:
                event = self.events.get(timeout=left(end))
            except queue.Empty:
                raise LabError(f"{self.name}: no {' or '.join(names)} within {long(timeout)} s; came: {passed}") from None
            if event is None:
                self.events.put(None)
                raise LabError(f"{self.name}: ended without {' or '.join(names)}; came: {passed}")
            if event["event"] in names:
                return event
            passed.append(event["event"])

    def wait_all(self, *names, timeout=15):
        """One event of each of these names, in whatever order they come."""
        found = {}
        while len(found) < len(names):
            event = self.wait(*[n for n in names if n not in found], timeout=timeout)
            found[event["event"]] = event
        return [found[n] for n in names]

    def type(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def close_stdin(self):
        self.process.stdin.close()

    def finish(self, code=0, timeout=30):
        """Waits for the end and checks the exit code; None: any."""
        try:
            got = self.process.wait(long(timeout))
        except subprocess.TimeoutExpired:
            self.stop()
            raise LabError(f"{self.name}: still running after {long(timeout)} s") from None
        self.reader.join(5)
        self.err.close()
        if code is not None and got != code:
            raise LabError(f"{self.name}: exit code {got}, not {code}: {self.seen[-3:]}")
        return got

    def stop(self, timeout=8):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(long(timeout))
            except subprocess.TimeoutExpired:
                self.kill()
        if self.process.stdin and not self.process.stdin.closed:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                pass

    def kill(self):
        """As if its power went away."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(long(5))


class Lab:
    arbiters = ""  # a PSI whose owners may have any ticket resolved
    domain, gate = DOMAIN, ""  # of its users; the IBCF to other domains (HOST:PORT)
    lists = ""  # the list server (HOST:PORT)

    def __init__(self, folder, address="127.0.0.1", tls=False):
        self.dir, self.tls = os.path.abspath(folder), tls
        self.sip_dir, self.kms_dir = os.path.join(self.dir, "sip"), os.path.join(self.dir, "kms")
        self.users, self.ues, self.kms = {}, [], None
        self.settle(address)

    def settle(self, address):
        """Everything is to be at this address; before start()."""
        self.address = address
        self.host = f"[{address}]" if ":" in address else address  # as it stands before a port
        self.sip_port = reserve(2, address)
        self.kms_port = reserve(1, address)
        self.msrp_first = reserve(MSRP_PORTS_EACH, address)
        self.msrp_ports = f"{self.msrp_first}-{self.msrp_first + MSRP_PORTS_EACH - 1}"

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is not None:
            print(self.logs(), flush=True)
        self.stop()
        if error is None:
            self.check_sanitizers()

    def uri(self, name):
        return f"sip:{name}@{self.domain}"

    def password(self, name):
        return self.users[name]

    # ---- the system ----

    def start(self, *names):
        os.makedirs(self.sip_dir, exist_ok=True)
        os.makedirs(self.kms_dir, exist_ok=True)
        for name in names:
            self.users[name] = secrets.token_hex(8)
        with open(os.path.join(self.sip_dir, "users"), "w", encoding="ascii") as f:
            f.writelines(f"{name} {password}\n" for name, password in self.users.items())
        self._kamailio("start", self.address, str(self.sip_port))
        self.start_kms(new=True)
        for name in names:
            self._provision(name)

    def _kamailio(self, verb, *arguments):
        env = dict(os.environ, LAB_DOMAIN=self.domain, LAB_TLS="1" if self.tls else "0", LAB_GATE=self.gate,
                   LAB_LISTS=self.lists)
        with open(os.path.join(self.dir, "kamailio.sh.log"), "ab") as log:
            done = subprocess.run([os.path.join(HERE, "kamailio.sh"), verb, self.sip_dir, *arguments], env=env,
                                  stdout=log, stderr=subprocess.STDOUT, timeout=long(60), check=False)
        if done.returncode:
            raise LabError(f"kamailio.sh {verb} failed, see {self.dir}/kamailio.sh.log")

    def start_kms(self, new=False):
        config = os.path.join(self.kms_dir, "kms.yaml")
        if new:
            self._run(program("mediasec-kms"), "--make-master", os.path.join(self.kms_dir, "master"))
            with open(config, "w", encoding="utf-8") as f:
                f.write(yaml_of(self._kms_config()))
        self.kms_log = open(os.path.join(self.dir, "kms.log"), "ab")
        # Its roles are sandboxed, where LeakSanitizer cannot do its work (and would wait for ever).
        env = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")
        self.kms = subprocess.Popen([program("mediasec-kms"), "-c", config, "-f"], stdin=subprocess.DEVNULL,
                                    stdout=self.kms_log, stderr=self.kms_log, env=env)
        wait_for_port(self.address, self.kms_port, self.kms)
        end = deadline(10)
        while True:  # the vault's own socket comes by itself
            try:
                self.ctl("status")
                return
            except LabError:
                if over(end):
                    raise
                time.sleep(0.05)

    def _kms_config(self):
        def at(name):
            return os.path.join(self.kms_dir, name)
        return {"daemon": {"control": at("control.sock")},
                "identity": KMS_IDENTITY,
                "http": {"listen": [f"{self.host}:{self.kms_port}"]},
                "vault": {"control": at("vault.sock"), "store": at("kms.db"), "master_key": at("master")},
                "replay": {"dir": at("replay")},
                "ticket": {"arbiters": self.arbiters},
                "audit": {"file": at("audit.log")}}

    def stop_kms(self):
        if self.kms and self.kms.poll() is None:
            self.kms.terminate()
            try:
                self.kms.wait(long(10))
            except subprocess.TimeoutExpired:
                self.kms.kill()
                raise LabError("mediasec-kms does not end on SIGTERM") from None
        if self.kms:
            self.kms_log.close()
        self.kms = None

    def _run(self, *command):
        done = subprocess.run(command, capture_output=True, text=True, timeout=long(30), check=False)
        if done.returncode:
            raise LabError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return done.stdout

    def ctl(self, *words):
        """mediasec kms WORDS..."""
        return self._run(program("mediasec"), "kms", "-s", os.path.join(self.kms_dir, "vault.sock"), *words)

    def ctl_line(self, *words):
        return " ".join([program("mediasec"), "kms", "-s", os.path.join(self.kms_dir, "vault.sock"), *words])

    def _provision(self, name):
        home = self.home(name)
        os.makedirs(os.path.join(home, "inbox"), exist_ok=True)
        self.ctl("user", "add", name, "--identity", self.uri(name), "--key-id", name,
                 "--generate", os.path.join(home, "psk"))
        fd = os.open(os.path.join(home, "password"), os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(fd, "w", encoding="ascii") as f:
            f.write(self.users[name] + "\n")
        self.configure(name)

    def forward(self, name, to):
        """Calls and messages for `name` go to `to`; None: to `name` again."""
        if to:
            self._kamailio("forward", name, to)
        else:
            self._kamailio("unforward", name)

    # ---- clients ----

    def proxy(self, _name):
        """Where this user's requests go first."""
        return f"sip:{self.host}:{self.sip_port}"

    def home(self, name):
        return os.path.join(self.dir, name)

    def configure(self, name, **changes):
        """Writes the user's configuration: the lab's defaults with these changes."""
        transport = "tls" if self.tls else "tcp"
        base = {
            "identity": self.uri(name),
            "sip": {"proxy": self.proxy(name), "transport": transport, "address": self.address,
                    "auth_user": name, "password_file": "password", "registrar": f"sip:{self.domain}"},
            "kms": {"url": f"http://{self.host}:{self.kms_port}", "identity": KMS_IDENTITY, "psk_id": name,
                    "psk_file": "psk"},
            "tickets": {"file": "tickets"},
            "media": {"port_min": self.msrp_first, "port_max": self.msrp_first + MSRP_PORTS_EACH - 1},
            "policy": {"chat": "accept", "file": "accept", "plain_message": False},
            "files": {"directory": "inbox"},
            "contacts": [{"name": other, "uri": self.uri(other)} for other in self.users if other != name],
        }
        if self.tls:
            base["sip"]["proxy"] = f"sip:{self.host}:{self.sip_port + 1};transport=tls"
            base["sip"]["ca_file"] = os.path.join(self.sip_dir, "ca.pem")
            base["sip"]["server_name"] = self.address
        path = os.path.join(self.home(name), "ue.yaml")
        with open(path, "w", encoding="utf-8") as f:
            f.write(yaml_of(merge(base, changes)))
        return path

    def ue(self, name, *arguments, stdin=False, options=()):
        """Starts the user's client with a command, or interactive without one."""
        log = os.path.join(self.home(name), f"log-{len(self.ues):03}")
        ue = Ue(name, arguments, os.path.join(self.home(name), "ue.yaml"), log, stdin or not arguments, options)
        self.ues.append(ue)
        return ue

    def online(self, name):
        """An interactive client that is registered."""
        ue = self.ue(name)
        ue.wait("registered")
        return ue

    def command_line(self, name):
        return f"{program('mediasec-ue')} -c {os.path.join(self.home(name), 'ue.yaml')}"

    # ---- the end ----

    def logs(self, lines=25):
        text = ""
        paths = [os.path.join(self.dir, "kms.log"), os.path.join(self.sip_dir, "kamailio.log"),
                 os.path.join(self.dir, "kamailio.sh.log")]
        for ue in self.ues:
            paths += [ue.log, ue.log + ".err"]
        for path in paths:
            if os.path.exists(path) and os.path.getsize(path):
                with open(path, encoding="utf-8", errors="replace") as f:
                    text += f"---- {os.path.relpath(path, self.dir)}\n" + "".join(f.readlines()[-lines:])
        return text

    def check_sanitizers(self):
        """What a sanitizer wrote fails the lab, also where nobody looked at an exit code."""
        for path in [os.path.join(self.dir, "kms.log")] + [ue.log + ".err" for ue in self.ues]:
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as f:
                    text = f.read()
                for words in ("Sanitizer", "runtime error:"):
                    if words in text:
                        raise LabError(f"{path}:\n{text[-6000:]}")

    def stop(self):
        try:
            for ue in self.ues:
                ue.stop()
            self.stop_kms()
        finally:  # whatever does not end as it should, nothing is left running
            if os.path.exists(os.path.join(self.sip_dir, "pid")):
                self._kamailio("stop")
