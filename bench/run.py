#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the benchmarks beside their peers and prints medians and ratios.

  bench/run.py [kms] [tls] [msrp] [--rounds N] [--records N]

kms   ticket requests and resolves a CPU second of mediasec-kms, against MIT krb5kdc's AS and TGS answers,
      the same exchange in memory (the floor of its own code) and nginx's answers to POSTs
tls   TLS-PSK set-ups and bulk of src/tls in memory, against OpenSSL alone
msrp  a file and small messages over MSRP and TLS-PSK on a loopback connection, against OpenSSL alone

Servers run on one core, generators on another; rounds of contestants alternate. What is installed for it:
scripts/setup build bench."""
import argparse
import os
import re
import subprocess
import sys

import kms
import krb5
from common import CLIENT_CPU, SERVER_CPU, Table, TemporaryFolder, build, on_server_core, pin, program

FILE_MIB, CHAT_MESSAGES = 512, 50000
MESSAGES = 50000
SECONDS = 2
MSRP_PORT = 11095


def micro():
    """{name: exchanges a second} from the engines alone, on the server's core."""
    out = on_server_core([program("mikey-micro")])
    return {m.group(1): float(m.group(2)) for m in re.finditer(r"^(\S+)\s+([0-9.]+)", out, re.M)}


def run_kms(rounds, records):
    request = Table("Ticket requests", "answers per server CPU second", "krb5kdc AS")
    resolve = Table("Ticket resolves", "answers per server CPU second", "krb5kdc TGS")
    with TemporaryFolder() as a, TemporaryFolder() as b, TemporaryFolder() as c:
        servers = []
        try:
            ours, kdc, nginx = kms.Kms(a), krb5.Kdc(b), kms.Nginx(c)
            servers += [ours, kdc, nginx]
            while ours.replay_records() < records:
                ours.load("request", 100000)
            print(f"replay records present: {ours.replay_records():,}", flush=True)
            for _ in range(rounds):
                request.add("mediasec-kms", ours.load("request", MESSAGES)[0])
                request.add("krb5kdc AS", kdc.measure("as", SECONDS))
                resolve.add("mediasec-kms", ours.load("resolve", MESSAGES)[0])
                resolve.add("krb5kdc TGS", kdc.measure("tgs", SECONDS))
                posts = nginx.measure(SECONDS)
                floor = micro()
                request.add("nginx, POST with a fixed answer", posts)
                resolve.add("nginx, POST with a fixed answer", posts)
                request.add("the exchange in memory", floor["request"])
                resolve.add("the exchange in memory", floor["resolve"])
            print(f"replay records at the end: {ours.replay_records():,}")
        finally:
            for s in servers:
                s.stop()
    request.show()
    resolve.show()


def run_tls(rounds):
    print("\n### TLS-PSK in memory, src/tls against OpenSSL alone\n\n| what | ours | OpenSSL | ratio |\n|---|---|---|---|")
    for line in on_server_core([program("tls-psk"), "PSK-AES128-GCM-SHA256", str(rounds)], timeout=600).splitlines():
        name, ours, bare, ratio = line.split()
        print(f"| {name} | {float(ours):,.0f} | {float(bare):,.0f} | {ratio} |")


def msrp_pair(mode, count):
    """(seconds of wall, CPU seconds of sink and source together)"""
    sink = subprocess.Popen([program("msrp-tls"), mode, "sink", str(MSRP_PORT), str(count)], stdout=subprocess.PIPE,
                            text=True, preexec_fn=pin(SERVER_CPU))
    source = subprocess.run([program("msrp-tls"), mode, "source", str(MSRP_PORT), str(count)], capture_output=True,
                            text=True, timeout=120, preexec_fn=pin(CLIENT_CPU))
    out, _ = sink.communicate(timeout=120)
    if sink.returncode or source.returncode:
        sys.exit(f"bench: msrp-tls {mode}: {source.stderr}")
    figures = [float(x) for x in (out + source.stdout).split()]
    return max(figures[0], figures[2]), figures[1] + figures[3]


def run_msrp(rounds):
    bulk = Table(f"A file of {FILE_MIB} MiB over one connection", "MiB per CPU second of both ends", "OpenSSL alone")
    wall = Table("The same", "MiB a second", "OpenSSL alone")
    chat = Table("300 octets each way, all answered", "messages per CPU second of both ends", "OpenSSL alone")
    for _ in range(rounds):
        for name, kind in (("MSRP over TLS-PSK", "ours"), ("OpenSSL alone", "raw")):
            seconds, cpu = msrp_pair(kind + "-file", FILE_MIB)
            bulk.add(name, FILE_MIB / cpu)
            wall.add(name, FILE_MIB / seconds)
            seconds, cpu = msrp_pair(kind + "-chat", CHAT_MESSAGES)
            chat.add(name, 2 * CHAT_MESSAGES / cpu)
    for table in (bulk, wall, chat):
        table.show()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", nargs="*")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--records", type=int, default=1000000, help="replay records present before the KMS is measured")
    args = parser.parse_args()
    unknown = set(args.what) - {"kms", "tls", "msrp"}
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}")
    build()
    what = args.what or ["kms", "tls", "msrp"]
    print(f"{os.cpu_count()} cores, {args.rounds} rounds, medians")
    if "kms" in what:
        run_kms(args.rounds, args.records)
    if "tls" in what:
        run_tls(args.rounds)
    if "msrp" in what:
        run_msrp(args.rounds)


if __name__ == "__main__":
    main()
