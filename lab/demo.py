#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The main job, watched: Alice, Bob and Carol share no keys; Mallory is a user like them and listens on
the wire. Every line marked with a tick was checked, not just printed. Exit status 0 only if all were."""
import argparse
import base64
import hashlib
import os
import secrets
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from capture import Capture, CaptureError, sip_requests, streams  # noqa: E402
from lab import DOMAIN, Lab, LabError  # noqa: E402
from mallory import Mallory  # noqa: E402
from show import Failed, Show  # noqa: E402
import demo_edge  # noqa: E402
import demo_list  # noqa: E402

FILE_SIZE = 64 << 20
HELLO = "Hello Bob. We have never shared a key, and nobody between us can read this."
SECRET_WORDS = ["the chat stays between us", "and so does the answer", "meet me at nine"]
PKCS7 = "application/pkcs7-mime; smime-type=auth-enveloped-data; name=smime.p7m"


def uri(name):
    return f"sip:{name}@{DOMAIN}"


class DemoLab(Lab):
    """The lab with Bob and Carol at home: interactive clients that answer."""
    bob = carol = None

    def bob_on(self):
        self.bob = self.online("bob")

    def bob_off(self):
        self.bob.type("/quit")
        self.bob.finish(0)

    def carol_on(self):
        self.carol = self.online("carol")

    def audit(self, *words):
        """The KMS's audit lines that have all of these words."""
        with open(os.path.join(self.kms_dir, "audit.log"), encoding="utf-8") as f:
            return [line.strip() for line in f if all(w in line for w in words)]

    def describe(self):
        yield f"Kamailio (registrar and proxy)   sip:{self.host}:{self.sip_port}, TCP and UDP"
        yield f"mediasec-kms                     http://{self.host}:{self.kms_port}"
        yield f"users                            {', '.join(self.users)}; each has one key, shared with the KMS only"


def act_message(lab, show):
    show.act("1. A protected MESSAGE: Alice to Bob")
    show.say("alice", HELLO)
    alice = lab.ue("alice", "send", uri("bob"), HELLO)
    ticket = alice.wait("ticket")
    show.say("alice", f"ticket from the KMS, for {', '.join(ticket['resolvers'])} only, valid until {ticket['valid_until']}")
    alice.finish(0)
    got = lab.bob.wait("message")
    show.say("bob", f"{got['peer']}: {got['text']}")
    show.check(got["text"] == HELLO, "Bob reads it")
    show.check(got["protected"] and got["verified"] and got["peer"] == uri("alice"), "the KMS says it is from Alice", got["peer"])


def act_chat(lab, show):
    show.act("2. A chat both ways: MSRP over TLS-PSK")
    alice = lab.ue("alice", "chat", uri("bob"), stdin=True)
    up = alice.wait("call-established", timeout=20)
    show.say("alice", f"session with {up['peer']}, {up['suite']}")
    show.check(up["peer"] == uri("bob") and up["protected"], "Alice's KMS says it is Bob who answered")
    alice.type("the chat stays between us")
    heard = lab.bob.wait("chat")
    show.say("bob", f"hears: {heard['text']}")
    show.check(heard["text"] == "the chat stays between us" and heard["peer"] == uri("alice"), "Bob hears Alice")
    lab.bob.type("and so does the answer")
    heard = alice.wait("chat")
    show.say("alice", f"hears: {heard['text']}")
    show.check(heard["text"] == "and so does the answer", "Alice hears Bob")
    alice.close_stdin()
    alice.finish(0)


def act_file(lab, show):
    show.act("3. A file of 64 MiB with its hash")
    path = os.path.join(lab.dir, "film.bin")
    block, digest = secrets.token_bytes(1 << 20), hashlib.sha256()
    with open(path, "wb") as f:
        for i in range(FILE_SIZE >> 20):
            part = hashlib.sha256(block + bytes([i])).digest() + block[32:]
            digest.update(part)
            f.write(part)
    inbox = os.path.join(lab.dir, "bob-inbox")
    began = time.time()
    alice = lab.ue("alice", "send-file", uri("bob"), path)
    shown = -1
    while True:
        event = alice.wait("file-progress", "file-done", "file-failed", timeout=120)
        if event["event"] != "file-progress":
            break
        tenth = event["done"] * 10 // event["size"]
        if tenth > shown:
            shown = tenth
            show.say("alice", f"[{'#' * tenth * 3:30}] {event['done'] >> 20:2} of {event['size'] >> 20} MiB")
    show.check(event["event"] == "file-done", "Alice's client says it is done", event.get("reason", ""))
    done = lab.bob.wait("file-done", "file-failed", timeout=60)
    seconds = time.time() - began
    with open(done.get("path") or os.path.join(inbox, "film.bin"), "rb") as f:
        received = hashlib.sha256(f.read()).hexdigest()
    show.check(received == digest.hexdigest(), "Bob has the same octets", f"sha-256 {received[:16]}..., {seconds:.1f} s")
    alice.finish(0)


