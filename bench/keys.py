#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Messages of 1 kB under PSK S/MIME, with a ticket that is there: protected and opened, key exchange and all, beside what
OpenSSL's CMS calls take for the cryptography alone. And the replay cache, by how much it remembers.

    bench/keys.py [ROUNDS]
"""
import sys

from common import Table, build, on_server_core, program


def smime(rounds):
    sealing = Table("1 kB under PSK S/MIME: protecting", "messages a CPU second", "OpenSSL CMS")
    opening = Table("1 kB under PSK S/MIME: opening", "messages a CPU second", "OpenSSL CMS")
    for line in on_server_core([program("keys-micro"), "smime", str(rounds)]).splitlines()[:rounds]:
        figures = [1e6 / float(f) for f in line.split()]
        for table, mine, theirs in ((sealing, *figures[:2]), (opening, *figures[2:])):
            table.add("mediasec", mine)
            table.add("OpenSSL CMS", theirs)
    return [sealing, opening]


def replay(rounds):
    tables = {"memory": Table("replay cache in memory, full", "messages a CPU second", "1000 remembered"),
              "file": Table("the same with its file", "messages a CPU second", "1000 remembered")}
    for _ in range(rounds):
        for line in on_server_core([program("keys-micro"), "replay"]).splitlines():
            where, size, cost, _ = line.split()
            tables[where].add(f"{size} remembered", 1e6 / float(cost))
    return list(tables.values())


def measure(rounds):
    return smime(rounds) + replay(rounds)


if __name__ == "__main__":
    build()
    for t in measure(int(sys.argv[1]) if len(sys.argv) > 1 else 5):
        t.show()
