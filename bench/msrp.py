#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A file, and small messages both ways, over MSRP and TLS-PSK on one loopback connection, against
SSL_read() and SSL_write() alone on the same suite.

    bench/msrp.py [ROUNDS]
"""
import subprocess
import sys

from common import CLIENT_CPU, SERVER_CPU, Table, build, pin, program

FILE_MIB, CHAT_MESSAGES, PORT = 512, 50000, 11095


def pair(mode, count):
    """(seconds of wall, CPU seconds of sink and source together)"""
    sink = subprocess.Popen([program("msrp-tls"), mode, "sink", str(PORT), str(count)], stdout=subprocess.PIPE, text=True,
                            preexec_fn=pin(SERVER_CPU))
    source = subprocess.run([program("msrp-tls"), mode, "source", str(PORT), str(count)], capture_output=True, text=True,
                            timeout=120, preexec_fn=pin(CLIENT_CPU))
    out, _ = sink.communicate(timeout=120)
    if sink.returncode or source.returncode:
        sys.exit(f"bench: msrp-tls {mode}: {source.stderr}")
    figures = [float(x) for x in (out + source.stdout).split()]
    return max(figures[0], figures[2]), figures[1] + figures[3]


def measure(rounds):
    bulk = Table(f"a file of {FILE_MIB} MiB", "MiB per CPU second of both ends", "OpenSSL alone")
    wall = Table("the same by the clock, an end on each core", "MiB a second", "OpenSSL alone")
    chat = Table("300 octets each way, all answered", "messages per CPU second of both ends", "OpenSSL alone")
    for _ in range(rounds):
        for name, kind in (("MSRP over TLS-PSK", "ours"), ("OpenSSL alone", "raw")):
            seconds, cpu = pair(kind + "-file", FILE_MIB)
            bulk.add(name, FILE_MIB / cpu)
            wall.add(name, FILE_MIB / seconds)
            _, cpu = pair(kind + "-chat", CHAT_MESSAGES)
            chat.add(name, 2 * CHAT_MESSAGES / cpu)
    return [bulk, wall, chat]


if __name__ == "__main__":
    build()
    for table in measure(int(sys.argv[1]) if len(sys.argv) > 1 else 5):
        table.show()
