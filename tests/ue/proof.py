#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
import base64
import os
import shutil
import subprocess

from scenario import has, main, same
from lab import program

ARBITERS = "sip:arbiters@example.org"


def kept(lab, *names):
    """Alice, Bob who keeps proofs, and others; tickets are judged by the arbiters."""
    lab.arbiters = ARBITERS
    lab.start("alice", "bob", *names)
    lab.configure("bob", message={"proof_file": "proofs"})
    return lab.online("bob")


def round_trips(lab):
    """How many tickets the KMS resolved so far."""
    with open(os.path.join(lab.kms_dir, "audit.log"), encoding="utf-8") as f:
        return sum(" resolve granted" in line for line in f)


def shown(lab, name, *arguments, code=0):
    """The event `proof` of a command."""
    ue = lab.ue(name, "proof", "verify", *arguments)
    ue.finish(code)
    return next((e for e in ue.seen if e["event"] == "proof"), None)


def told(lab, name, *arguments):
    """What the command says to a person."""
    config = os.path.join(lab.home(name), "ue.yaml")
    done = subprocess.run([program("mediasec-ue"), "-c", config, "proof", *arguments], capture_output=True, text=True,
                          timeout=30, check=False, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr


def each_is_resolved(lab):
    """with a proof each message is resolved, without one the ticket is resolved once; the client shows which"""
    bob = kept(lab)
    for i, (prove, expected, resolves) in enumerate([(False, None, 1), (False, None, 1), (True, "proved", 2),
                                                     (True, "proved", 3), (False, None, 3)]):
        lab.ue("alice", "send", "bob", f"message {i}", *(["--prove"] if prove else [])).finish(0)
        has(bob.wait("message"), text=f"message {i}", verified=True, proof=expected)
        same(round_trips(lab), resolves, "resolves")
    lab.configure("alice", message={"prove": True})
    lab.ue("alice", "send", "bob", "always").finish(0)
    has(bob.wait("message"), text="always", proof="proved")
    bob.stop()
    lab.configure("bob", message={"check_proof": False, "proof_file": "proofs"})
    bob = lab.online("bob")
    lab.ue("alice", "send", "bob", "unread proof").finish(0)
    has(bob.wait("message"), text="unread proof", proof="unchecked")
    same(round_trips(lab), 4, "resolves")
    bob.stop()
    code, text, _ = told(lab, "bob", "list")
    same((code, text.count("From: " + lab.uri("alice"))), (0, 3), "proofs kept: " + text)


def an_arbiter(lab):
    """a proof is exported; who is trusted with it sees who wrote what to whom; others, and altered ones, get nowhere"""
    bob = kept(lab, "carol", "mallory")
    lab.ctl("psi", "add", ARBITERS, "carol")
    lab.ue("alice", "send", "bob", "I owe you 5 crowns", "--prove", "--notify").finish(0)
    bob.wait("message")
    bob.type("/quit")
    bob.finish(0)
    proof = os.path.join(lab.dir, "proof")
    same(told(lab, "bob", "export", "1", proof)[0], 0, "exit code")
    same(os.stat(proof).st_mode & 0o777, 0o600, "mode of the proof")
    same(told(lab, "bob", "export", "1", proof)[0], 6, "exit code: nothing is written over")
    same(told(lab, "bob", "export", "2", proof + "2")[0], 6, "exit code: there is no second")

    has(shown(lab, "carol", proof), proof="proved", peer=lab.uri("alice"), called=lab.uri("bob"),
        text="I owe you 5 crowns")
    has(shown(lab, "bob", proof), proof="proved", peer=lab.uri("alice"))
    code, text, _ = told(lab, "carol", "verify", proof)
    same((code, "alice@example.org wrote to sip:bob@example.org at 20" in text), (0, True), text)
    has(shown(lab, "mallory", proof, code=3), proof="failed", reason="kms_error")

    with open(proof, encoding="ascii") as f:
        lines = f.read()
    named = lines.replace(lab.uri("alice"), lab.uri("mallory"))
    with open(proof, "w", encoding="ascii") as f:
        f.write("Look what Mallory wrote:\n" + named)
    has(shown(lab, "carol", proof), proof="proved", peer=lab.uri("alice"))
    head, _, rest = lines.partition("-----BEGIN CMS-----\n")
    object_ = bytearray(base64.b64decode(rest.partition("-----END")[0]))
    for at in (len(object_) - 1, len(object_) // 2, len(object_) - 40):
        object_[at] ^= 1
        with open(proof, "w", encoding="ascii") as f:
            f.write(head + "-----BEGIN CMS-----\n" + base64.encodebytes(bytes(object_)).decode() + "-----END CMS-----\n")
        has(shown(lab, "carol", proof, code=None), proof="failed")
        object_[at] ^= 1
    for broken in ("", head, lines[:-30], lines.replace("MII", "M(I")):
        with open(proof, "w", encoding="ascii") as f:
            f.write(broken)
        same(told(lab, "carol", "verify", proof)[0], 1, "exit code of a file without a whole proof")

    with open(proof, "w", encoding="ascii") as f:
        f.write(lines)
    lab.ctl("psi", "remove", ARBITERS)
    has(shown(lab, "carol", proof, code=3), proof="failed", reason="kms_error")
    lab.stop_kms()
    has(shown(lab, "bob", proof, code=3), proof="failed", reason="kms_unreachable")


def by_openssl(lab):
    """the object of a proof is CMS that openssl prints"""
    if not shutil.which("openssl"):
        return
    bob = kept(lab)
    lab.ue("alice", "send", "bob", "for openssl", "--prove").finish(0)
    bob.wait("message")
    bob.stop()
    done = subprocess.run(["openssl", "cms", "-cmsout", "-print", "-noout", "-inform", "PEM", "-in",
                           os.path.join(lab.home("bob"), "proofs")], capture_output=True, text=True, check=False)
    same((done.returncode, "authEnvelopedData" in done.stdout), (0, True), done.stdout[:400] + done.stderr)


def a_full_file(lab):
    """a file of proofs that may not grow: a warning, and the message all the same"""
    bob = kept(lab)
    bob.stop()
    lab.configure("bob", message={"proof_file": "proofs", "proof_max": "4k"})
    bob = lab.online("bob")
    for _ in range(8):
        lab.ue("alice", "send", "bob", "x" * 500, "--prove").finish(0)
        has(bob.wait("message"), proof="proved")
    same(any("proof_max" in e.get("detail", "") for e in bob.seen if e["event"] == "warning"), True, "a warning")
    same(os.path.getsize(os.path.join(lab.home("bob"), "proofs")) <= 4096, True, "size of the file")


if __name__ == "__main__":
    main(each_is_resolved, an_arbiter, by_openssl, a_full_file)
