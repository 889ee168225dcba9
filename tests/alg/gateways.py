# SPDX-License-Identifier: Apache-2.0
"""Media gateways for the lab: mediasec-mgw, and the part of a controller's configuration that names them."""
import os
import subprocess
import time

from alglab import Control, base, program
from patience import deadline, long, over
from ports import reserve


class Gateway:
    """A running mediasec-mgw that registers with a controller."""

    def __init__(self, folder, name, controllers, profile="iq", transport="udp", encoding="pretty", address="127.0.0.1",
                 ports=40, **changes):
        self.dir, self.name = folder, f"{name}.example.net"
        os.makedirs(folder, exist_ok=True)
        self.port = reserve(1, address)
        access, core = reserve(ports, address), reserve(ports, address)
        self.media = [(first, first + ports - 1) for first in (access, core)]
        config = {
            "daemon": {"control": os.path.join(folder, "mgw.sock"), "log_level": "debug"},
            "h248": {"mid": self.name, "profile": profile, "avalanche": "0s", "retry": "500ms", "t_max": "3s",
                     "listen": f"{address}:{self.port}",
                     "controllers": [{"address": c, "transport": transport, "encoding": encoding} for c in controllers]},
            "realms": [{"name": "access", "address": f"{address}:9", "port_min": access, "port_max": access + ports - 1},
                       {"name": "core", "address": f"{address}:9", "port_min": core, "port_max": core + ports - 1}],
            "media": {"workers": 1},
        }
        with open(os.path.join(folder, "mgw.yaml"), "w", encoding="utf-8") as f:
            f.write(base.yaml_of(base.merge(config, changes)))
        self.control = Control(os.path.join(folder, "mgw.sock"))
        self.start()

    def start(self):
        self.log = open(os.path.join(self.dir, "mgw.log"), "ab")
        env = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")
        self.process = subprocess.Popen([program("mgw", "mediasec-mgw"), "-f", "-c", os.path.join(self.dir, "mgw.yaml")],
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=env)

    def wait(self, what, timeout=15):
        """Until what(self) is true; a gateway that is just starting has no socket yet."""
        end = deadline(timeout)
        while True:
            try:
                got = what(self)
                if got:
                    return got
            except (OSError, ValueError, base.LabError):
                pass
            if over(end):
                raise base.LabError(f"{self.name}: {self.text()[-3000:]}")
            time.sleep(0.05)

    def registered(self):
        return self.wait(lambda g: g.control.ask("status")["association"] == "in service")

    def contexts(self):
        return self.control.ask("contexts")

    def empty(self):
        """Everything was subtracted."""
        return self.wait(lambda g: g.contexts() == [])

    def gone(self, controller):
        """The controller has noticed."""
        return self.wait(lambda g: [c["state"] for c in controller.control.ask("gateways") if g.name in c["name"]] == ["away"])

    def text(self):
        with open(os.path.join(self.dir, "mgw.log"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def kill(self):
        """As if its power went away: the parent and, with it, its roles."""
        self.process.kill()
        self.process.wait(long(10))
        self.log.close()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(long(40))
        if not self.log.closed:
            self.log.close()
        for words in ("Sanitizer", "runtime error:"):
            if words in self.text():
                raise base.LabError(self.text()[-6000:])


def controller(port, *gateways, name="alg1", transport="udp", encoding="pretty", address="127.0.0.1", **changes):
    """The section h248 of a controller."""
    return base.merge({"mid": f"{name}.example.net",
                       "listen": [{"address": f"{address}:{port}", "transport": transport, "encoding": encoding}],
                       "gateways": [g if isinstance(g, dict) else {"name": f"{g}.example.net", "realms": "access core"}
                                    for g in gateways],
                       "heartbeat": "1s", "t_max": "3s"}, changes)
