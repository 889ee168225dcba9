#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""install.py BUILD: what `meson install` puts where.

Every program has its manual, every daemon a unit that starts it from where it was installed and an example
that it takes. A program that is not known here is an error: it would have none of them.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

DAEMONS = {f"mediasec-{p}" for p in ("kms", "mgw", "alg", "ibcf", "list")}
USERS = ("alice", "bob", "alice-e2ae")


def install(build, root):
    subprocess.run(["meson", "install", "-C", build, "--no-rebuild", "--destdir", root], check=True,
                   stdout=subprocess.DEVNULL)
    told = subprocess.run(["meson", "introspect", build, "--buildoptions"], check=True, capture_output=True).stdout
    return next(o["value"] for o in json.loads(told) if o["name"] == "prefix").strip("/")


def check_manuals(at, programs):
    for name in programs:
        section = 8 if name in DAEMONS else 1
        assert os.path.exists(f"{at}/share/man/man{section}/{name}.{section}"), f"{name}: no manual"


def check_units(at, prefix):
    for name in DAEMONS:
        text = open(f"{at}/lib/systemd/system/{name}.service").read()
        started = re.findall(r"^Exec(?:StartPre|Start)=(\S+)", text, re.M)
        assert started == [f"/{prefix}/bin/{name}"] * 2, f"{name}: its unit starts {started}"
    assert "u mediasec" in open(f"{at}/lib/sysusers.d/mediasec.conf").read()


def check_examples(at, work):
    """As they are, beside the secrets that a client looks for before it starts."""
    shutil.copytree(f"{at}/share/mediasec/examples", f"{work}/examples")
    for name in ("alice", "bob"):
        for secret, octets in (("psk", "00" * 32), ("password", "secret")):
            with open(f"{work}/examples/{name}.{secret}", "w") as f:
                f.write(octets + "\n")
            os.chmod(f.name, 0o600)
    pairs = [(name, name.removeprefix("mediasec-")) for name in DAEMONS] + [("mediasec-ue", name) for name in USERS]
    for program, example in pairs:
        done = subprocess.run([f"{at}/bin/{program}", "-n", "-c", f"{work}/examples/{example}.yaml"],
                              capture_output=True, text=True)
        assert done.returncode == 0, f"{example}.yaml: {done.stderr or done.stdout}"


def main():
    with tempfile.TemporaryDirectory() as root:
        prefix = install(sys.argv[1], root)
        at = os.path.join(root, prefix)
        programs = set(os.listdir(f"{at}/bin"))
        assert programs == DAEMONS | {"mediasec", "mediasec-ue"}, f"installed: {sorted(programs)}"
        check_manuals(at, programs)
        check_units(at, prefix)
        check_examples(at, root)
        assert os.path.exists(f"{at}/share/mediasec/wireshark/mikey-ticket.lua")
    print(f"{len(programs)} programs with all that belongs to them")


if __name__ == "__main__":
    main()
