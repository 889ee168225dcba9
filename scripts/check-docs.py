#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check-docs.py BUILD_DIR: documents agree with the code and with each other.

docs/profile.md and docs/packages.md are what their scripts make; man pages pass mandoc's lint; links between files
lead somewhere, and files that are named exist; README.md and docs/architecture.md have a row for each folder of src; every
configuration key of a program is in its man page."""
import fnmatch
import glob
import os
import re
import shutil
import subprocess
import sys

from source import ROOT, report

LINK = re.compile(r"\[[^\]]*\]\(([^)#]+)(?:#[^)]*)?\)")
# src/core/span.h, tests/anchor/test-anchor*.c, `mg-undo.c`
PATH = re.compile(r"(?<![\w./-])(?:src|tests|docs|doc|scripts|lab|examples|contrib|bench)/[\w./*-]*[\w*]")
NAME = re.compile(r"`([\w*-]+\.(?:[ch]|py|def))`")
ROW = re.compile(r"^\| (`[a-z0-9]+`(?:, `[a-z0-9]+`)*) \|", re.M)
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


def check_files(faults):
    """What a document names as a file of the tree is one."""
    tree = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.split()
    names = {os.path.basename(path) for path in tree}
    documents = [path for path in tree if path.endswith(".md") or path.startswith("doc/man/")]
    for path in documents if tree else []:  # an archive of the sources has no git
        with open(os.path.join(ROOT, path), encoding="utf-8") as f:
            text = f.read()
        faults += [f"{path}: no {named}" for named in sorted(set(PATH.findall(text)))
                   if not glob.glob(os.path.join(ROOT, named))]
        faults += [f"{path}: no file is called {named}" for named in sorted(set(NAME.findall(text)))
                   if not fnmatch.filter(names, named)]


def check_modules(faults):
    modules = {os.path.basename(os.path.dirname(path)) for path in glob.glob(os.path.join(ROOT, "src/*/meson.build"))}
    for path in ("README.md", "docs/architecture.md"):
        with open(os.path.join(ROOT, path), encoding="utf-8") as f:
            rows = {name for row in ROW.findall(f.read()) for name in re.findall(r"\w+", row)} - {"mediasec"}
        faults += [f"{path}: no row for src/{name}" for name in sorted(modules - rows)]
        faults += [f"{path}: there is no src/{name}" for name in sorted(rows - modules)]


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
    check_files(faults)
    check_modules(faults)
    check_man(build, faults)
    report(faults, "documents")


main()
