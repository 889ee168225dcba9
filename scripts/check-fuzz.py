#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each parser has a fuzz target with seeds.

A parser is a function of a public header that takes octets from outside: its name has the word parse,
decode, feed, input, recv, read or unwrap, perhaps with a noun behind it, and it takes a span, octets or text. Some
target under tests/ must call it, or one through which every call leads: those pairs are listed in
tests/check/fuzzed-through.txt ("function function-that-is-fuzzed  # why")."""
import glob
import os
import re

from source import ROOT, SRC, code_of, read, report, sources

NAME = re.compile(r"\b(ms_(?!read_)[a-z0-9_]*_(?:parse|decode|feed|input|recv|read|unwrap)(?:_[a-z0-9_]+)?)\s*\(([^;{]*)\)", re.S)
# function: the fuzzed function whose only way leads through it
THROUGH = {}


def targets():
    for path in glob.glob(os.path.join(ROOT, "tests", "**", "fuzz-*.c"), recursive=True):
        if os.path.basename(path) != "fuzz-replay.c":
            yield path


def load_through():
    path = os.path.join(ROOT, "tests", "check", "fuzzed-through.txt")
    if os.path.exists(path):
        for line in open(path, encoding="utf-8"):
            words = line.split("#")[0].split()
            if len(words) == 2:
                THROUGH[words[0]] = words[1]


def main():
    load_through()
    fuzzed, faults, parsers = "", [], {}
    for path in targets():
        fuzzed += code_of(open(path, encoding="utf-8").read())
    for path in sources(endings=(".h",)):
        if path.endswith("-priv.h") or path.startswith("src/core/reader"):
            continue
        for name, args in NAME.findall(code_of(read(path))):
            if re.search(r"struct ms_span|const uint8_t \*|const char \*", args):
                parsers[name] = path
    for name, path in sorted(parsers.items()):
        via = THROUGH.get(name, name)
        if not re.search(r"\b" + via + r"\s*\(", fuzzed):
            faults.append(f"{path}: {name}() has no fuzz target" + ("" if via == name else f" (nor has {via}())"))
    for m in glob.glob(os.path.join(ROOT, "tests", "*", "meson.build")):
        for seeds in re.findall(r"'seeds':\s*'([^']+)'", open(m, encoding="utf-8").read()):
            if not glob.glob(os.path.join(ROOT, "tests", seeds, "*")):
                faults.append(f"{os.path.relpath(m, ROOT)}: no seeds in tests/{seeds}")
    report(faults, f"fuzz targets for {len(parsers)} parsers")


main()
