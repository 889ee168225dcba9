# SPDX-License-Identifier: Apache-2.0
"""A KMS of its own for each test: directories, ports, users, the client, and what tests ask of it."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
from patience import long, until  # noqa: E402
from ports import reserve  # noqa: E402

BUILD = os.environ["MS_BUILD_DIR"]
KMS = os.path.join(BUILD, "src/kms/mediasec-kms")
CTL = os.path.join(BUILD, "src/ctl/mediasec")
CLIENT = os.path.join(BUILD, "tests/kms/kms-client")
IDENTITY = "kms.example.com"

# The leak checker of a sanitizer build works with system calls that the filter forbids.
with open(KMS, "rb") as program:
    SANITIZED = b"__asan_init" in program.read()
if SANITIZED:
    os.environ["MEDIASEC_SECCOMP"] = "off"


class Failed(Exception):
    pass


def check(condition, text):
    if not condition:
        raise Failed(text)
    print("ok   -", text, flush=True)


def wait_for(f, limit, text):
    return until(f, limit, text, Failed)


class Client:
    """One kms-client; each call is one line of its language."""

    def __init__(self, kms):
        self.process = subprocess.Popen([CLIENT, "127.0.0.1", str(kms.port), IDENTITY], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=1)
        for name, (uri, key_id, key) in kms.users.items():
            self("user %s %s %s %s" % (name, uri, key_id, key))

    def __call__(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Kms:
    def __init__(self, **changes):
        self.dir = tempfile.mkdtemp(prefix="ms-kms-")
        self.port, self.metrics_port = reserve(), reserve()
        self.log_path = os.path.join(self.dir, "log")
        self.audit_path = os.path.join(self.dir, "audit")
        self.socket = os.path.join(self.dir, "vault.sock")
        self.users, self.process, self.changes = {}, None, changes
        self.write_config()
        subprocess.run([KMS, "--make-master", self.path("master")], check=True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write_config(self, **changes):
        self.changes.update(changes)
        values = {
            "daemon": {"control": self.path("kms.sock"), "log_level": "info"},
            "identity": IDENTITY,
            "http": {"listen": ["127.0.0.1:%d" % self.port],
                     "metrics": "127.0.0.1:%d" % self.metrics_port},
            "vault": {"control": self.socket, "store": self.path("kms.db"),
                      "master_key": self.path("master"), "busy": "200ms"},
            "replay": {"dir": self.path("replay")},
            "audit": {"file": self.audit_path},
        }
        for key, value in self.changes.items():
            section, _, name = key.partition("__")
            values.setdefault(section, {})[name] = value
        with open(self.path("kms.yaml"), "w") as f:
            for section, content in values.items():
                if isinstance(content, dict):
                    f.write("%s:\n" % section)
                    for name, value in content.items():
                        f.write("  %s: %s\n" % (name, json.dumps(value)))
                else:
                    f.write("%s: %s\n" % (section, json.dumps(content)))

    def keep_log(self, pipe):
        """Through us, so that a limit on the size of its files does not concern the log."""
        with pipe:
            for line in pipe:
                with open(self.log_path, "ab") as f:
                    f.write(line)

    def start(self, ready=True):
        self.process = subprocess.Popen([KMS, "-f", "-c", self.path("kms.yaml")],
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        threading.Thread(target=self.keep_log, args=(self.process.stdout,), daemon=True).start()
        if ready:
            wait_for(self.answers, 20, "the KMS serves; log: " + self.log())
        return self

    def answers(self):
        if self.process.poll() is not None:
            raise Failed("the KMS ended: " + self.log())
        try:
            return self.http("GET", "/nothing")[0] == 404
        except OSError:
            return False

    def ended(self, limit=20):
        """Exit status of a start that is expected to fail."""
        return self.process.wait(timeout=long(limit))

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=long(30))
        return self.process.returncode

    def kill(self):
        """All processes at once, as a power switch would; roles end with their parent."""
        roles = self.role_pids()
        self.process.kill()
        self.process.wait()
        for pid in roles.values():
            wait_for(lambda: not os.path.exists("/proc/%d/stat" % pid), 10, "roles end")

    def role_pids(self):
        found = {}
        for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
            try:
                with open("/proc/%d/stat" % pid) as f:
                    parent = int(f.read().rsplit(")", 1)[1].split()[1])
                with open("/proc/%d/cmdline" % pid) as f:
                    words = f.read().split("\0")
            except (OSError, IndexError):
                continue
            if parent == self.process.pid and len(words) > 1 and words[1].startswith("--role="):
                found[words[1].replace("--role=", "")] = pid
        return found

    def log(self):
        try:
            with open(self.log_path) as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def audit(self):
        with open(self.audit_path) as f:
            return f.read().splitlines()

    def ctl(self, *words, ok=True):
        p = subprocess.run([CTL, "kms", "-s", self.socket, "--json", *words], text=True,
                           capture_output=True)
        if ok and p.returncode != 0:
            raise Failed("mediasec kms %s: %s" % (" ".join(words), p.stderr))
        if not ok:
            return p
        return json.loads(p.stdout)

    def add_user(self, name, *identities, uri=None, key_id=None, more=()):
        key_id = key_id or name + "-key"
        identities = identities or ("sip:%s@example.com" % name,)
        key_file = self.path(key_id)
        words = [w for i in identities for w in ("--identity", i)]
        self.ctl("user", "add", name, *words, "--key-id", key_id, "--generate", key_file, *more)
        with open(key_file) as f:
            self.users[name] = (uri or identities[0], key_id, f.read().strip())

    def client(self):
        return Client(self)

    def http(self, method, target, body=b"", headers=(), host="127.0.0.1", timeout=10):
        """Status, headers, body of one request on a connection of its own."""
        with socket.create_connection((host, self.port), timeout=long(timeout)) as s:
            head = "%s %s HTTP/1.1\r\nHost: kms\r\nConnection: close\r\n" % (method, target)
            if body or method == "POST":
                head += "Content-Length: %d\r\n" % len(body)
            s.sendall((head + "".join("%s: %s\r\n" % h for h in headers) + "\r\n").encode() + body)
            data = b""
            while True:
                piece = s.recv(65536)
                if not piece:
                    break
                data += piece
        head, _, rest = data.partition(b"\r\n\r\n")
        if not head:
            raise Failed("no answer to %s %s" % (method, target))
        return int(head.split()[1]), head.decode("latin1"), rest

    def metrics(self):
        with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % self.metrics_port) as f:
            text = f.read().decode()
        return {m[1]: int(m[2]) for m in re.finditer(r"(?m)^([^#\s]\S*) (\d+)$", text)}

    def reason(self):
        """Why the last message was refused, by the audit log."""
        line = self.audit()[-1]
        found = re.search(r" refused reason=(\S+)", line)
        return found[1] if found else line

    def close(self):
        if self.process and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)


def run(tests):
    """Runs functions one after the other; each may take a fresh KMS as its argument."""
    failed = 0
    for test in tests:
        print("#", test.__name__, (test.__doc__ or "").strip(), flush=True)
        kms = []

        def make(**changes):
            kms.append(Kms(**changes))
            return kms[-1]

        try:
            test(make)
        except Exception as e:  # whatever it is: the other tests go on, and no process stays behind
            failed += 1
            print("FAIL -", test.__name__, repr(e), flush=True)
            for k in kms:
                print("---- log of", k.dir)
                print(k.log()[-4000:] if os.path.exists(k.log_path) else "(none)")
        for k in kms:
            k.close()
    print("%d passed, %d failed" % (len(tests) - failed, failed))
    sys.exit(1 if failed else 0)