def act_diversion(lab, show):
    show.act("4. Call diversion: Bob's calls go to Carol, and Alice sees who answered")
    lab.forward("bob", "carol")
    alice = lab.ue("alice", "chat", uri("bob"), stdin=True)
    up = alice.wait("call-established", timeout=20)
    show.say("alice", f"called {up['called']}, answered by {up['peer']}")
    show.check(up["peer"] == uri("carol"), "Alice is told that Carol answered", up["peer"])
    alice.type("meet me at nine")
    heard = lab.carol.wait("chat")
    show.check(heard["text"] == "meet me at nine" and heard["peer"] == uri("alice"), "Carol hears Alice under keys of her own")
    alice.close_stdin()
    alice.finish(0)
    show.say("alice", "calls again, this time accepting nobody but Bob")
    strict = lab.ue("alice", "chat", uri("bob"), "--only-called", stdin=True)
    failed = strict.wait("call-failed", "call-established", timeout=20)
    show.check(failed["event"] == "call-failed" and failed["status"] == 488, "the session with somebody else fails",
               f"488, {failed.get('warning', '')}")
    refused = lab.audit("resolve refused", "not_admitted", 'user="carol"')
    show.check(bool(refused), "because the KMS did not let Carol resolve a ticket for Bob only")
    strict.close_stdin()
    strict.finish(None)
    lab.forward("bob", None)


def captured_body(lab, show, sender, text):
    """Lets `sender` write to Bob while his phone is off, and takes the body off the wire."""
    with Capture(os.path.join(lab.dir, f"tap-{sender}.pcap"), [lab.sip_port]) as tap:
        lab.bob_off()
        lab.ue(sender, "send", uri("bob"), text).finish(None)
        found = [body for head, body in sip_requests(tap.stop(), "MESSAGE") if "pkcs7-mime" in head]
    lab.bob_on()
    if not found:
        raise Failed(f"{show.step}: nothing of {sender}'s message was seen on the wire")
    return found[0]


def act_mallory(lab, show):
    show.act("5. Mallory: a user of the same KMS and core, with a tap on the wire")
    mallory = Mallory((lab.address, lab.sip_port), "mallory", lab.password("mallory"))
    stolen = captured_body(lab, show, "alice", "Bob, this is for you only. meet me at nine")
    show.say("mallory", f"has taken a message of Alice's off the wire, {len(stolen)} octets, while Bob's phone was off")

    thief = lab.ue("mallory", "listen", "--count", "1", "--timeout", "20")
    thief.wait("registered")
    mallory.message(uri("mallory"), uri("alice"), stolen, PKCS7)
    refused = thief.wait("message-refused", "message", timeout=20)
    show.check(refused["event"] == "message-refused", "she cannot read it", refused.get("detail", refused.get("text")))
    written = lab.audit("resolve refused", "not_admitted", 'user="mallory"')
    show.check(bool(written), "the KMS refused to resolve the ticket and wrote down who asked")
    show.say("kms", written[-1].split(" ticket=")[0])
    thief.stop()

    altered = bytearray(stolen)
    altered[-20] ^= 1
    mallory.message(uri("bob"), uri("alice"), bytes(altered), PKCS7)
    refused = lab.bob.wait("message-refused", "message", timeout=20)
    show.check(refused.get("reason") == "cms_mac", "one bit changed: Bob's client refuses it", refused.get("detail"))

    mallory.message(uri("bob"), uri("alice"), stolen, PKCS7)
    got = lab.bob.wait("message", "message-refused", timeout=20)
    show.check(got["event"] == "message" and got["peer"] == uri("alice"), "the unchanged message: Bob reads it, once")
    mallory.message(uri("bob"), uri("alice"), stolen, PKCS7)
    refused = lab.bob.wait("message-refused", "message", timeout=20)
    show.check(refused.get("reason") == "replay", "the same TRANSFER_INIT again: refused", refused.get("detail"))

    own = captured_body(lab, show, "mallory", "Bob, please wire 1000 euro. Yours, Alice")
    mallory.message(uri("bob"), uri("alice"), own, PKCS7)
    got = lab.bob.wait("message", timeout=20)
    show.say("bob", f"From says {got['from']}, the KMS says {got['peer']}: {got.get('warning', '')}")
    show.check(got["peer"] == uri("mallory"), "From says Alice, Bob is shown Mallory", got["peer"])

    mallory.message(uri("bob"), uri("alice"), b"Bob, it is me, Alice, without all that crypto", "text/plain")
    refused = lab.bob.wait("message-refused", "message", timeout=20)
    show.check(refused.get("reason") == "plain_policy", "an unprotected message in Alice's name: refused",
               refused.get("detail"))


