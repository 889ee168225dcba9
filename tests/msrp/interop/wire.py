#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tshark reads what we send as MSRP: every frame, none malformed."""
import os
import shutil
import subprocess

from peers import check, finish, folder, pair, reserve, skip
from capture import Capture, CaptureError  # the path is set by peers

PORT = reserve(2)


def decode(work, *fields, display="msrp"):
    out = subprocess.run(["tshark", "-r", os.path.join(work, "pcap"), "-d", f"tcp.port=={PORT},msrp", "-2", "-Y", display,
                          "-T", "fields", *sum((["-e", f] for f in fields), [])],
                         capture_output=True, text=True, timeout=300)
    return [line.split("\t") for line in out.stdout.splitlines()]


def converse():
    a, b = pair(PORT)
    b.do("session", "passive", a.uri)
    b.expect("session")
    a.do("session", "active", b.uri)
    a.expect("bound")
    for i in range(5):
        # the REPORT alone in its segment: tshark reads no second frame behind the first
        a.do("say", f"to b {i}", "success,failure=no")
        b.expect("message")
        a.expect("done")
        b.do("say", f"to a {i}")
        a.expect("message")
        b.expect("done")
    a.quit()
    b.quit()


def main():
    if not shutil.which("tshark"):
        skip("tshark is not installed")
    with folder() as work:
        try:
            capture = Capture(os.path.join(work, "pcap"), [PORT])
        except CaptureError as e:
            skip(f"capturing is not permitted: {e}")
        converse()
        capture.end()
        methods = [m for row in decode(work, "msrp.method") for m in row[0].split(",") if m]
        codes = [c for row in decode(work, "msrp.status.code") for c in row[0].split(",") if c]
        check("SENDs: one to bind, ten messages", methods.count("SEND") == 11, str(methods))
        check("REPORTs", methods.count("REPORT") == 5, str(methods))
        check("a 200 for each SEND that wants one", codes.count("200") == 6, str(codes))
        check("nothing malformed", decode(work, "frame.number", display="_ws.malformed || _ws.expert.severity == error") == [])
        paths = {row[0] for row in decode(work, "msrp.to.path")}
        check("the paths are read", any("/bob;tcp" in p for p in paths) and any("/alice;tcp" in p for p in paths), str(paths))
    finish()


main()
