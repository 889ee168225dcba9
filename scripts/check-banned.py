#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Functions we do not use, asserts, and marks of unfinished work."""
import re

from source import code_of, read, report, sources

BANNED = {
    "unbounded or unchecked": "strcpy strcat stpcpy sprintf vsprintf gets strtok strtok_r sscanf fscanf scanf "
                              "atoi atol atoll atof strtol strtoul strtoll strtoull alloca",
    "a shell": "system popen",
    "predictable": "rand srand random srandom drand48",
    "aborts on input": "assert abort",
    "not thought through": "longjmp setjmp",
}
HEAP = "malloc calloc realloc free strdup strndup reallocarray"
HEAP_HOME = "src/core/alloc.c"
WORD = {}
for why, names in BANNED.items():
    for name in names.split():
        WORD[name] = why
CALL = re.compile(r"(?<![\w.>])(" + "|".join(list(WORD) + HEAP.split()) + r")\s*\(")
INCLUDE_ASSERT = re.compile(r"#\s*include\s*<assert\.h>")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def main():
    faults = []
    for path in sources():
        text = read(path)
        if not text.startswith("/* SPDX-License-Identifier: Apache-2.0 */"):
            faults.append(f"{path}:1: no SPDX line")
        for n, line in enumerate(text.splitlines(), 1):
            if UNFINISHED.search(line):
                faults.append(f"{path}:{n}: unfinished: {line.strip()}")
            if "NOLINT" in line or len(line.expandtabs(8)) > 120:
                faults.append(f"{path}:{n}: too long or silenced: {line.strip()[:60]}")
        code = code_of(text)
        if INCLUDE_ASSERT.search(code):
            faults.append(f"{path}: <assert.h> has no place here; refuse input with an error")
        for n, line in enumerate(code.splitlines(), 1):
            for m in CALL.finditer(line):
                name = m.group(1)
                if name in WORD:
                    faults.append(f"{path}:{n}: {name}(): {WORD[name]}")
                elif path != HEAP_HOME and not line.lstrip().startswith("#"):
                    # What a library allocated goes back through its own free: say so on the line above.
                    before = text.splitlines()[n - 2] if n > 1 else ""
                    if name != "free" or "library's memory" not in before:
                        faults.append(f"{path}:{n}: {name}(): memory comes from core/alloc.h")
    report(faults, "banned functions")


main()
