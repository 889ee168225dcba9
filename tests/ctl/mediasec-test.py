#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command `mediasec`: help, profile, and questions to a control socket that answers in all ways."""
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading

MEDIASEC = sys.argv[1]
TABLE = [{"name": "alice", "n": 3, "uris": ["sip:a@x", "sip:b@x"], "on": True},
         {"name": "b\u00f6b", "n": 12345, "uris": [], "on": False}]
TEXT = ("name   n      uris              on\n"
        "alice  3      sip:a@x, sip:b@x  yes\n"
        "b\u00f6b    12345                    no\n")
ANSWERS = {
    "object": {"ok": True, "result": {"name": "kms", "users": 3, "list": [1, 2], "rows": TABLE, "none": None}},
    "table": {"ok": True, "result": TABLE},
    "words": {"ok": True, "result": ["one", "two"]},
    "text": {"ok": True, "result": "done"},
    "none": {"ok": True, "result": None},
    "refuse": {"ok": False, "error": "no such user"},
    "nonsense": [1],
}
failures = []


def serve(listener):
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        with client, client.makefile("rwb") as f:
            request = json.loads(f.readline())
            name = request["command"]
            if name == "hang-up":
                continue
            answer = {"ok": True, "result": request["args"]} if name == "args" else ANSWERS[name]
            text = json.dumps(answer).encode() + b"\n"
            for i in range(0, len(text), 7):  # in small pieces
                f.write(text[i:i + 7])
                f.flush()


def run(*args):
    p = subprocess.run([MEDIASEC, *args], capture_output=True, text=True, timeout=30)
    return p.returncode, p.stdout, p.stderr


def check(what, args, status, out=None, err=None, parts=()):
    got = run(*args)
    ok = got[0] == status and (out is None or got[1] == out) and (err is None or err in got[2])
    ok = ok and all(part in got[1] for part in parts)
    print("ok  " if ok else "FAIL", what)
    if not ok:
        print("   ", got)
        failures.append(what)


def general():
    check("no command", [], 2, err="usage: mediasec COMMAND")
    check("help", ["help"], 0, parts=["  profile ", "  ask "])
    check("help of one", ["help", "ask"], 0, parts=["usage: mediasec ask"])
    check("--help of one", ["mgw", "--help"], 0, parts=["usage: mediasec mgw", "  contexts | context ID"])
    check("-h of one", ["alg", "-h"], 0, parts=["usage: mediasec alg", "  gateway drain NAME"])
    check("help of none", ["help", "nope"], 2, err='no command "nope"')
    check("unknown command", ["nope"], 2, err='no command "nope"')
    check("version", ["--version"], 0, parts=["mediasec "])
    check("profile", ["profile"], 0, parts=["clock_skew_s", "standard: "])
    check("profile as a table", ["profile", "--markdown"], 0, parts=["| name | default |", "| `clock_skew_s` | `300` |"])
    check("profile, too much", ["profile", "x"], 2, err="too much")


def questions(path):
    check("object", ["ask", path, "object"], 0, out="name: kms\nusers: 3\nlist: 1, 2\nrows:\n"
          + TEXT + "none: -\n")
    check("table", ["ask", path, "table"], 0, TEXT)
    check("words", ["ask", path, "words"], 0, out="one\ntwo\n")
    check("text", ["ask", path, "text"], 0, out="done\n")
    check("nothing", ["ask", path, "none"], 0, out="")
    check("as JSON", ["ask", "--json", path, "words"], 0, out='[\n  "one",\n  "two"\n]\n')
    check("arguments", ["ask", "--json", path, "args", "a=1", "b=x y", "c=true", "d=", "e=a=b", "f=-1"], 0,
          out=json.dumps({"a": 1, "b": "x y", "c": True, "d": "", "e": "a=b", "f": "-1"}, indent=2) + "\n")
    check("bad argument", ["ask", path, "args", "a"], 2, err="not NAME=VALUE")
    check("no command to ask", ["ask", path], 2, err="which socket and which command")
    check("refusal", ["ask", path, "refuse"], 1, err="mediasec: no such user")
    check("nonsense", ["ask", path, "nonsense"], 1, err="makes no sense")
    check("hang-up", ["ask", path, "hang-up"], 3, err="cannot ask the daemon")
    check("nobody there", ["ask", path + "x", "text"], 3, err="No such file")
    check("path too long", ["ask", "/" + "x" * 200, "text"], 3, err="File name too long")


def h248():
    text = "!/2 <gw>\nT=1{C=1{A=${M{O{MO=SR,tman/pol=ON}}}}}"
    pretty = ("MEGACO/2 <gw>\nTransaction = 1{\n\tContext = 1{\n\t\tAdd = ${\n\t\t\tMedia{\n\t\t\t\tLocalControl{\n"
              "\t\t\t\t\tMode = SendReceive,\n\t\t\t\t\ttman/pol = ON\n\t\t\t\t}\n\t\t\t}\n\t\t}\n\t}\n}\n")
    check("H.248 text", ["h248", "dump", text], 0, out=pretty)
    check("H.248 text in hex", ["h248", "dump", "--compact", text.encode().hex(":")], 0, out=text + "\n")
    tpkt = bytes([3, 0, 0, 4 + len(text)]) + text.encode()
    check("H.248 behind TPKT", ["h248", "dump", "--compact", tpkt.hex()], 0, out=text + "\n")
    status, binary, _ = run("h248", "dump", "--binary", text)
    check("H.248 binary", ["h248", "dump", "--compact", binary], status, out=text.replace("ON", "on") + "\n")
    check("H.248, a fault", ["h248", "dump", "!/2 <gw>\nT=1{C=1{Foo=$}}"], 1, err="octet 17: error 443")
    check("H.248, which", ["h248"], 2, err="what about it?")


def main():
    general()
    h248()
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "ctl")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen()
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        questions(path)
        listener.close()
    return 1 if failures else 0


sys.exit(main())
