#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""trace-test.py MEDIASEC: `mediasec trace` collects and draws packets that this script makes by the format's rules."""
import json
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
from patience import long, until  # noqa: E402
from ports import reserve  # noqa: E402

SIP, H248, LOG = 1, 7, 100
UE, ALG, AGW = ("127.0.0.11", 40211), ("127.0.0.1", 5060), ("127.0.0.21", 2944)
MEDIA = ("127.0.0.21", 50020)
FAILED = []

INVITE = """INVITE sip:bob@example.net SIP/2.0\r
Call-ID: c1\r
CSeq: 1 INVITE\r
\r
v=0\r
m=message 7394 TCP/TLS/MSRP *\r
a=setup:active\r
a=3ge2ae:requested\r
"""
RINGING = "SIP/2.0 180 Ringing\r\nCSeq: 1 INVITE\r\n\r\n"
TRYING = "SIP/2.0 100 Trying\r\nCSeq: 1 INVITE\r\n\r\n"
ADD = "!/2 <alg1.example.net> T=101{C=${A=${M{ST=1{O{MO=SR},L{\nv=0\nc=IN IP4 $\nm=- $ TCP/TLS -\n}}},SG{ipnapt/latch{ST=1,napt=LATCH}}}}}"
REPLY = "!/2 <agw1.example.net> P=101{C=7{A=ip/access/1/9002}}"
NOTIFY = ('!/2 <agw1.example.net> T=77{C=7{N=ip/access/1/9002{OE=1002{20260101T12000000:tlsbsc/BNCChange{ST=1,Type=EstFail,'
          'Alert=42,Failurecause="fpmismatch"}}}}}')
BEAT = "!/2 <alg1.example.net> T=3{C=-{AV=ROOT{AT{}}}}"
# Pending 42 from [1.2.3.4], in BER
BINARY = bytes.fromhex("301ca11a800102a108a0068004010203 04a20ba109a1078005 00 00 00 00 2a".replace(" ", ""))


def chunk(kind, content):
    return struct.pack("!HHH", 0, kind, 6 + len(content)) + content


def hep(source, destination, protocol, payload, at, agent=1, correlation="c1", transport=17):
    payload = payload.encode() if isinstance(payload, str) else payload
    body = b"".join([
        chunk(1, b"\2"), chunk(2, bytes([transport])), chunk(3, socket.inet_aton(source[0])),
        chunk(4, socket.inet_aton(destination[0])), chunk(7, struct.pack("!H", source[1])),
        chunk(8, struct.pack("!H", destination[1])), chunk(9, struct.pack("!I", int(at))),
        chunk(10, struct.pack("!I", round(at % 1 * 1000000))), chunk(11, bytes([protocol])),
        chunk(12, struct.pack("!I", agent)), chunk(17, correlation.encode()), chunk(15, payload)])
    return b"HEP3" + struct.pack("!H", 6 + len(body)) + body


def flow():
    event = json.dumps({"event": "TLS failed", "detail": "MSRP ip/access/1/9002: fpmismatch, alert 42"})
    return [
        hep(UE, ALG, SIP, INVITE, 1000.0),
        hep(ALG, UE, SIP, TRYING, 1000.001),
        hep(ALG, AGW, H248, ADD, 1000.002, correlation="agw1/7"),
        hep(ALG, AGW, H248, ADD, 1000.003, agent=2, correlation="agw1/7"),  # the gateway saw it, too
        hep(AGW, ALG, H248, REPLY, 1000.004, correlation="agw1/7"),
        hep(ALG, AGW, H248, BEAT, 1000.005),
        hep(ALG, UE, SIP, RINGING, 1000.9),
        hep(AGW, ALG, H248, NOTIFY, 1002.5, correlation="agw1/7"),
        hep(UE, MEDIA, LOG, event, 1002.25, correlation="agw1/7", transport=6),  # came late
        hep(AGW, ALG, H248, BINARY, 1003.0, correlation="agw1/7"),
    ]


def check(what, good):
    print(("ok   " if good else "FAIL ") + what)
    if not good:
        FAILED.append(what)


