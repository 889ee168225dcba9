#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sizes: half of all functions under 15 lines, hardly any over 60, none over 120; files, those of tests and
benchmarks too, under 700 lines and aimed at 400. Prints the figures; --list names what is long."""
import os
import re
import statistics
import sys

from source import ROOT, code_of, read, report, sources

FUNCTION_CEILING = 120
FUNCTION_LONG = 60
LONG_SHARE = 0.02
FILE_CEILING = 700


def functions(code):
    """(name, first line, lines) for each function body: a { in column 0 up to a } in column 0."""
    lines = code.splitlines()
    start = None
    for n, line in enumerate(lines, 1):
        if line == "{":
            start = n
        elif line.startswith("}") and start is not None:
            if line == "}":
                head = " ".join(lines[max(0, start - 5):start - 1])
                names = re.findall(r"(\w+)\s*\(", head)
                yield (names[-1] if names else "?"), start, n - start - 1
            start = None


def main():
    sizes, faults, files = [], [], []
    for path in sources(endings=(".c",)):
        text = read(path)
        n = text.count("\n")
        files.append((n, path))
        if n > FILE_CEILING:
            faults.append(f"{path}: {n} lines")
        for name, line, size in functions(code_of(text)):
            sizes.append((size, f"{path}:{line} {name}"))
            if size > FUNCTION_CEILING:
                faults.append(f"{path}:{line}: {name}() has {size} lines")
    lengths = [s for s, _ in sizes]
    median = statistics.median(lengths)
    long_ones = [s for s in lengths if s > FUNCTION_LONG]
    for top in ("tests", "bench"):
        for path in sources(os.path.join(ROOT, top), (".c",)):
            n = read(path).count("\n")
            if n > FILE_CEILING:
                faults.append(f"{path}: {n} lines")
    print(f"{len(files)} files, median {statistics.median(n for n, _ in files):.0f} lines; {len(sizes)} functions, "
          f"median {median:.0f} lines, {len(long_ones)} over {FUNCTION_LONG}")
    if median >= 15:
        faults.append(f"half of the functions should be under 15 lines, the median is {median}")
    if len(long_ones) > LONG_SHARE * len(lengths):
        faults.append(f"{len(long_ones)} functions are over {FUNCTION_LONG} lines")
    if "--list" in sys.argv:
        for size, where in sorted(sizes, reverse=True)[:25]:
            print(f"{size:4} {where}")
        for n, path in sorted(files, reverse=True)[:15]:
            print(f"{n:4} {path}")
    report(faults, "sizes")


main()
