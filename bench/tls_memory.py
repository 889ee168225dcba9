#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""TLS in memory against OpenSSL alone, by pre-shared key and by certificate: set-ups, bulk, heap of an idle pair.

    bench/tls_memory.py [ROUNDS]
"""
import sys

from common import Table, build, on_server_core, program

HOW = {
    "PSK-AES128-GCM-SHA256": "TLS-PSK", "PSK-AES256-GCM-SHA384": "TLS-PSK", "PSK-AES128-CBC-SHA": "TLS-PSK",
    "server-12": "ECDSA certificate of the server only, TLS 1.2", "server-13": "the same, TLS 1.3",
    "mutual-12": "both sides by ECDSA certificate and fingerprint, TLS 1.2", "mutual-13": "the same, TLS 1.3",
}
TITLES = {
    "setups_per_s": ("set-ups", "a second, both peers on one core"),
    "bulk_mib_per_s": ("bulk", "MiB a second, both peers on one core"),
    "idle_pair_octets": ("heap of two idle peers", "octets; less is better"),
}


def measure(rounds):
    """Tables of all suites; OpenSSL alone is the reference."""
    tables = []
    for how, words in HOW.items():
        found = {}
        for line in on_server_core([program("tls-memory"), how, str(rounds)], timeout=600).splitlines():
            name, ours, bare = line.split()
            if name not in found:
                title, unit = TITLES[name]
                found[name] = Table(f"{words}, {how}: {title}", unit, "OpenSSL alone")
            found[name].add("mediasec", float(ours))
            found[name].add("OpenSSL alone", float(bare))
        tables += found.values()
    return tables


if __name__ == "__main__":
    build()
    for table in measure(int(sys.argv[1]) if len(sys.argv) > 1 else 5):
        table.show()
