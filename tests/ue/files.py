#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
import glob
import hashlib
import os
import resource

from scenario import has, main, same


def make(lab, name, mib, empty=0):
    """A file of random MiB, and `empty` ones behind that cost the disk nothing: what is stopped on the way must be long."""
    path = os.path.join(lab.dir, name)
    digest = hashlib.sha256()
    with open(path, "wb") as f:
        for _ in range(mib):
            part = os.urandom(1 << 20)
            digest.update(part)
            f.write(part)
        for _ in range(empty):
            digest.update(bytes(1 << 20))
        f.truncate((mib + empty) << 20)
    return path, digest.hexdigest()


def digest_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as f:
        while part := f.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()


def large(lab):
    """64 MiB with progress and hash; a name that exists is kept; nothing partial stays"""
    lab.start("alice", "bob")
    path, digest = make(lab, "film.bin", 64)
    bob = lab.online("bob")
    for name in ("film.bin", "film.bin (1)"):
        ue = lab.ue("alice", "send-file", "bob", path)
        has(ue.wait("file-progress"), size=64 << 20, direction="out")
        has(ue.wait("file-done", timeout=60), verified=True, size=64 << 20)
        done = has(bob.wait("file-done", "file-failed", timeout=60), event="file-done", verified=True, peer=lab.uri("alice"))
        same(os.path.basename(done["path"]), name, "name")
        same(digest_of(done["path"]), digest, "hash")
        same(done["hash"].replace(":", "").lower(), "sha-256" + digest, "hash of the offer")
        ue.finish(0)
    same(sorted(os.listdir(os.path.join(lab.home("bob"), "inbox"))), ["film.bin", "film.bin (1)"], "inbox")


def resumed(lab):
    """the receiver's power goes away in mid transfer: the sender goes on where it broke"""
    lab.start("alice", "bob")
    path, digest = make(lab, "film.bin", 64, empty=448)
    inbox = os.path.join(lab.dir, "in")
    os.mkdir(inbox)
    bob = lab.ue("bob", "recv-file", inbox, "--count", "1")
    bob.wait("registered")
    ue = lab.ue("alice", "send-file", "bob", path, "--retry", "20")
    while ue.wait("file-progress")["done"] < 48 << 20:
        pass
    bob.kill()
    part = glob.glob(os.path.join(inbox, ".film.bin.*.part"))
    same(len(part), 1, "partial files")
    before = os.path.getsize(part[0])
    has(ue.wait("call-ended", "call-failed"), goes_on=True)
    bob = lab.ue("bob", "recv-file", inbox, "--count", "1")
    ue.wait("call-established", timeout=40)
    first = ue.wait("file-progress")
    same(0 < first["done"] and before > 0, True, f"it goes on, not from the start: {first}, {before} were there")
    has(ue.wait("file-done", "file-failed", timeout=60), event="file-done")
    done = has(bob.wait("file-done", "file-failed", timeout=60), event="file-done", verified=True)
    same(digest_of(done["path"]), digest, "hash")
    ue.finish(0)
    bob.finish(0)
    same(os.listdir(inbox), ["film.bin"], "inbox")


def resumed_elsewhere(lab):
    """the receiver has lost what it had: the sender is told, and begins again"""
    lab.start("alice", "bob")
    path, digest = make(lab, "film.bin", 8)
    lab.configure("alice", files={"retries": 5, "retry_pause": "500ms"})
    bob = lab.online("bob")
    ue = lab.ue("alice", "send-file", "bob", path, "--from", str(4 << 20))
    has(ue.wait("call-failed", "file-done"), event="call-failed", status=488)
    ue.finish(4)
    has(bob.wait("call-failed"), reason="file_range")
    lab.ue("alice", "send-file", "bob", path).finish(0)
    same(digest_of(bob.wait("file-done")["path"]), digest, "hash")


def refused(lab):
    """too large, declined, cancelled by either side, no such file, no name to escape by"""
    lab.start("alice", "bob")
    path, _ = make(lab, "film.bin", 1, empty=511)
    lab.configure("bob", files={"max_size": "1M"})
    bob = lab.online("bob")
    ue = lab.ue("alice", "send-file", "bob", path)
    has(ue.wait("call-failed"), status=488)
    ue.finish(4)
    has(bob.wait("call-failed"), reason="file_too_large")
    bob.stop()
    lab.ue("alice", "send-file", "bob", path + ".not").finish(1)

    lab.configure("bob", policy={"file": "ask"})
    bob = lab.online("bob")
    ue = lab.ue("alice", "send-file", "bob", path)
    has(bob.wait("file-offered"), name="film.bin", size=512 << 20, peer=lab.uri("alice"))
    bob.type("/reject")
    has(ue.wait("call-failed"), status=603)
    ue.finish(2)

    alice = lab.online("alice")
    alice.type(f"/send {path} bob")
    bob.wait("file-offered")
    bob.type("/accept")
    bob.wait("file-progress")
    bob.type("/hangup")
    has(alice.wait("file-failed", "file-done"), event="file-failed")
    bob.wait("file-failed")
    alice.wait("call-ended")
    alice.type(f"/send {path} bob")
    bob.wait("file-offered")
    bob.type("/accept")
    alice.wait("file-progress")
    alice.type("/hangup")
    has(bob.wait("file-failed", "file-done"), event="file-failed")
    bob.wait("call-ended")
    inbox = os.path.join(lab.home("bob"), "inbox")
    same([n for n in os.listdir(inbox) if not n.startswith(".")], [], "inbox")


def not_the_file_offered(lab):
    """octets that do not have the hash offered, a disk that is full: nothing under the file's name, and both sides know"""
    lab.start("alice", "bob")
    lab.configure("bob", policy={"file": "ask"})
    path, _ = make(lab, "film.bin", 8)
    inbox = os.path.join(lab.home("bob"), "inbox")
    bob = lab.online("bob")
    ue = lab.ue("alice", "send-file", "bob", path)
    bob.wait("file-offered")
    with open(path, "r+b") as f:  # behind the sender's back, after it was hashed
        f.seek(5 << 20)
        f.write(b"another film")
    bob.type("/accept")
    has(bob.wait("file-failed", "file-done"), event="file-failed", reason="file_bad_hash")
    bob.wait("call-ended")
    ue.finish(6)
    same(os.listdir(inbox), [], "inbox")
    bob.stop()
    # RLIMIT_FSIZE stands for a full disk.
    limited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, limited[1]))
    try:
        lab.configure("bob")
        bob = lab.online("bob")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limited)
    ue = lab.ue("alice", "send-file", "bob", path)
    has(bob.wait("file-failed", "file-done"), event="file-failed", reason="file_storage")
    ue.finish(6)
    same([n for n in os.listdir(inbox) if not n.startswith(".")], [], "inbox")
    bob.wait("call-ended")
    lab.ue("alice", "send", "bob", "are you still there?").finish(0)
    has(bob.wait("message"), text="are you still there?")


def odd_names(lab):
    """names from a peer stay inside the directory"""
    lab.start("alice", "bob")
    bob = lab.online("bob")
    for name in ("..", "a;b c", "-rf", ".profile"):
        path = os.path.join(lab.dir, "x" + name)
        with open(path, "w", encoding="ascii") as f:
            f.write("content\n")
        lab.ue("alice", "send-file", "bob", path).finish(0)
        done = bob.wait("file-done", "file-failed")
        same(os.path.dirname(done["path"]), os.path.join(lab.home("bob"), "inbox"), "directory")


if __name__ == "__main__":
    main(large, resumed, resumed_elsewhere, refused, not_the_file_offered, odd_names)
