#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What passes, seen by HEP: IMS-ALG and gateway export a call, `mediasec trace` keeps and draws it."""
import contextlib
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../ue"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from scenario import main, same  # noqa: E402
from alglab import program  # noqa: E402
from media import EDGE, edge, talk, through  # noqa: E402
from patience import long, until  # noqa: E402
from ports import reserve  # noqa: E402


class Trace:
    """A collector, and the drawing of what it has."""

    def __init__(self, folder):
        self.file, self.port = os.path.join(folder, "hep"), reserve(1)
        self.program = program("ctl", "mediasec")
        self.process = subprocess.Popen([self.program, "trace", "collect", "-l", f"127.0.0.1:{self.port}", self.file],
                                        stderr=subprocess.PIPE, text=True)
        until(lambda: os.path.exists(self.file), 10, "the collector listens")

    def keys(self, number):
        return {"hep": {"address": f"127.0.0.1:{self.port}", "id": number}}

    def draw(self, *args):
        return subprocess.run([self.program, "trace", "draw", *args, self.file], check=True, capture_output=True, text=True,
                              timeout=long(30)).stdout

    def stop(self):
        self.process.terminate()
        said = self.process.communicate(timeout=long(10))[1]
        assert ", 0 not HEP" in said, said
        return int(said.split()[0])


@contextlib.contextmanager
def traced(lab, **how):
    """A chat, secured to the edge on both sides, seen by a collector."""
    trace = Trace(lab.dir)
    with edge(lab, "alice", "bob", gateway=trace.keys(2), **trace.keys(1), **how) as (alg, (gateway,)):
        for name in ("alice", "bob"):
            through(lab, alg, name, media=EDGE)
        leg = [("access", "certificate", "agnostic"), ("core", "none", "agnostic")]
        talk(lab, gateway, leg * 2)
        names = ["127.0.0.1=users", f"127.0.0.1:{alg.access}=P-CSCF", f"127.0.0.1:{alg.core}=P-CSCF",
                 f"127.0.0.1:{gateway.port}=AGW", "agw1.example.net=AGW", "alg1.example.net=P-CSCF", f"127.0.0.1:{lab.sip_port}=core"]
        names += [f"127.0.0.1:{first}-{last}=AGW" for first, last in gateway.media]
    assert trace.stop() > 20
    yield trace, [x for n in names for x in ("-n", n)]


def order(text, *wanted):
    """These stand in the ladder, one after another."""
    at = 0
    for what in wanted:
        found = re.compile(what).search(text, at)
        if not found:
            raise AssertionError(f"no {what} after {text[:at][-200:]!r} in\n{text}")
        at = found.end()


def ladder(lab, **how):
    with traced(lab, **how) as (trace, names):
        svg = os.path.join(lab.dir, "flow.svg")
        text = trace.draw(*names, "-w", "36", "-s", svg)
        print(text)
        order(text, r"ServiceChange ROOT 901", r"INVITE sip:", r"Add \$", r"Reply \d+ C=\d+ Add (?:ip|b)/\w+",
              r"TCP up: ip/access", r"TLS up: ip/access", r"BYE sip:", r"Subtract")
        heads = text.splitlines()[0].split()
        same(sorted(heads), sorted(["users", "P-CSCF", "AGW", "core"]), "participants")
        assert not re.search("====.* (Transaction|Reply)", text), "control of a gateway is between two participants"
        adds = re.findall(r"Transaction (\d+) C=\S+ Add", text)
        same(len(adds), len(set(adds)), "a message that both exported counts once")
        assert "setup:" in text and "TCP/TLS/MSRP" in text and "3ge2ae" in text, text
        lines = [e for e in ET.parse(svg).getroot().iter("{http://www.w3.org/2000/svg}title")]
        assert len(lines) == len(re.findall(r"^ *\d+\.\d{3} ", text, re.M)), len(lines)


def in_text(lab):
    """H.248 in text over UDP"""
    ladder(lab)


def in_binary(lab):
    """H.248 in BER over TCP"""
    ladder(lab, transport="tcp", encoding="binary")


if __name__ == "__main__":
    main(in_text, in_binary)
