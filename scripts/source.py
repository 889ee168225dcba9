# SPDX-License-Identifier: Apache-2.0
"""What the checks share: where the sources are, and C text without comments and strings."""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SRC = os.path.join(ROOT, "src")


def sources(top=SRC, endings=(".c", ".h")):
    for folder, dirs, names in os.walk(top):
        dirs.sort()
        for name in sorted(names):
            if name.endswith(endings):
                yield os.path.relpath(os.path.join(folder, name), ROOT)


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def code_of(text, keep_strings=False):
    """The text with comments (and the insides of strings) blanked out, line numbers kept."""
    def blank(m):
        found = m.group(0)
        if found.startswith('"') or found.startswith("'"):
            return found if keep_strings else found[0] + found[0]
        return "\n" * found.count("\n") or " "
    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    return re.sub(pattern, blank, text, flags=re.S)


def report(faults, what):
    for f in faults:
        print(f)
    print(f"{what}: {len(faults)} fault(s)" if faults else f"{what}: ok")
    sys.exit(1 if faults else 0)
