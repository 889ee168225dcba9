#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two of our peers over TCP: chat both ways, a large file with its hash, resuming it, cancelling it."""
import os

from peers import check, finish, folder, pair, reserve, sample, selector

PORT = reserve(6)
SIZE = 64 * 1024 * 1024


def path(name, port):
    return f"msrp://127.0.0.1:{port}/{name};tcp"


def chat():
    a, b = pair(PORT)
    b.do("session", "passive", a.uri)
    b.expect("session")
    a.do("session", "active", b.uri)
    a.expect("bound")
    b.expect("bound")
    for i in range(100):
        a.do("say", f"to b {i}", "success")
        b.do("say", f"to a {i}", "failure=partial" if i % 2 else "success")
    check("100 messages one way", all(b.expect("message")[4] == f"to b {i}" for i in range(100)))
    check("100 messages the other way", all(a.expect("message")[4] == f"to a {i}" for i in range(100)))
    check("all reported", all(a.expect("done")[1] == "reported" for _ in range(100)))
    a.quit()
    check("the end is noticed", b.expect("failed")[1] == "0")
    b.quit()


def transfer(work):
    source, target = os.path.join(work, "source"), os.path.join(work, "target")
    octets = sample(SIZE)
    with open(source, "wb") as f:
        f.write(octets)
    wanted = selector(source, "image/jpeg")
    a, b = pair(PORT + 2)
    b.do("receive", "passive", a.uri, target, wanted)
    b.expect("session")
    a.do("send", "active", b.uri, source, "image/jpeg")
    check("64 MiB, verified", b.expect("file")[1] == "done")
    check("reported", a.expect("file")[1] == "done")
    a.do("counters")
    check("in one chunk", a.expect("counters")[1] == "requests-out=1")
    with open(target, "rb") as f:
        check("octet by octet the same", f.read() == octets)
    a.quit()
    b.quit()
    # the receiver has another file in mind
    a, b = pair(PORT + 4)
    b.do("receive", "passive", a.uri, target, wanted.replace("size:", "size:1"))
    b.expect("session")
    a.do("send", "active", b.uri, source, "image/jpeg")
    check("another size is refused", b.expect("file")[1] == "bad-size" and a.expect("file")[1:] == ["refused", "413"])
    a.quit()
    b.quit()


def main():
    chat()
    with folder() as work:
        transfer(work)
    finish()


main()
