#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test-dump.py MEDIASEC VECTORS: `mediasec mikey dump` against what the vectors say is in each
message, in every form of input."""
import base64
import json
import os
import subprocess
import sys
import tempfile

MEDIASEC, VECTORS = sys.argv[1], sys.argv[2]
NAMES = {"EXT": "General Ext."}
FIELDS = {  # field of a vector: field of the dump
    "role": "role", "id_type": "id_type", "ts_type": "ts_type", "rand": "rand", "auth_alg": "mac_alg",
    "encr_alg": "encr_alg", "encr_data": "encr_data", "policy_no": "policy_no", "type": "type",
    "ticket_type": "ticket_type", "subtype": "subtype", "version": "version", "prf": "prf",
    "flags": "flags", "error_no": "error_no",
}
compared = 0


def fail(message):
    sys.exit("test-dump: " + message)


def dump(*args, data=None, status=0):
    done = subprocess.run([MEDIASEC, "mikey", "dump", *args], input=data, capture_output=True)
    if done.returncode != status:
        fail(f"{args}: status {done.returncode}, {done.stderr.decode()}")
    return done.stdout, done.stderr.decode()


def compare(where, want, got, base):
    """One payload and what is nested in it; `base` is where offsets of the vector start."""
    global compared
    compared += 1
    if got["item"] != NAMES.get(want["p"], want["p"]):
        fail(f"{where}: {got['item']} in place of {want['p']}")
    if (got["offset"], got["length"]) != (base + want["off"], want["len"]):
        fail(f"{where} {want['p']}: at {got['offset']} +{got['length']}")
    for field, name in FIELDS.items():
        if field in want and want[field] != got.get(name):
            # a rekeying interval and SDP IDs have forms of their own
            fail(f"{where} {want['p']}: {name} is {got.get(name)}, not {want[field]}")
    if "mac" in want and want["mac"] and want["mac"] != got["mac"]:
        fail(f"{where}: mac")
    if "id_text" in want and want["id_text"] != got["id"]:
        fail(f"{where}: id {got['id']}")
    if "ts" in want and "ts_value" in got and want["ts"] != got["ts_value"]:
        fail(f"{where}: ts {got['ts_value']}")
    start = base + want["off"] + 10
    nested = [("tp_data", start)]
    if "tp_data" in want:
        tp = 1 + max((p["off"] + p["len"] for p in want["tp_data"]), default=1) - 1
        start += tp + 2
        nested.append(("ticket_data", start))
        start += len(want.get("ticket_data", "")) // 2 + 2
        nested.append(("initiator_data", start))
    for name, at in nested:
        inner = want.get(name if name == "tp_data" else name + "_payloads", [])
        if len(inner) != len(got.get(name, [])):
            fail(f"{where} {name}: {len(got.get(name, []))} payloads")
        for w, g in zip(inner, got.get(name, [])):
            compare(f"{where} {name}", w, g, at)


def compare_header(where, want, got):
    for field, name in {"data_type": "data_type", "v": "v", "prf": "prf", "map_type": "map_type"}.items():
        if want[field] != got[name]:
            fail(f"{where} HDR: {name} is {got[name]}")
    if f"{want['csb_id']:08x}" != got["csb_id"] or want["len"] != got["length"]:
        fail(f"{where} HDR: CSB ID or length")
    for w, g in zip(want["cs"], got.get("crypto_sessions", [])):
        if (w["cs_id"], w["prot_type"], w["session_data"], w["spi"], bytes(w["ps"]).hex()) != \
                (g["cs_id"], g["prot_type"], g["session_data"], g["spi"], g["policies"]):
            fail(f"{where} HDR: crypto session {g}")


def check_exchanges():
    with open(os.path.join(VECTORS, "exchanges.json")) as f:
        exchanges = json.load(f)["vectors"]
    for exchange in exchanges[::3]:
        for n, step in enumerate(exchange["steps"]):
            where = f"{exchange['id']} {n}"
            out, _ = dump("--json", step["hex"])
            items = json.loads(out)["items"]
            compare_header(where, step["decoded"]["hdr"], items[0])
            if len(items) - 1 != len(step["decoded"]["payloads"]):
                fail(f"{where}: {len(items) - 1} payloads")
            for want, got in zip(step["decoded"]["payloads"], items[1:]):
                compare(where, want, got, 0)
    if compared < 500:
        fail(f"only {compared} payloads compared")
    return exchanges[0]["steps"][0]["hex"]


def check_payloads():
    """Each payload alone in a message, those of the public-key variants and wanted keys included."""
    with open(os.path.join(VECTORS, "payloads.json")) as f:
        payloads = [p for p in json.load(f)["vectors"] if p["number"] is not None]
    text = ""
    for p in payloads:
        octets = bytearray.fromhex(p["hex"])
        if p["payload"] != "SIGN":
            octets[0] = 0
        message = bytes([1, 14, p["number"], 0, 0, 0, 0, 1, 0, 1]) + bytes(octets)
        text += dump(message.hex())[0].decode()
        item = json.loads(dump("--json", message.hex())[0])["items"][1]
        want = dict(p["fields"], p=p["payload"], off=10, len=len(octets))
        want.pop("tp_data", None)  # without offsets here
        want.pop("type" if p["payload"] != "EXT" else "", None)
        item.pop("tp_data", None)
        compare(p["id"], want, item, 0)
    for name in ("type: TGK (0)", "seconds: 600", "cache: cache (1)", "X.509v3 (0)", "Invalid TPpar (15)"):
        if name not in text:
            fail(f"no '{name}' printed")


def check_forms(hex_text):
    """The same message in all forms of input gives the same text."""
    octets = bytes.fromhex(hex_text)
    b64 = base64.b64encode(octets).decode()
    line = "a=key-mgmt:mikey " + b64
    sdp = f"v=0\r\ns=-\r\n{line}\r\nm=message 9 TCP/TLS/MSRP *\r\n"
    want, _ = dump(hex_text)
    if b"REQUEST_INIT_PSK (11)" not in want or b"sip:alice@example.com" not in want:
        fail("the text lacks names")
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "message")
        for data in (octets, hex_text.encode(), hex_text.upper().encode() + b"\n", b64.encode(),
                     ":".join(hex_text[i:i + 2] for i in range(0, len(hex_text), 2)).encode(),
                     sdp.encode()):
            with open(path, "wb") as f:
                f.write(data)
            if dump(path)[0] != want or dump(data=data)[0] != want or dump("-", data=data)[0] != want:
                fail(f"another text for {data[:20]!r}")
    if dump(b64)[0] != want or dump(line)[0] != want:
        fail("another text for an argument")


def check_errors(hex_text):
    out, err = dump(hex_text[:60], status=1)
    if b"T (10 octets)" not in out or "offset 2" not in err or b"reason: parse" not in out:
        fail(f"a cut message: {out!r} {err!r}")
    out, err = dump("--json", hex_text[:60], status=1)
    if json.loads(out)["items"][-1]["item"] != "error":
        fail("no error in JSON")
    for text in ("zz", "a=key-mgmt:mikey", "a=key-mgmt:keyp1 QQ==", "a=key-mgmt:mikey QQ"):
        dump(text, status=1)
    dump("--wrong", status=2)
    dump("a", "b", status=2)
    dump(data=b"", status=1)


message = check_exchanges()
check_payloads()
check_forms(message)
check_errors(message)
print(f"{compared} payloads as the vectors have them")
