#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mediasec-mgw and our controller over SCTP, encapsulated in UDP (RFC 6951) where the kernel has none: the gateway
begins the association (TS 29.334 clause 5.12), thirty calls are set up and released, and tshark finds H.248 in
SCTP in UDP, with checksums that are right and nothing malformed.

  sctp.py MEDIASEC_MGW MGC_PEER
"""
import os
import shutil
import socket
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "lab"))
import ports  # noqa: E402
from capture import Capture, CaptureError  # noqa: E402

CONFIG = """
daemon:
  log_level: notice
profile:
  sctp_udp_port: "{udp}"
h248:
  mid: agw1.example.net
  listen: 127.0.0.2:{own}
  avalanche: 0s
  controllers:
    - address: 127.0.0.1:{port}
      transport: sctp
      encoding: {encoding}
realms:
  - name: core
    address: 127.0.0.1
    port_min: {core}
    port_max: {core_last}
  - name: access
    address: 127.0.0.1
    port_min: {access}
    port_max: {access_last}
media:
  workers: 1
"""
MEDIA_PORTS = 35  # in each realm


def kernel_has_sctp():
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132).close()
        return True
    except OSError:
        return False


def dissect(path, udp):
    if not shutil.which("tshark"):
        return None
    out = subprocess.run(["tshark", "-r", path, "-d", f"udp.port=={udp},sctp", "-o", "sctp.checksum:TRUE", "-T", "fields",
                          "-e", "frame.protocols", "-e", "_ws.malformed", "-e", "sctp.checksum.status",
                          "-e", "sctp.data_payload_proto_id"], capture_output=True, text=True).stdout.splitlines()
    fields = [(line.split("\t") + [""] * 4)[:4] for line in out]
    return {
        "h248": sum("megaco" in f[0] or "h248" in f[0] for f in fields),
        "malformed": sum(bool(f[1]) for f in fields),
        "bad checksums": sum("0" in f[2].split(",") for f in fields),
        "other ppid": sum(any(p != "7" for p in f[3].split(",")) for f in fields if f[3]),
    }


def run(mgw, peer, folder, encoding, port):
    udp, own, media = ports.reserve(), ports.reserve(), ports.reserve(2 * MEDIA_PORTS)
    config, path = os.path.join(folder, "mgw.yaml"), os.path.join(folder, encoding + ".pcap")
    with open(config, "w") as f:
        f.write(CONFIG.format(udp=udp, own=own, port=port, encoding=encoding, core=media,
                              core_last=media + MEDIA_PORTS - 1, access=media + MEDIA_PORTS,
                              access_last=media + 2 * MEDIA_PORTS - 1))
    try:
        capture = Capture(path, [udp])
    except CaptureError as e:
        print("without a capture:", e)
        capture = None
    log = open(os.path.join(folder, "mgw.log"), "w+")
    mgc = subprocess.Popen([peer, "sctp", encoding, str(port), str(udp)], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, errors="replace")
    gateway, lines = None, []
    try:
        for line in mgc.stdout:
            lines.append(line.rstrip())
            if lines[-1] == "listening":
                gateway = subprocess.Popen([mgw, "-f", "-c", config], stdout=log, stderr=log)
        mgc.wait(100)
    finally:
        mgc.kill()
        if gateway:
            gateway.terminate()
            gateway.wait(60)
        if capture:
            capture.end()
    good = sum(line.startswith("ok ") for line in lines)
    bad = [line for line in lines if line.startswith("bad")]
    seen = dissect(path, udp) if capture and not kernel_has_sctp() else None
    print(f"sctp {encoding}: {good} steps, tshark: {seen}")
    ok = good == 3 and not bad and mgc.returncode == 0
    if seen:
        ok &= seen["h248"] > 20 and not seen["malformed"] and not seen["bad checksums"] and not seen["other ppid"]
    if not ok:
        log.seek(0)
        print("\n".join(bad[:10] + lines[-10:] + log.read().splitlines()[-20:]))
    return ok


def main():
    mgw, peer = sys.argv[1:3]
    with tempfile.TemporaryDirectory(prefix="mediasec-sctp-") as folder:
        results = [run(mgw, peer, folder, *w) for w in (("compact", 2944), ("binary", 2945))]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    sys.exit(0 if all(results) else 1)


main()
