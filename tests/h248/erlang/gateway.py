#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Our controller commands a gateway made of Erlang/OTP megaco, over each transport and in each encoding; every
message is read by tshark, which must find none of them malformed.

  gateway.py MGC_PEER [TRANSPORT ENCODING]
"""
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "lab"))
sys.path.insert(0, HERE)
import ports  # noqa: E402
from capture import Capture, CaptureError  # noqa: E402
from controller import compile_partner, dissect  # noqa: E402


def run(program, folder, transport, encoding):
    port = ports.reserve()
    path = os.path.join(folder, f"{transport}-{encoding}.pcap")
    try:
        capture = Capture(path, [port])
    except CaptureError as e:
        print("without a capture:", e)
        capture = None
    mgc = subprocess.Popen([program, transport, encoding, str(port)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           text=True, errors="replace")
    lines, partner = [], open(os.path.join(folder, "mg.log"), "w+", errors="replace")
    erl = None
    try:
        for line in mgc.stdout:
            lines.append(line.rstrip())
            if lines[-1] == "listening":
                erl = subprocess.Popen(["erl", "-noshell", "-pa", folder, "-s", "mg", "main", transport, encoding,
                                        str(port)], stdout=partner, stderr=partner,
                                       env={**os.environ, "ERL_CRASH_DUMP_SECONDS": "0"})
        status = mgc.wait(150)
    finally:
        mgc.kill()
        if erl:
            erl.kill()
            erl.wait(60)
        if capture:
            capture.end()
    partner.seek(0)
    said = partner.read().splitlines()
    bad = [line for line in lines + said if line.startswith("bad") or "ERROR REPORT" in line]
    good = sum(line.startswith("ok ") for line in lines)
    malformed, seen = dissect(path, port, transport, encoding) if capture else ([], None)
    if seen is not None and seen < 10:
        bad.append(f"tshark saw only {seen} messages")
    print(f"{transport} {encoding}: {good} steps, {seen} messages read by tshark, {len(malformed)} malformed")
    if bad or malformed or status:
        print("\n".join(line[:400] for line in bad[:10] + malformed[:10] + lines[-10:] + said[-10:]))
    return good == 3 and not bad and not malformed and status == 0


def main():
    wanted = [tuple(sys.argv[2:4])] if len(sys.argv) > 3 else \
        [(t, e) for t in ("udp", "tcp") for e in ("pretty", "compact", "binary")]
    with tempfile.TemporaryDirectory(prefix="mediasec-erlang-") as folder:
        compile_partner(folder, "mg.erl")
        results = [run(sys.argv[1], folder, *w) for w in wanted]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    sys.exit(0 if all(results) else 1)


main()
