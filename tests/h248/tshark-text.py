#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tshark-text.py RECODE FOLDER...: the messages of versions 1 and 2 in these folders, written anew by our
text codec with short and with long tokens, as datagrams of a capture: tshark dissects each as MEGACO of
its version, transaction by transaction, and finds nothing malformed."""
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

COMPACT, PRETTY = "0", "3"


def framed(messages):
    return b"".join(struct.pack(">I", len(m)) + m for m in messages)


def unframed(data):
    messages, at = [], 0
    while at < len(data):
        n, = struct.unpack(">I", data[at:at + 4])
        messages.append(data[at + 4:at + 4 + n])
        at += 4 + n
    return messages


def capture(messages):
    """Raw IPv4, UDP from and to port 2944."""
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)
    for i, m in enumerate(messages):
        udp = struct.pack(">HHHH", 2944, 2944, 8 + len(m), 0) + m
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), i, 0, 64, 17, 0, b"\x7f\0\0\1", b"\x7f\0\0\2") + udp
        out += struct.pack("<IIII", i, 0, len(ip), len(ip)) + ip
    return out


def dissect(messages):
    with tempfile.NamedTemporaryFile(suffix=".pcap") as f:
        f.write(capture(messages))
        f.flush()
        fields = ["frame.number", "_ws.malformed", "megaco.version", "megaco.transid"]
        out = subprocess.run(["tshark", "-r", f.name, "-d", "udp.port==2944,megaco", "-T", "fields"] +
                             [x for name in fields for x in ("-e", name)], capture_output=True, text=True, timeout=300)
    return [line.split("\t") for line in out.stdout.splitlines()]


def expected(message):
    version = re.search(rb"(?:MEGACO|!)/(\d+)", message, re.I).group(1).decode()
    ids = re.findall(rb"(?m)^\s*(?:T|Transaction|P|Reply|PN|Pending)\s*=\s*(\d+)", message, re.I)
    return version, [i.decode() for i in ids]


def main():
    if not shutil.which("tshark"):
        print("skipped: no tshark")
        return 77
    recode, faults, seen = sys.argv[1], [], 0
    files = sorted(os.path.join(d, f) for d in sys.argv[2:] for f in os.listdir(d))
    originals = [open(f, "rb").read() for f in files]
    for style in (COMPACT, PRETTY):
        ours = unframed(subprocess.run([recode, style], input=framed(originals), capture_output=True, check=True).stdout)
        # tshark knows neither version 3 nor the long token of an authentication header.
        chosen = [(f, m) for f, m in zip(files, ours) if re.search(rb"(?:MEGACO|!)/[12] ", m)
                  and not m.startswith(b"Authentication")]
        rows = dissect([m for _, m in chosen])
        if len(rows) != len(chosen):
            faults.append(f"style {style}: {len(rows)} of {len(chosen)} packets")
        for (name, message), (_, malformed, version, ids) in zip(chosen, rows):
            seen += 1
            number, transactions = expected(message)
            # It reads no further than a TransactionResponseAck, of which it shows a number, too.
            if malformed or version != number or ids.split(",")[:1] != (transactions or [""])[:1]:
                faults.append(f"{name}, style {style}: {malformed} version {version} transactions {ids}")
    print("\n".join(faults) or f"{seen} messages dissected")
    return 1 if faults or seen < 20 else 0


sys.exit(main())
