#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tokens.py tokens.def OUT: the spellings of the text encoding in a hash table without collisions.

A spelling's key is its first 8 octets and its last 8 if it is longer, in lower case, as little-endian
numbers; the search below finds the multiplier that spreads all keys over the slots. The dictionary of
the fuzz target is made with --dict.
"""
import re
import sys

SLOT_BITS = 12
MASK = (1 << 64) - 1


def le(octets):
    return int.from_bytes(octets[:8], "little")


def words(spelling):
    """First 8, second 8 (of more than 16), last 8 (of more than 8) octets."""
    s = bytes(c | 0x20 for c in spelling.encode())
    return le(s), le(s[8:16]) if len(s) > 16 else 0, le(s[-8:]) if len(s) > 8 else 0


def read(path):
    spellings = {}
    for kind, name, forms in re.findall(r'^MS_(TOKEN|ALIAS)\((\w+), (.*?)\)', open(path).read(), re.M):
        for form in re.findall(r'"([^"]+)"', forms):
            if not 1 <= len(form) <= 24 or spellings.setdefault(form.lower(), (form, name))[1] != name:
                sys.exit(f"{path}: {form}: too long, or of two tokens")
    return list(spellings.values())


def search(keys):
    m = 0x9E3779B97F4A7C15
    while True:
        slots = {((k * m) & MASK) >> (64 - SLOT_BITS) for k in keys}
        if len(slots) == len(keys):
            return m
        m = (m * 6364136223846793005 + 1442695040888963407) & MASK | 1


def main():
    if sys.argv[1] == "--dict":
        print("\n".join(f'"{form}"' for form, _ in read(sys.argv[2])))
        return
    spellings = read(sys.argv[1])
    keys = [words(f)[0] ^ words(f)[2] for f, _ in spellings]
    m = search(keys)
    slot = [0] * (1 << SLOT_BITS)
    rows = ["\t{ { 0, 0, 0 }, 0, MS_H248_T_NONE },"]
    for n, ((form, name), key) in enumerate(zip(spellings, keys), 1):
        slot[((key * m) & MASK) >> (64 - SLOT_BITS)] = n
        w = ", ".join(f"0x{x:016x}" for x in words(form))
        rows.append(f"\t{{ {{ {w} }}, {len(form)}, MS_H248_T_{name} }}, /* {form} */")
    with open(sys.argv[2], "w") as out:
        out.write("/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by tokens.py of tokens.def. */\n")
        out.write(f"#define MS_H248_TOKEN_MULTIPLIER 0x{m:016x}u\n#define MS_H248_TOKEN_SHIFT {64 - SLOT_BITS}\n")
        out.write("static const struct spelling spellings[] = {\n" + "\n".join(rows) + "\n};\n")
        out.write(f"static const uint8_t slots[{len(slot)}] = {{\n")
        for at in range(0, len(slot), 32):
            out.write("\t" + ", ".join(map(str, slot[at:at + 32])) + ",\n")
        out.write("};\n")


main()
