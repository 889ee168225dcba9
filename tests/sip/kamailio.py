#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Starts the lab's Kamailio on free loopback ports and runs sip-kamailio, our users, against it."""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
from ports import reserve  # noqa: E402

SOURCE = os.environ["MS_SOURCE_DIR"]
LAB = os.path.join(SOURCE, "lab", "kamailio.sh")
DOMAIN = "ims.example"
USERS = "alice alicepw\nbob bobpw\ncarol carolpw\ndave davepw\n"


def lab(*args, **more):
    env = dict(os.environ, LAB_TLS="1", LAB_DOMAIN=DOMAIN, **more)
    subprocess.run([LAB, *args], check=True, env=env)


def other_ca(path):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=another CA", "-keyout", path + ".key", "-out", path],
        check=True, stderr=subprocess.DEVNULL)


def run(work, **more):
    """One Kamailio, one run of the tests."""
    port = reserve(4)
    lab("start", work, "127.0.0.1", str(port), **more)
    try:
        lab("forward", work, "dave", "carol")
        env = dict(os.environ, MS_LAB_PORT=str(port), MS_LAB_DOMAIN=DOMAIN, MS_LAB_CA=os.path.join(work, "ca.pem"),
                   MS_LAB_OTHER_CA=os.path.join(work, "other-ca.pem"), **more)
        status = subprocess.run([sys.argv[1]], env=env, check=False).returncode
    finally:
        lab("stop", work)
    if status != 0:
        with open(os.path.join(work, "kamailio.log"), encoding="utf-8", errors="replace") as f:
            sys.stdout.write("".join(f.readlines()[-40:]))
    return status


def main():
    if not (shutil.which("kamailio") or os.path.exists("/usr/sbin/kamailio")):
        print("kamailio is not installed")
        return 77
    work = tempfile.mkdtemp(prefix="ms-sip-")
    try:
        with open(os.path.join(work, "users"), "w", encoding="ascii") as f:
            f.write(USERS)
        other_ca(os.path.join(work, "other-ca.pem"))
        return run(work) or run(work, LAB_FROM_CHECK="1")
    finally:
        shutil.rmtree(work, ignore_errors=True)


sys.exit(main())
