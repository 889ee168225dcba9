#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two of our peers through Kamailio's MSRP relay (RFC 4976): AUTH with Digest, chat, a file."""
import glob
import os
import shutil
import socket
import subprocess
import time

from peers import Peer, check, finish, folder, reserve, rolling, sample, selector, skip

HOST, PORT = "127.0.0.1", reserve(4)
SIZE = 6 * 1024 * 1024 + 123


def modules():
    found = glob.glob("/usr/lib/*/kamailio/modules/msrp.so")
    return os.path.dirname(found[0]) + "/" if found else None


def start(work):
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "relay.cfg.in")) as f:
        text = f.read()
    for key, value in {"@HOST@": HOST, "@PORT@": str(PORT), "@MODULES@": modules(), "@PASSWORD@": "open sesame"}.items():
        text = text.replace(key, value)
    config = os.path.join(work, "relay.cfg")
    with open(config, "w") as f:
        f.write(text)
    log = open(os.path.join(work, "log"), "w")
    relay = subprocess.Popen(["kamailio", "-f", config, "-DD", "-E", "-m", "256", "-Y", work, "-P", work + "/pid"],
                             stdout=log, stderr=log, start_new_session=True)
    for _ in range(500):
        if relay.poll() is not None:
            break
        try:
            socket.create_connection((HOST, PORT), 5).close()
            return relay
        except OSError:
            time.sleep(0.1)
    with open(os.path.join(work, "log")) as f:
        print(f.read()[-3000:])
    raise SystemExit("kamailio did not start")


def stop(relay):
    relay.terminate()
    try:
        relay.wait(60)
    except subprocess.TimeoutExpired:
        relay.kill()
        relay.wait(60)


def connect(name, port, *options):
    """A peer with a Use-Path from the relay: the peer and its a=path."""
    uri = f"msrp://{HOST}:{port}/{name};tcp"
    peer = Peer("connect", HOST, PORT, uri, *options)
    peer.expect("connected")
    peer.do("auth", f"msrp://{HOST}:{PORT};tcp", name, "open sesame")
    use_path = peer.expect("use-path")[1]
    return peer, use_path


def two(*options):
    a, use_a = connect("alice", PORT + 1, *options)
    b, use_b = connect("bob", PORT + 2, *options)
    # each has one relay, the same: to-path is our relay's URI, the peer's relay's URI, the peer
    to_b = f"{use_a} {use_b} {b.uri}"
    to_a = f"{use_b} {use_a} {a.uri}"
    return a, b, to_a, to_b


def chat():
    # the relay keeps a whole chunk in memory before it passes it on
    a, b, to_a, to_b = two("--chunk", 2048)
    check("AUTH with Digest gives a Use-Path", True)
    b.do("session", "passive", to_a)
    b.expect("session")
    a.do("session", "active", to_b)
    a.expect("bound")
    b.expect("bound")
    a.do("say", "hello through the relay", "success")
    check("a message arrives", b.expect("message", "text/plain")[4] == "hello through the relay")
    check("its success report comes back", a.expect("done")[1] == "reported")
    b.do("say", "and back", "success")
    check("the other way", a.expect("message", "text/plain")[4] == "and back")
    check("with its report", b.expect("done")[1] == "reported")
    a.do("big", 100000, "application/octet-stream")
    message = b.expect("message", "application/octet-stream")
    body = b"\r\n-------abc$"
    expected = (body * (100000 // len(body) + 1))[:100000]
    check("100000 octets in chunks, whole", message[2] == "100000" and int(message[3]) == rolling(expected))
    check("reported as a whole", a.expect("done")[1] == "reported")
    a.quit()
    b.quit()


def file(work):
    source, target = os.path.join(work, "source"), os.path.join(work, "target")
    with open(source, "wb") as f:
        f.write(sample(SIZE))
    # more would not fit the SIP message that the relay makes of each frame for its script
    a, b, to_a, to_b = two("--chunk", 8192)
    wanted = selector(source, "application/octet-stream")
    b.do("receive", "passive", to_a, target, wanted)
    b.expect("session")
    a.do("send", "active", to_b, source, "application/octet-stream")
    check("the file's selector", a.expect("selector")[1] == wanted)
    result = b.expect("file")
    check("a file of 6 MiB, hash verified by the receiver", result[1] == "done", str(result))
    check("reported to the sender", a.expect("file")[1] == "done")
    with open(source, "rb") as f, open(target, "rb") as g:
        check("octet by octet the same", f.read() == g.read())
    a.quit()
    b.quit()


def wrong_password():
    peer = Peer("connect", HOST, PORT, f"msrp://{HOST}:{PORT + 3}/eve;tcp")
    peer.expect("connected")
    peer.do("auth", f"msrp://{HOST}:{PORT};tcp", "eve", "open barley")
    check("a wrong password is refused", peer.expect("auth-failed")[2] == "401")
    peer.quit()


def main():
    if not shutil.which("kamailio") or not modules():
        skip("kamailio with its msrp module is not installed")
    with folder() as work:
        relay = start(work)
        try:
            wrong_password()
            chat()
            file(work)
        finally:
            stop(relay)
    finish()


main()
