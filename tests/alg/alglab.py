# SPDX-License-Identifier: Apache-2.0
"""The lab with a mediasec-alg between the clients and Kamailio."""
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
import lab as base  # noqa: E402
from patience import deadline, long, over  # noqa: E402
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
            s.settimeout(long(10))
            s.connect(self.path)
            s.sendall(json.dumps({"command": command, "args": args}).encode() + b"\n")
            answer = json.loads(s.makefile().readline())
        if not answer["ok"]:
            raise base.LabError(answer["error"])
        return answer["result"]


class Daemon:
    """A running mediasec-NAME with this configuration."""

    def __init__(self, name, folder, config):
        self.name, self.dir = name, folder
        os.makedirs(folder, exist_ok=True)
        socket_path = os.path.join(folder, name + ".sock")
        if name in ("alg", "ibcf"):  # nobody answers the BYEs of the end
            config = base.merge({"sip": {"release_wait": "200ms"}}, config)
        self.config = config = base.merge({"daemon": {"control": socket_path, "log_level": "debug"}}, config)
        self.write(config)
        self.control = Control(socket_path)
        self.start()

    def write(self, config):
        with open(os.path.join(self.dir, self.name + ".yaml"), "w", encoding="utf-8") as f:
            f.write(base.yaml_of(config))

    def reload(self, **changes):
        """With these changes to what it began with."""
        self.write(base.merge(self.config, changes))
        return self.control.ask("reload")

    def start(self):
        self.log = open(os.path.join(self.dir, self.name + ".log"), "ab")
        self.process = subprocess.Popen([program(self.name, "mediasec-" + self.name), "-f", "-c",
                                         os.path.join(self.dir, self.name + ".yaml")],
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        end = deadline(15)
        while True:
            try:
                self.control.ask("status")
                return
            except (OSError, ValueError):
                if self.process.poll() is not None or over(end):
                    raise base.LabError(f"mediasec-{self.name} does not start: {self.text()}") from None
                time.sleep(0.05)

    def counter(self, name):
        return self.control.ask("counters")[name]

    def text(self):
        with open(os.path.join(self.dir, self.name + ".log"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def scrape(self, port):
        """{"name{labels}": value} of GET /metrics."""
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            lines = answer.read().decode().splitlines()
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}

    def kill(self):
        self.process.kill()
        self.process.wait(long(5))
        self.log.close()

    def stop(self):
        """Ends it; it must end well, and its log must be free of what sanitizers write."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(long(40))
        self.log.close()
        for words in ("Sanitizer", "runtime error:"):
            if words in self.text():
                raise base.LabError(self.text()[-6000:])
        if self.process.returncode != 0:
            raise base.LabError(f"mediasec-{self.name} ended with {self.process.returncode}")


class Alg(Daemon):
    """A running mediasec-alg."""

    def __init__(self, folder, core, address="127.0.0.1", users=None, tls=None, **changes):
        self.access, self.core = reserve(2, users or address), reserve(1, address)
        self.address, self.access_address = address, users or address
        host, user = base_host(address), base_host(self.access_address)
        listen = [{"side": "access", "transport": t, "address": f"{user}:{self.access}"} for t in ("udp", "tcp")]
        listen += [{"side": "core", "transport": t, "address": f"{host}:{self.core}"} for t in ("udp", "tcp")]
        sip = {"listen": listen, "core": core}
        if tls:
            listen.append({"side": "access", "transport": "tls", "address": f"{user}:{self.access + 1}"})
            sip["certificate"] = tls
        super().__init__("alg", folder, base.merge({"sip": sip}, changes))


def base_host(address):
    return f"[{address}]" if ":" in address else address
