#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds the three trees of ./check, runs their tests and adds up the results.

build       gcc, warnings are errors           every test: unit, seeds, check, interop, scenario
build-san   clang, ASan and UBSan              unit, seeds, scenario
build-fuzz  clang, libFuzzer, ASan and UBSan   each fuzz target for a short time

A test with sockets and clocks (interop, scenario, some units) that fails is run once more, alone: two cores
that also do something else can starve it. What passes only then is counted as passed and named at the end;
what fuzzing or the rules of the house find fails at once.

Fuzz targets start from one seed, so that what fails here fails again; a search for new inputs is given
another: --only build-fuzz --fuzz-seconds 600 --fuzz-seed 7.

Options: --fast leaves the sanitizer and fuzz trees out; --fuzz-seconds N; --fuzz-seed N; --only TREE.
"""
import argparse
import json
import os
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Tree:
    def __init__(self, name, env, options, suites, jobs):
        self.name, self.env, self.options, self.suites, self.jobs = name, env, options, suites, jobs


def trees(args):
    san = ["-Db_sanitize=address,undefined", "-Db_lundef=false", "-Dwerror=true"]
    clang = {"CC": "clang"}
    jobs = os.cpu_count() or 2
    all_trees = [
        Tree("build", {"CC": "gcc"}, ["-Dwerror=true"], None, jobs),
        Tree("build-san", clang, san, ["unit", "seeds", "scenario"], jobs),
        Tree("build-fuzz", clang, san + ["-Dfuzz=true"], ["fuzz"], jobs),
    ]
    if args.only:
        return [t for t in all_trees if t.name == args.only]
    return all_trees[:1] if args.fast else all_trees


def build(tree, args):
    path = os.path.join(ROOT, tree.name)
    env = dict(os.environ, **tree.env)
    cmd = [os.path.join(ROOT, "scripts/build"), tree.name] + tree.options
    if subprocess.run(cmd, cwd=ROOT, env=env).returncode != 0:
        return False
    if tree.name == "build-fuzz":
        subprocess.run(["meson", "configure", path, f"-Dfuzz_seconds={args.fuzz_seconds}",
                        f"-Dfuzz_seed={args.fuzz_seed}"], check=True, stdout=subprocess.DEVNULL)
    return True


AGAIN = ("interop", "scenario", "unit")
PATIENCE = ["--timeout-multiplier", "4"]  # limits of the tests are for a quiet machine


def failed(record):
    return record["result"] not in ("OK", "EXPECTEDFAIL", "SKIP")


def once_more(tree, record):
    """True when a test of the real programs passes alone."""
    suite, _, name = record["name"].rpartition(" / ")
    if not any(s in suite for s in AGAIN):
        return False
    cmd = ["meson", "test", "-C", os.path.join(ROOT, tree.name), "--no-rebuild", "--num-processes", "1",
           "--logbase", "again", *PATIENCE, name]
    return subprocess.run(cmd, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def run_tests(tree):
    """Runs the tree's suites; returns the records of Meson's JSON log."""
    path = os.path.join(ROOT, tree.name)
    log = os.path.join(path, "meson-logs", "testlog.json")
    if os.path.exists(log):
        os.unlink(log)
    cmd = ["meson", "test", "-C", path, "--num-processes", str(tree.jobs), "--print-errorlogs", *PATIENCE]
    for suite in tree.suites or []:
        cmd += ["--suite", suite]
    with open(os.path.join(path, "check.log"), "w") as out:
        subprocess.run(cmd, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT)
    if not os.path.exists(log):
        with open(os.path.join(path, "check.log")) as out:
            sys.stderr.write(out.read()[-4000:])
        return None
    with open(log) as f:
        return [json.loads(line) for line in f if line.strip()]


def show_failure(record):
    print(f"--- {record['name']}: {record['result']}")
    for part in ("stdout", "stderr"):
        text = record.get(part) or ""
        if text:
            print("\n".join(text.splitlines()[-60:]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--only")
    parser.add_argument("--fuzz-seconds", type=int, default=10)
    parser.add_argument("--fuzz-seed", type=int, default=1)
    args = parser.parse_args()
    passed, skipped, failures, second = 0, 0, [], []
    broken = 0

    for tree in trees(args):
        began = time.time()
        print(f"== {tree.name}: building", flush=True)
        if not build(tree, args):
            broken += 1
            continue
        print(f"== {tree.name}: built in {time.time() - began:.0f} s, testing", flush=True)
        began = time.time()
        records = run_tests(tree)
        if records is None:
            broken += 1
            continue
        for r in records:
            if not failed(r):
                passed += r["result"] != "SKIP"
                if r["result"] == "SKIP":
                    skipped += 1
                    print(f"   skipped: {r['name']}")
                continue
            show_failure(r)
            if once_more(tree, r):
                passed += 1
                second.append(f"{tree.name}: {r['name']}")
            else:
                failures.append(r)
        print(f"== {tree.name}: {len(records)} tests in {time.time() - began:.0f} s", flush=True)

    for r in failures:
        print(f"FAILED: {r['name']} ({r['result']})")
    for name in second:
        print(f"passed only at the second run, alone: {name}")
    if skipped:
        print(f"({skipped} skipped, named above)")
    print(f"{passed} passed, {len(failures) + broken} failed")
    return 1 if failures or broken or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