def forms(text):
    """The text as it stands, and the middle of its base64 in each of the three alignments."""
    yield text
    for shift in range(3):
        yield base64.b64encode(b" " * shift + text)[4:-4]


def act_wire(lab, show, capture):
    show.act("6. What the wire has seen")
    found = capture.stop()
    flows = streams(found)
    total = sum(len(d) for d in flows.values())
    show.say("capture", f"{len(found)} packets, {len(flows)} streams, {total >> 20} MiB")
    for words in SECRET_WORDS + [HELLO]:
        hits = [k for k, data in flows.items() if any(form in data for form in forms(words.encode()))]
        short = words if len(words) < 40 else words[:37] + "..."
        show.check(not hits, f"not on the wire, plain or base64: \"{short}\"")
    with open(os.path.join(lab.dir, "film.bin"), "rb") as f:
        f.seek(10 << 20)
        sample = f.read(48)
    show.check(not any(sample in data for data in flows.values()), "not on the wire: the file's octets")
    carried = [data for data in flows.values() if len(data) > FILE_SIZE]
    show.check(bool(carried) and all(data[0] == 0x16 for data in carried), "the file went over the wire, as TLS")
    show.check(any(b"MESSAGE sip:" in data for data in flows.values()), "the capture did see the SIP traffic")


def stay(lab):
    print("\nThe system stays up; end it with Ctrl-C. From two other terminals:\n")
    for name in ("alice", "bob"):
        print(f"  {lab.command_line(name)}")
    print(f"\nthen in one of them:  /chat {uri('bob')}   or   /msg {uri('bob')} Hello\n"
          f"The operator's view:  {lab.ctl_line('status')}\n")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        print("\nending the system")


def run(lab, show):
    show.act("0. The system")
    lab.start("alice", "bob", "carol", "mallory")
    for line in lab.describe():
        show.say("", line)
    lab.bob_on()
    lab.carol_on()
    with Capture(os.path.join(lab.dir, "wire.pcap"), [lab.sip_port, lab.kms_port, lab.msrp_ports]) as capture:
        act_message(lab, show)
        act_chat(lab, show)
        act_file(lab, show)
        act_diversion(lab, show)
        act_mallory(lab, show)
        act_wire(lab, show, capture)


def main():
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--stay", action="store_true", help="leave the system running and say how to chat")
    parser.add_argument("--edge", action="store_true", help="only the second act: the access edge")
    parser.add_argument("--list", action="store_true", help="only the third act: messages to many")
    parser.add_argument("--keep", action="store_true", help="keep the working folder (logs, capture)")
    args = parser.parse_args()
    show, status = Show(), 1
    folder = tempfile.mkdtemp(prefix="mediasec-demo-")
    lab = DemoLab(folder)
    try:
        every = not args.edge and not args.list
        if every:
            run(lab, show)
        if args.edge or (every and not args.stay):
            demo_edge.run(folder, show)
        if args.list or (every and not args.stay):
            demo_list.run(folder, show)
        show.summary()
        status = 0
        if args.stay:
            lab.bob.stop()
            lab.carol.stop()
            stay(lab)
    except (Failed, LabError, CaptureError) as e:
        print(f"\nFAILED in step \"{show.step}\": {e}", file=sys.stderr)
        print(lab.logs(), file=sys.stderr)
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
    finally:
        lab.stop()
        if args.keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
