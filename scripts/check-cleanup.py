#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What MS_CLEANUP cleans has a value before anything can return.

A variable declared with MS_CLEANUP and without initialiser must be mentioned (that is, initialised) before the first
return or goto behind its declaration, or its cleaner gets what was on the stack.
"""
import re

from source import code_of, read, report, sources

FUNCTION = re.compile(r"^\{\n(.*?)^\}", re.M | re.S)
DECLARED = re.compile(r"MS_CLEANUP\((\w+)\)\s*(?:const\s+)?(?:struct\s+|enum\s+)?\w+\s+([^;]*);")
LEAVES = re.compile(r"\b(return|goto)\b")


def without_value(declarators):
    """The names among `a, *b = NULL, c` that have no initialiser."""
    depth, parts, part = 0, [], ""
    for c in declarators:
        depth += (c in "({[") - (c in ")}]")
        if c == "," and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += c
    return [re.match(r"[\s*]*(\w+)", p).group(1) for p in parts + [part] if "=" not in p and re.match(r"[\s*]*\w+", p)]


def main():
    faults = []
    for path in sources(endings=(".c",)):
        code = code_of(read(path))
        for f in FUNCTION.finditer(code):
            for d in DECLARED.finditer(f.group(1)):
                rest = f.group(1)[d.end():]
                leaves = LEAVES.search(rest)
                for name in without_value(d.group(2)):
                    used = re.search(r"\b" + name + r"\b", rest)
                    if leaves and (not used or leaves.start() < used.start()):
                        line = code[:f.start(1) + d.start()].count("\n") + 1
                        faults.append(f"{path}:{line}: {name} is cleaned by {d.group(1)}() and may have no value")
    report(faults, "values before cleaning")


main()
