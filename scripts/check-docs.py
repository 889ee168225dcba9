#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check-docs.py BUILD_DIR: documents agree with the code and with each other.

docs/profile.md and docs/packages.md are what their scripts make; man pages pass mandoc's lint; links between files
lead somewhere; every configuration key of a program is in its man page."""
import glob
import os
import re
import shutil
import subprocess
import sys

from source import ROOT, report

LINK = re.compile(r"\[[^\]]*\]\(([^)#]+)(?:#[^)]*)?\)")
PROGRAMS = {"mediasec-kms.8": ("kms", "mediasec-kms"), "mediasec-ue.1": ("ue", "mediasec-ue"),
            "mediasec-alg.8": ("alg", "mediasec-alg"), "mediasec-ibcf.8": ("ibcf", "mediasec-ibcf"),
            "mediasec-list.8": ("list", "mediasec-list")}


def check_profile(build, faults):
    made = subprocess.run([os.path.join(ROOT, "scripts/profile-doc"), build], capture_output=True, text=True)
    with open(os.path.join(ROOT, "docs/profile.md"), encoding="utf-8") as f:
        if made.returncode or made.stdout != f.read():
            faults.append("docs/profile.md is not what scripts/profile-doc makes")


def check_packages(faults):
    files = sorted(glob.glob(os.path.join(ROOT, "src/h248/packages/*.json")))
    made = subprocess.run([os.path.join(ROOT, "scripts/h248-packages"), "doc"] + files, capture_output=True, text=True)
    with open(os.path.join(ROOT, "docs/packages.md"), encoding="utf-8") as f:
        if made.returncode or made.stdout != f.read():
            faults.append("docs/packages.md is not what scripts/h248-packages makes")


def check_links(faults):
    for path in glob.glob(os.path.join(ROOT, "**", "*.md"), recursive=True):
        if os.sep + "build" in path:
            continue
        with open(path, encoding="utf-8") as f:
            for target in LINK.findall(f.read()):
                if "://" not in target and not os.path.exists(os.path.join(os.path.dirname(path), target)):
                    faults.append(f"{os.path.relpath(path, ROOT)}: no {target}")


def check_man(build, faults):
    pages = glob.glob(os.path.join(ROOT, "doc/man/*.[1-8]"))
    if shutil.which("mandoc"):
        for page in pages:
            lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True)
            faults += [line for line in (lint.stdout + lint.stderr).splitlines() if line]
    for page, (folder, name) in PROGRAMS.items():
        program, path = os.path.join(build, "src", folder, name), os.path.join(ROOT, "doc/man", page)
        if not os.path.exists(path):
            faults.append(f"no man page {page}")
            continue
        shown = subprocess.run([program, "--print-config"], capture_output=True, text=True)
        with open(path, encoding="utf-8") as f:
            text = f.read()
        own = shown.stdout.split("\nprofile:")[0]  # that section is docs/profile.md's
        for key in re.findall(r"^\s*(?:- )?([a-z0-9_]+):", own, re.M):
            if not re.search(r"\b" + key + r"\b", text):
                faults.append(f"{page}: the configuration key {key} is not mentioned")


def main():
    faults, build = [], sys.argv[1]
    check_profile(build, faults)
    check_packages(faults)
    check_links(faults)
    check_man(build, faults)
    report(faults, "documents")


main()
