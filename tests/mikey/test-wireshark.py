#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test-wireshark.py SCRIPT VECTORS: the dissector in tshark. Every message of the vectors' exchanges
goes into captures as HTTP body, SDP attribute and CMS key identifier; what tshark then shows must be
what the vectors say is in it, and nothing may be called malformed."""
import base64
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile

SCRIPT, VECTORS = sys.argv[1], sys.argv[2]
FIELDS = ["data_type", "csb_id", "number_of_cs", "id", "rand", "mac", "flags", "spi", "encr_data", "error_no"]


def fail(message):
    sys.exit("test-wireshark: " + message)


# ---- captures: raw IPv4 frames in a pcap file

def ip(protocol, payload):
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0,
                       bytes([127, 0, 0, 1]), bytes([127, 0, 0, 2]))
    return head + payload


def udp(data):
    return ip(17, struct.pack(">HHHH", 5060, 5060, 8 + len(data), 0) + data)


class Tcp:
    """One direction of a connection to port 80; each call is a segment."""
    ports = 20000

    def __init__(self):
        Tcp.ports += 1
        self.port, self.seq = Tcp.ports, 1

    def segment(self, data):
        head = struct.pack(">HHIIBBHHH", self.port, 80, self.seq, 1, 0x50, 0x18, 65535, 0, 0)
        self.seq += len(data)
        return ip(6, head + data)


def write_pcap(path, frames):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 101))
        for n, frame in enumerate(frames):
            f.write(struct.pack("<IIII", 1700000000 + n, 0, len(frame), len(frame)) + frame)


# ---- carriers of a message

def http(message, encode=False):
    body = base64.b64encode(message) if encode else message
    return Tcp().segment(b"POST /keymanagement?requesttype=ticketrequest HTTP/1.1\r\nHost: kms.example.com\r\n"
                         b"Content-Type: application/mikey\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def sip(method, content_type, body, extra=b""):
    return udp(method + b" sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\n"
               b"From: <sip:alice@example.com>;tag=1\r\nTo: <sip:bob@example.com>\r\nCall-ID: 1\r\n"
               b"CSeq: 1 " + method + b"\r\nContent-Type: " + content_type + b"\r\n" + extra +
               b"Content-Length: %d\r\n\r\n" % len(body) + body)


def sdp(message):
    return sip(b"INVITE", b"application/sdp",
               b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\na=key-mgmt:mikey " +
               base64.b64encode(message) + b"\r\nm=message 9 TCP/TLS/MSRP *\r\n")


def der(tag, *parts):
    body = b"".join(parts)
    n = len(body)
    length = bytes([n]) if n < 128 else bytes([0x82]) + struct.pack(">H", n)
    return bytes([tag]) + length + body


def oid(text):
    numbers = [int(n) for n in text.split(".")]
    out = bytes([numbers[0] * 40 + numbers[1]])
    for n in numbers[2:]:
        septets = [n & 0x7f]
        while n > 0x7f:
            n >>= 7
            septets.append(0x80 | n & 0x7f)
        out += bytes(reversed(septets))
    return der(0x06, out)


def cms(message):
    """ContentInfo { AuthEnvelopedData { KEKRecipientInfo { kekid { message } } } }"""
    kek = der(0xa2, der(0x02, b"\4"), der(0x30, der(0x04, message)),
              der(0x30, oid("2.16.840.1.101.3.4.1.5")), der(0x04, bytes(24)))
    gcm = der(0x30, oid("2.16.840.1.101.3.4.1.6"), der(0x30, der(0x04, bytes(12)), der(0x02, b"\x10")))
    content = der(0x30, oid("1.2.840.113549.1.7.1"), gcm, der(0x80, b"\x5a" * 40))
    return der(0x30, oid("1.2.840.113549.1.9.16.1.23"),
               der(0xa0, der(0x30, der(0x02, b"\0"), der(0x31, kek), content, der(0x04, bytes(16)))))


def smime(message, encode):
    body = cms(message)
    extra = b"Content-Transfer-Encoding: binary\r\n"
    if encode:
        body, extra = base64.encodebytes(body).replace(b"\n", b"\r\n"), b"Content-Transfer-Encoding: base64\r\n"
    return sip(b"MESSAGE", b"application/pkcs7-mime; smime-type=auth-enveloped-data", body, extra)


CARRIERS = {
    "HTTP": http,
    "HTTP base64": lambda m: http(m, True),
    "SDP": sdp,
    "CMS": lambda m: smime(m, False),
    "CMS base64": lambda m: smime(m, True),
}


# ---- what a message has in it, from the vectors

def collect(payloads, found):
    for p in payloads:
        if "id_text" in p:
            found["id"].append(p["id_text"])
        if p.get("rand"):
            found["rand"].append(p["rand"])
        if p.get("mac"):
            found["mac"].append(p["mac"])
        if "flags" in p:
            found["flags"].append(p["flags"])
        if p.get("encr_data"):
            found["encr_data"].append(p["encr_data"])
        if "error_no" in p:
            found["error_no"].append(str(p["error_no"]))
        for key in p.get("keys", []):
            if key.get("spi"):
                found["spi"].append(key["spi"])
        for nested in ("tp_data", "ticket_data_payloads", "initiator_data_payloads"):
            if isinstance(p.get(nested), list):
                collect(p[nested], found)


def expected(decoded):
    hdr = decoded["hdr"]
    found = {name: [] for name in FIELDS}
    found["data_type"].append(str(hdr["data_type"]))
    found["csb_id"].append(f"0x{hdr['csb_id']:08x}")
    found["number_of_cs"].append(str(len(hdr["cs"])))
    found["spi"] += [cs["spi"] for cs in hdr["cs"] if cs["spi"]]
    collect(decoded["payloads"], found)
    return found


def tshark(path, *args):
    done = subprocess.run(["tshark", "-n", "-r", path, "-X", "lua_script:" + SCRIPT, *args],
                          capture_output=True, text=True, errors="replace")
    if done.returncode != 0 or "Lua" in done.stderr:
        fail(f"tshark: {done.stderr}")
    return done.stdout


def compare(carrier, steps, path):
    write_pcap(path, [CARRIERS[carrier](bytes.fromhex(step["hex"])) for _, step in steps])
    args = ["-T", "fields", "-E", "aggregator=|", "-E", "occurrence=a", "-E", "separator=/t"]
    for name in FIELDS:
        args += ["-e", "mikey_ticket." + name]
    rows = tshark(path, *args).rstrip("\n").split("\n")
    if len(rows) != len(steps):
        fail(f"{carrier}: {len(rows)} frames")
    for (where, step), row in zip(steps, rows):
        want = expected(step["decoded"])
        cells = dict(zip(FIELDS, row.split("\t")))
        for name in FIELDS:
            got = [v for v in cells.get(name, "").split("|") if v]
            if name == "spi":  # those of the wanted keys in TP are not in the vectors' fields
                got = got[:len(want[name])]
            if got != want[name]:
                fail(f"{carrier} {where}: {name} is {got}, not {want[name]}")
    text = tshark(path, "-V")
    for bad in ("alformed", "Cannot be decoded", "not implemented"):
        if bad in text:
            fail(f"{carrier}: '{bad}' in\n" + "\n".join(x for x in text.split("\n") if bad in x))
    return text


def check_broken(steps, path):
    """A cut message is named as such, with the place, and tshark goes on."""
    whole = bytes.fromhex(steps[0][1]["hex"])
    write_pcap(path, [http(whole[:n]) for n in range(2, len(whole), 7)] + [http(whole)])
    text = tshark(path, "-V")
    if text.count("(Error/Protocol): Cannot be decoded at offset") != len(range(2, len(whole), 7)):
        fail("cut messages are not named as such")


def check_payloads(path):
    """Each payload alone in a message, those of the public-key variants and wanted keys included."""
    with open(os.path.join(VECTORS, "payloads.json")) as f:
        payloads = [p for p in json.load(f)["vectors"] if p["number"] is not None]
    frames = []
    for p in payloads:
        octets = bytearray.fromhex(p["hex"])
        if p["payload"] != "SIGN":
            octets[0] = 0
        frames.append(http(bytes([1, 14, p["number"], 0, 0, 0, 0, 1, 0, 1]) + bytes(octets)))
    write_pcap(path, frames)
    text = tshark(path, "-V")
    if "annot be decoded" in text or "alformed" in text:
        fail("a payload alone: " + next(x for x in text.split("\n") if "annot be" in x or "alformed" in x))
    for name in ("Key data: TGK", "Rekeying interval, 600 s", "Encrypted envelope key", "Certificate", "Invalid TPpar"):
        if name not in text:
            fail(f"no '{name}' shown")


def check_mutated(steps, path):
    """Octets changed at random: shown or named as broken, but no error of the script itself."""
    random.seed(6043)
    frames = []
    for _ in range(400):
        message = bytearray.fromhex(random.choice(steps)[1]["hex"])
        for _ in range(random.choice((1, 2, 8))):
            message[random.randrange(2, len(message))] = random.choice((0, 1, 2, 9, 14, 17, 20, 127, 255, random.randrange(256)))
        frames.append(http(bytes(message)))
    write_pcap(path, frames)
    text = tshark(path, "-V")
    for bad in ("Lua Error", "Dissector bug", "attempt to"):
        if bad in text:
            fail("mutated: " + next(x for x in text.split("\n") if bad in x))


def check_own(path):
    """Messages of RFC 3830 stay with Wireshark."""
    write_pcap(path, [http(bytes.fromhex("01000500010203040001" + "0000e9dce58112345678"))])
    shown = tshark(path, "-T", "fields", "-e", "frame.protocols", "-e", "mikey_ticket.data_type", "-e", "mikey.version")
    layers, ours, own = shown.rstrip("\n").split("\t")
    if ours or not own or not layers.endswith(":mikey"):
        fail("a pre-shared key message: " + shown)


if not shutil.which("tshark"):
    print("no tshark")
    sys.exit(77)
with open(os.path.join(VECTORS, "exchanges.json")) as file:
    all_steps = [(f"{e['id']} {n}", step) for e in json.load(file)["vectors"] for n, step in enumerate(e["steps"])]
with tempfile.TemporaryDirectory() as directory:
    pcap = os.path.join(directory, "capture.pcap")
    for name in CARRIERS:
        some = all_steps if name == "HTTP" else all_steps[::5]
        output = compare(name, some, pcap)
        print(f"{name}: {len(some)} messages")
    if "KEK key identifier" not in output or "id-data" not in output:
        fail("CMS is not shown")
    check_payloads(pcap)
    check_broken(all_steps, pcap)
    check_mutated(all_steps, pcap)
    check_own(pcap)
