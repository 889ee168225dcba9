#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the benchmarks beside their peers and prints medians and ratios.

    bench/run.py [--rounds N] [kms] [tls] [msrp] [keys] [h248] [b2bua] [mgc] [relay] [scale]

kms   the server beside MIT krb5kdc, nginx and its own exchange in memory    (bench/kms.py)
tls   TLS by key and by certificate, set-ups and bulk, beside OpenSSL alone  (bench/tls_memory.py)
msrp  a file and small messages over TLS-PSK beside OpenSSL alone            (bench/msrp.py)
keys  messages under PSK S/MIME beside OpenSSL's CMS; the replay cache       (bench/keys.py)
h248  the codecs of H.248 beside Erlang/OTP megaco's                         (bench/h248.py)
mgc   contexts set up and torn down at the gateway by H.248 over UDP         (bench/mgc.py)
b2bua MSRP through aware endpoints beside Kamailio's relay                   (bench/b2bua.py)
relay TLS to TCP beside HAProxy, nginx, hitch and stunnel: bulk, set-ups     (bench/relay.py)
scale the same: 30,000 connections, small messages, bursts                   (bench/relay_scale.py)

Servers run on one core, generators on another; rounds of contestants alternate and ratios are taken
round by round. What is installed for it: scripts/setup build bench."""
import argparse
import os

import b2bua
import h248
import keys
import kms
import mgc
import msrp
import relay
import relay_scale
import tls_memory
from common import build

PARTS = {"kms": kms.measure, "tls": tls_memory.measure, "msrp": msrp.measure, "h248": h248.measure, "keys": keys.measure, "b2bua": b2bua.measure, "mgc": mgc.measure,
         "relay": relay.measure, "scale": relay_scale.measure}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("parts", nargs="*")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    for part in args.parts:
        if part not in PARTS:
            parser.error(f"{part}: one of {', '.join(PARTS)}")
    build()
    print(f"{os.cpu_count()} cores, {args.rounds} rounds, medians")
    for part in args.parts or PARTS:
        for table in PARTS[part](args.rounds):
            table.show()


if __name__ == "__main__":
    main()