def run(mediasec, *args, status=0):
    done = subprocess.run([mediasec, "trace", *args], capture_output=True, text=True, timeout=long(30))
    check(f"{' '.join(args)[:60]} ends with {status}", done.returncode == status)
    return done.stdout


NAMES = ["-n", "127.0.0.11=Alice", "-n", "127.0.0.1:5060=P-CSCF", "-n", "127.0.0.21=AGW"]


def labels(text):
    return [m for m in re.findall(r"(INVITE sip|180 Ringing|100 Trying|Transaction \d+|Reply \d+|Pending \d+|TLS failed)", text)]


def test_text(mediasec, path):
    text = run(mediasec, "draw", *NAMES, path)
    print(text)
    check("heads in the order of the names", re.search(r"Alice +P-CSCF +AGW", text.splitlines()[0]) is not None)
    check("in the order of time, once each, without heartbeats",
          labels(text) == ["INVITE sip", "Transaction 101", "Reply 101", "180 Ringing", "TLS failed", "Transaction 77", "Pending 42"])
    check("media of SIP", "INVITE sip:bob@example.net [TCP/TLS/MSRP] setup:active 3ge2ae:requested" in text)
    check("commands of H.248", "Transaction 101 C=$ Add $ ipnapt/latch" in text)
    check("what was observed", "Notify ip/access/1/9002 tlsbsc/BNCChange EstFail 42 fpmismatch" in text)
    check("an event", "TLS failed: MSRP ip/access/1/9002: fpmismatch, alert 42" in text)
    check("times since the first", "2.250" in text and "0.004" in text)
    everything = run(mediasec, "draw", *NAMES, "-a", path)
    check("-a shows heartbeats", "100 Trying" in everything and "AuditValue ROOT" in everything)
    only = run(mediasec, "draw", *NAMES, "-i", "agw1/7", path)
    check("-i chooses", "INVITE" not in only and "Add" in only)
    unnamed = run(mediasec, "draw", path)
    check("without names: hosts", "127.0.0.11" in unnamed and "40211" not in unnamed)
    check("-p: with ports", "127.0.0.11:40211" in run(mediasec, "draw", "-p", path))


def test_svg(mediasec, path, folder):
    svg = os.path.join(folder, "flow.svg")
    run(mediasec, "draw", *NAMES, "-s", svg, path)
    root = ET.parse(svg).getroot()
    texts = ["".join(e.itertext()) for e in root.iter("{http://www.w3.org/2000/svg}text")]
    check("SVG is XML with the participants", {"Alice", "P-CSCF", "AGW"} <= set(texts))
    check("SVG has every line", len([t for t in texts if re.match(r"\d+\.\d{3} s", t)]) == 7)


def test_bad(mediasec, folder):
    bad = os.path.join(folder, "bad")
    with open(bad, "wb") as f:
        f.write(flow()[0][:-1])
    run(mediasec, "draw", bad, status=1)
    run(mediasec, "draw", os.path.join(folder, "none"), status=1)
    run(mediasec, "draw", "-n", "nonsense", bad, status=2)
    run(mediasec, "draw", "-w", "3", bad, status=2)
    run(mediasec, "nonsense", status=2)


def test_collect(mediasec, folder):
    path, port = os.path.join(folder, "collected"), reserve()
    process = subprocess.Popen([mediasec, "trace", "collect", "-l", f"127.0.0.1:{port}", path], stderr=subprocess.PIPE, text=True)
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    until(lambda: os.path.exists(path), 5, "the collector listens")
    for packet in [b"nonsense"] + flow():
        sender.sendto(packet, ("127.0.0.1", port))
    process.terminate()  # what has come by then is not lost
    said = process.communicate(timeout=long(10))[1]
    check("the collector counts", "10 packets, 1 not HEP" in said)
    with open(path, "rb") as f:
        check("and keeps what came", f.read() == b"".join(flow()))
    return path


def main():
    mediasec = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        path = test_collect(mediasec, folder)
        test_text(mediasec, path)
        test_svg(mediasec, path, folder)
        test_bad(mediasec, folder)
    sys.exit(1 if FAILED else 0)


main()
