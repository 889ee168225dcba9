#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""asn1c.py RECODE SEEDS: the binary codec against asn1c's.

asn1c makes a codec of RFC 3525's module (version 1). Each seed of version 1 goes through ours, with definite and
with indefinite lengths, then through asn1c's; what that writes goes through ours again. All must be the same
octets, since both write definite lengths in the shortest form. asn1c's skeleton is a test's, never a daemon's: it is
known to hang on hostile input."""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def frame(messages):
    return b"".join(len(m).to_bytes(4, "big") + m for m in messages)


def unframe(octets):
    messages = []
    while octets:
        size = int.from_bytes(octets[:4], "big")
        messages.append(octets[4:4 + size])
        octets = octets[4 + size:]
    return messages


def version(message):
    """The first INTEGER: SEQUENCE, mess, version."""
    at = 0
    for _ in range(2):
        at += 2 if message[at + 1] < 0x80 or message[at + 1] == 0x80 else 2 + (message[at + 1] & 0x7f)
    return message[at + 2] if message[at] == 0x80 else 0


def build(folder):
    subprocess.run(["asn1c", "-fnative-types", "-fcompound-names", os.path.join(HERE, "rfc3525.asn1")], cwd=folder, check=True,
                   capture_output=True)
    sources = [f for f in sorted(glob.glob(os.path.join(folder, "*.c"))) if not f.endswith("converter-sample.c")]
    program = os.path.join(folder, "asn1c-recode")
    subprocess.run(["cc", "-O0", "-w", "-I" + folder, "-o", program, os.path.join(HERE, "asn1c-recode.c")] + sources,
                   check=True, stderr=subprocess.DEVNULL)
    return program


def ours(recode, folder, messages, levels="0"):
    path = os.path.join(folder, "messages")
    with open(path, "wb") as f:
        f.write(frame(messages))
    return unframe(subprocess.run([recode, path, levels], check=True, capture_output=True, timeout=300).stdout)


def theirs(program, messages):
    return unframe(subprocess.run([program], input=frame(messages), check=True, capture_output=True, timeout=300).stdout)


def main():
    recode, seeds = sys.argv[1:3]
    if not shutil.which("asn1c"):
        print("skipped: no asn1c")
        sys.exit(77)
    messages = []
    for path in sorted(glob.glob(os.path.join(seeds, "message-*"))):
        with open(path, "rb") as f:
            messages.append(f.read())
    messages = [m for m in messages if version(m) == 1]
    with tempfile.TemporaryDirectory() as folder:
        program = build(folder)
        bad, plain = 0, ours(recode, folder, messages)
        for levels in ("0", "3", "9"):
            written = ours(recode, folder, messages, levels)
            seen = theirs(program, written)
            again = ours(recode, folder, seen)
            for i, (p, s, a) in enumerate(zip(plain, seen, again, strict=True)):
                if not p == s == a:
                    bad += 1
                    print(f"message {i}, {levels} levels:\n  ours  {p.hex()}\n  asn1c {s.hex()}\n  again {a.hex()}")
    print(f"{len(messages)} messages, {bad} different")
    sys.exit(1 if bad or len(messages) < 10 else 0)


main()
