#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Contexts of two terminations set up and torn down at a whole mediasec-mgw (parent, control role, one
media worker, all on one core) by compact text over UDP, 64 at a time; and what a context costs in CPU.
There is no peer: Erlang megaco is a stack, not a gateway.

    bench/mgc.py [ROUNDS]
"""
import os
import subprocess
import sys

from common import BUILD, CLIENT_CPU, Server, Table, TemporaryFolder, build, pin, program

PORT, FLIGHT, SECONDS, AIM = 9911, 64, 3, 20000
MODES = (("Inactive", "gates closed"), ("SendReceive", "gates open: two listening sockets each"))

CONFIG = """daemon: {{ control: "{run}/mgw.sock", log_level: warning }}
h248:
  mid: "[127.0.0.1]:2944"
  avalanche: 0s
  controllers: [ {{ address: "127.0.0.1:{port}", encoding: compact }} ]
realms:
  - {{ name: core, address: "127.0.67.1:0", port_min: 12000, port_max: 31999 }}
  - {{ name: access, address: "127.0.67.2:0", port_min: 12000, port_max: 31999 }}
media: {{ workers: 1 }}
"""


def once(mode):
    """(contexts a second, the same a CPU second, longest answer in ms)"""
    with TemporaryFolder() as run:
        path = os.path.join(run, "mgw.yaml")
        with open(path, "w") as f:
            f.write(CONFIG.format(run=run, port=PORT))
        load = subprocess.Popen([program("mgc-load"), str(PORT), str(FLIGHT), str(SECONDS), mode],
                                stdout=subprocess.PIPE, text=True, preexec_fn=pin(CLIENT_CPU))
        server = Server([os.path.join(BUILD, "src/mgw/mediasec-mgw"), "-f", "-c", path])
        try:
            assert load.stdout.readline() == "registered\n"
            before = server.cpu()
            rate, longest, refused, _ = load.stdout.readline().split()
            cpu = server.cpu() - before
            assert int(refused) == 0, refused
            # half a second of running in is in the CPU time, too
            return float(rate), float(rate) * (SECONDS + 0.5) / cpu, float(longest) / 1000
        finally:
            load.kill()
            load.wait()
            server.stop()


def measure(rounds):
    tables = []
    for mode, what in MODES:
        rate = Table(f"H.248 contexts, {what}", "contexts a second", "the aim")
        cpu = Table(f"H.248 contexts, {what}", "contexts a CPU second", "the aim")
        for _ in range(rounds):
            a, b, _ = once(mode)
            rate.add("mediasec-mgw", a)
            cpu.add("mediasec-mgw", b)
            rate.add("the aim", AIM)
            cpu.add("the aim", AIM)
        tables += [rate, cpu]
    return tables


if __name__ == "__main__":
    build()
    for t in measure(int(sys.argv[1]) if len(sys.argv) > 1 else 3):
        t.show()
