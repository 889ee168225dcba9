#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check-symbols.py BUILD_DIR: every global symbol of our libraries and programs starts with ms_.

libre exports some 950 bare names (tls_*, sdp_*, bfcp_*, msg_*, ...) which ours would silently
override; the prefix is what keeps us apart."""
import glob
import os
import subprocess
import sys

from source import report

ALLOWED = {"main", "LLVMFuzzerTestOneInput", "LLVMFuzzerCustomMutator", "LLVMFuzzerInitialize"}
# Put there by the compiler or the sanitizers.
COMPILER = ("__asan", "__odr_asan", "__ubsan", "__sanitizer", "_fini", "_init", "__start_", "__stop_", "asan.", "__llvm",
            "__sancov", "___asan")


def globals_of(path):
    out = subprocess.run(["nm", "--defined-only", "--extern-only", "--format=posix", path], capture_output=True, text=True)
    for line in out.stdout.splitlines():
        parts = line.split()
        if len(parts) >= 2 and parts[1] in "TDBRCVW":
            yield parts[0]


def main():
    build = sys.argv[1]
    objects = glob.glob(os.path.join(build, "src", "**", "*.o"), recursive=True)
    faults = []
    if not objects:
        faults.append(f"no object files under {build}/src")
    for path in objects:
        for name in globals_of(path):
            if not (name.startswith("ms_") or name in ALLOWED or name.startswith(COMPILER)):
                faults.append(f"{os.path.relpath(path, build)}: global symbol {name}")
    report(faults, f"symbols of {len(objects)} objects")


main()
