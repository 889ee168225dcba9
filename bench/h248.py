#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Decoding and encoding H.248 in its three codings, with the messages that Erlang/OTP megaco measures
itself with, beside megaco's best configuration of each coding.

    bench/h248.py [ROUNDS]
"""
import os
import shutil
import sys

from common import ROOT, Table, TemporaryFolder, build, on_server_core, program

CODINGS = ("pretty", "compact", "binary")
SECONDS = 1
# One scheduler and no busy waiting, so that CPU time is that of the codec.
FLAGS = "+S 1:1 +SDcpu 1:1 +SDio 1 +A 0 +sbwt none +sbwtdcpu none +sbwtdio none"


def erlang(folder):
    """{coding: (best decoding, best encoding)}, and the messages in files of `folder`"""
    env = dict(os.environ, ERL_FLAGS=FLAGS, ERL_CRASH_DUMP="/dev/null")
    out = on_server_core(["escript", os.path.join(ROOT, "bench", "h248.escript"), str(SECONDS), folder], env=env)
    best = {}
    for line in out.splitlines():
        coding, _, decoded, encoded, _ = line.split()
        old = best.get(coding, (0, 0))
        best[coding] = max(old[0], float(decoded)), max(old[1], float(encoded))
    return best


def ours(coding, folder):
    decoded, encoded, count, size = on_server_core(
        [program("h248-codec"), coding, os.path.join(folder, coding), str(SECONDS)]).split()
    return float(decoded), float(encoded), int(count), int(size)


def measure(rounds):
    if not shutil.which("escript"):
        print("h248: no Erlang here: scripts/setup bench")
        return []
    tables = {c: [Table(f"H.248 {c}: {what}", "messages a CPU second", "Erlang megaco")
                  for what in ("decoding", "encoding")] for c in CODINGS}
    with TemporaryFolder() as folder:
        for _ in range(rounds):
            peer = erlang(folder)
            for coding, (decoding, encoding) in tables.items():
                decoded, encoded, count, size = ours(coding, folder)
                for table, mine, theirs in ((decoding, decoded, peer[coding][0]), (encoding, encoded, peer[coding][1])):
                    table.add("mediasec", mine)
                    table.add("Erlang megaco", theirs)
                    if "messages," not in table.title:
                        table.title += f" ({count} messages, {size} octets on average)"
    return [t for pair in tables.values() for t in pair]


if __name__ == "__main__":
    build()
    for t in measure(int(sys.argv[1]) if len(sys.argv) > 1 else 5):
        t.show()
