#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tshark-binary.py RECODE FLOWS: tshark reads what our binary codec writes of messages in text, without a malformed
packet and with the same transactions."""
import glob
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

PORT = 2945  # RFC 3525 section 9


def packet(payload):
    """Raw IPv4 and UDP; checksums 0, which tshark does not check."""
    udp = struct.pack("!HHHH", PORT, PORT, 8 + len(payload), 0) + payload
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, b"\x7f\0\0\1", b"\x7f\0\0\2") + udp


def pcap(path, payloads):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))  # LINKTYPE_RAW
        for payload in payloads:
            p = packet(payload)
            f.write(struct.pack("<IIII", 0, 0, len(p), len(p)) + p)


def dissect(path):
    fields = ["-T", "fields", "-e", "h248.transactionRequest.transactionId", "-e", "h248.transactionreply.transactionId", "-e", "_ws.malformed", "-e", "_ws.expert.message"]
    out = subprocess.run(["tshark", "-n", "-r", path, "-d", f"udp.port=={PORT},h248"] + fields, capture_output=True,
                         text=True, timeout=300, check=True)
    return [line.split("\t") for line in out.stdout.splitlines()]


def main():
    recode, flows = sys.argv[1:3]
    if not shutil.which("tshark"):
        print("skipped: no tshark")
        sys.exit(77)
    messages = []
    for path in sorted(glob.glob(os.path.join(flows, "*"))):
        with open(path, "rb") as f:
            messages.append(f.read())
    with tempfile.TemporaryDirectory() as folder:
        framed = os.path.join(folder, "messages")
        with open(framed, "wb") as f:
            f.write(b"".join(len(m).to_bytes(4, "big") + m for m in messages))
        written = subprocess.run([recode, framed], check=True, capture_output=True).stdout
        ours = []
        while written:
            size = int.from_bytes(written[:4], "big")
            ours.append(written[4:4 + size])
            written = written[4 + size:]
        pcap(os.path.join(folder, "h248.pcap"), ours)
        rows = dissect(os.path.join(folder, "h248.pcap"))
    faults = [f"message {i}: {row}" for i, row in enumerate(rows) if any(row[2:])]
    wanted = [re.findall(rb"(?:Transaction|Reply) = ([0-9]+)", m) for m in messages]
    for i, (row, want) in enumerate(zip(rows, wanted)):
        seen = ",".join(filter(None, row[:2])).split(",")
        if seen != [w.decode() for w in want]:
            faults.append(f"message {i}: transactions {seen}")
    print("\n".join(faults + [f"{len(rows)} messages, {len(faults)} faults"]))
    sys.exit(1 if faults or len(rows) != len(messages) or not rows else 0)


main()
