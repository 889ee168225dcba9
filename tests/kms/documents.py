# SPDX-License-Identifier: Apache-2.0
"""The manual has every configuration key, and the example is good."""
import os
import re
import shutil
import subprocess

from kms_lab import KMS, check, run

SOURCE = os.environ["MS_SOURCE_DIR"]
MANUAL = os.path.join(SOURCE, "doc/man/mediasec-kms.8")


def keys():
    """Every key that --print-config shows, with its section; the profile has a document of its own."""
    text = subprocess.run([KMS, "--print-config"], check=True, capture_output=True, text=True).stdout
    section, found = "", []
    for line in text.splitlines():
        top = re.match(r"(\w+):(.*)$", line)
        inner = re.match(r"  (?:# )?(\w+):(?: |$)", line)
        if top:
            section = top[1]
            if top[2].strip():
                found.append(section)
        elif inner and section != "profile":
            found.append(section + "." + inner[1])
    return found


def manual(make):
    """every key is in the manual, and no other"""
    with open(MANUAL) as f:
        text = f.read()
    described = set(re.findall(r"(?m)^\.It Cm (\S+)", text)) - {"profile"}
    wanted = set(keys())
    check(len(wanted) > 40, "%d keys" % len(wanted))
    check(not wanted - described, "not in the manual: %s" % sorted(wanted - described))
    check(not described - wanted, "only in the manual: %s" % sorted(described - wanted))
    if shutil.which("mandoc"):
        p = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", MANUAL], capture_output=True, text=True)
        check(p.returncode == 0, "mandoc is content: " + p.stdout)


def example(make):
    """the example configuration"""
    p = subprocess.run([KMS, "-n", "-c", os.path.join(SOURCE, "examples/kms.yaml")], capture_output=True, text=True)
    check(p.returncode == 0, "is good: " + p.stderr)


run([manual, example])
