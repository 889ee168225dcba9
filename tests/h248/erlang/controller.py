#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mediasec-mgw commanded by Erlang/OTP megaco, over each transport and in each encoding; every message is
read by tshark, which must find none of them malformed.

  controller.py MEDIASEC_MGW [TRANSPORT ENCODING]
"""
import os
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "lab"))
import ports  # noqa: E402
from capture import Capture, CaptureError, packets, streams  # noqa: E402

CONFIG = """
daemon:
  log_level: notice
h248:
  mid: agw1.example.net
  listen: 127.0.0.1:{own}
  avalanche: 0s
  any_profile: true
  controllers:
    - address: 127.0.0.1:{port}
      transport: {transport}
      encoding: {encoding}
realms:
  - name: core
    address: 127.0.0.1
    port_min: {media}
    port_max: {media_last}
media:
  workers: 1
"""
MEDIA_PORTS = 110  # fifty contexts at once and two more terminations
VERBOSE = os.environ.get("V")  # set: each step is shown


def skip(why):
    print("skipped:", why)
    sys.exit(77)


def compile_partner(folder, source="mgc.erl"):
    if not shutil.which("erlc"):
        skip("no Erlang")
    r = subprocess.run(["erlc", "-o", folder, os.path.join(HERE, source)], capture_output=True, text=True)
    if r.returncode != 0 and "megaco" in r.stdout and "can't find include" in r.stdout:
        skip("no Erlang megaco")
    if r.returncode != 0:
        print(r.stdout, r.stderr)
        sys.exit(1)


def stop(process, limit=60):
    """Ends a gateway; one that does not go is killed and a failure."""
    process.terminate()
    try:
        process.wait(limit)
        return True
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False


def as_datagrams(path, port):
    """A capture of TPKT with each message in a datagram: tshark loses its place when a segment ends inside of a head."""
    again = path + ".datagrams"
    with open(again, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
        for (source, to, protocol), octets in streams(packets(path)).items():
            while protocol == "tcp" and port in (source[1], to[1]) and len(octets) > 4:
                version, length = struct.unpack("!BxH", octets[:4])
                if version != 3 or length <= 4:
                    raise CaptureError(f"no TPKT: {octets[:20]!r}")
                message, octets = octets[4:length], octets[length:]
                size = len(message) + 28
                f.write(struct.pack("<IIII", 0, 0, size, size))
                f.write(struct.pack("!BBHHHBBH", 0x45, 0, size, 0, 0, 64, 17, 0) + source[0] + to[0])
                f.write(struct.pack("!HHHH", source[1], to[1], size - 20, 0) + message)
    return again


def dissect(path, port, transport, encoding):
    """What tshark finds wrong in the capture, and how many messages it has read."""
    if not shutil.which("tshark"):
        return [], None
    if transport == "tcp":
        path, transport = as_datagrams(path, port), "udp"
    dissector = "h248" if encoding == "binary" else "megaco"
    out = subprocess.run(["tshark", "-r", path, "-d", f"{transport}.port=={port},{dissector}",
                          "-Y", f"{dissector} or _ws.malformed",
                          "-T", "fields", "-e", "frame.number", "-e", "_ws.malformed", "-e", "frame.protocols"],
                         capture_output=True, text=True).stdout.splitlines()
    return [line for line in out if "malformed" in line.lower()], len(out)


def run(mgw, folder, transport, encoding):
    port, own = ports.reserve(), ports.reserve()
    media = ports.reserve(MEDIA_PORTS)
    config = os.path.join(folder, "mgw.yaml")
    with open(config, "w") as f:
        f.write(CONFIG.format(own=own, port=port, transport=transport, encoding=encoding, media=media,
                              media_last=media + MEDIA_PORTS - 1))
    capture_path = os.path.join(folder, f"{transport}-{encoding}.pcap")
    try:
        capture = Capture(capture_path, [port])
    except CaptureError as e:
        print("without a capture:", e)
        capture = None
    log_path = os.path.join(folder, "mgw.log")
    log = open(log_path, "w")
    erl = subprocess.Popen(["erl", "-noshell", "-pa", folder, "-s", "mgc", "main", transport, encoding, str(port)],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                           env={**os.environ, "ERL_CRASH_DUMP_SECONDS": "0"})
    gateway = None
    lines = []
    try:
        for line in erl.stdout:
            lines.append(line.rstrip())
            if lines[-1] == "listening":
                gateway = subprocess.Popen([mgw, "-f", "-c", config], stdout=log, stderr=log)
            if lines[-1] == "end":
                break
        erl.wait(100)
    finally:
        erl.kill()
        ended = not gateway or stop(gateway)
        if capture:
            capture.end()
    good = sum(line.startswith("ok ") for line in lines)
    bad = [line for line in lines if line.startswith("bad") or "ERROR" in line or "EXIT" in line]
    if not ended:
        bad.append("the gateway did not end")
    if not lines or lines[-1] != "end":
        bad.append("the controller did not reach its end")
    malformed, seen = dissect(capture_path, port, transport, encoding) if capture else ([], None)
    if seen is not None and seen < 10:
        bad.append(f"tshark saw only {seen} messages")
    if VERBOSE:
        print("\n".join(lines))
    print(f"{transport} {encoding}: {good} steps, {seen} messages read by tshark, {len(malformed)} malformed")
    for line in bad + malformed:
        print("  ", line)
    if bad:
        print("\n".join(lines[-30:]), open(log_path).read(), sep="\n")
    return good >= 16 and not bad and not malformed


def main():
    mgw = sys.argv[1]
    wanted = [tuple(sys.argv[2:4])] if len(sys.argv) > 3 else \
        [(t, e) for t in ("udp", "tcp") for e in ("pretty", "compact", "binary")]
    with tempfile.TemporaryDirectory(prefix="mediasec-erlang-") as folder:
        compile_partner(folder)
        results = [run(mgw, folder, *w) for w in wanted]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
