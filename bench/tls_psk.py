#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""TLS-PSK in memory against OpenSSL alone: set-ups, bulk, heap of an idle session pair.

    bench/tls_psk.py [ROUNDS]
"""
import sys

from common import Table, build, on_server_core, program

SUITES = ["PSK-AES128-GCM-SHA256", "PSK-AES256-GCM-SHA384", "PSK-AES128-CBC-SHA"]
TITLES = {
    "setups_per_s": ("set-ups", "a second, both peers on one core"),
    "bulk_mib_per_s": ("bulk", "MiB a second, both peers on one core"),
    "idle_pair_octets": ("heap of two idle peers", "octets; less is better"),
}


def measure(rounds):
    """Tables of all suites; OpenSSL alone is the reference."""
    tables = []
    for suite in SUITES:
        found = {}
        for line in on_server_core([program("tls-psk"), suite, str(rounds)], timeout=600).splitlines():
            name, ours, bare = line.split()
            if name not in found:
                title, unit = TITLES[name]
                found[name] = Table(f"TLS-PSK {title}, {suite}", unit, "OpenSSL alone")
            found[name].add("mediasec", float(ours))
            found[name].add("OpenSSL alone", float(bare))
        tables += found.values()
    return tables


if __name__ == "__main__":
    build()
    for table in measure(int(sys.argv[1]) if len(sys.argv) > 1 else 5):
        table.show()
