# SPDX-License-Identifier: Apache-2.0
"""The lab with a mediasec-alg between the clients and Kamailio."""
import json
import os
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
import lab as base  # noqa: E402
from ports import reserve  # noqa: E402

BUILD = base.BUILD


def program(folder, name):
    return os.path.join(BUILD, "src", folder, name)


class Control:
    """Asks a daemon over its control socket."""

    def __init__(self, path):
        self.path = path

    def ask(self, command, **args):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            s.settimeout(10)
            s.connect(self.path)
            s.sendall(json.dumps({"command": command, "args": args}).encode() + b"\n")
            answer = json.loads(s.makefile().readline())
        if not answer["ok"]:
            raise base.LabError(answer["error"])
        return answer["result"]


class Alg:
    """A running mediasec-alg."""

    def __init__(self, folder, core, address="127.0.0.1", access=None, tls=None, **changes):
        self.dir = folder
        os.makedirs(folder, exist_ok=True)
        self.access, self.core = reserve(2, access or address), reserve(1, address)
        self.address, self.access_address = address, access or address
        host, user = base_host(address), base_host(self.access_address)
        listen = [{"side": "access", "transport": t, "address": f"{user}:{self.access}"} for t in ("udp", "tcp")]
        listen += [{"side": "core", "transport": t, "address": f"{host}:{self.core}"} for t in ("udp", "tcp")]
        sip = {"listen": listen, "core": core}
        if tls:
            listen.append({"side": "access", "transport": "tls", "address": f"{user}:{self.access + 1}"})
            sip["certificate"] = tls
        config = {"daemon": {"control": os.path.join(folder, "alg.sock"), "log_level": "debug"}, "sip": sip}
        with open(os.path.join(folder, "alg.yaml"), "w", encoding="utf-8") as f:
            f.write(base.yaml_of(base.merge(config, changes)))
        self.control = Control(os.path.join(folder, "alg.sock"))
        self.start()

    def start(self):
        self.log = open(os.path.join(self.dir, "alg.log"), "ab")
        self.process = subprocess.Popen([program("alg", "mediasec-alg"), "-f", "-c", os.path.join(self.dir, "alg.yaml")],
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        deadline = time.time() + 15
        while True:
            try:
                self.control.ask("status")
                return
            except (OSError, ValueError):
                if self.process.poll() is not None or time.time() > deadline:
                    raise base.LabError(f"mediasec-alg does not start: {self.text()}") from None
                time.sleep(0.05)

    def counter(self, name):
        return self.control.ask("counters")[name]

    def text(self):
        with open(os.path.join(self.dir, "alg.log"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def stop(self):
        """Ends it; its log must be free of what sanitizers write."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(40)
        self.log.close()
        for words in ("Sanitizer", "runtime error:"):
            if words in self.text():
                raise base.LabError(self.text()[-6000:])
        return self.process.returncode


def base_host(address):
    return f"[{address}]" if ":" in address else address
