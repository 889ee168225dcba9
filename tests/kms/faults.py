# SPDX-License-Identifier: Apache-2.0
"""What can be wrong around a KMS: disk, database, master key, configuration, clock. Each fault has a
clear message, and nothing that was issued is lost."""
import os
import resource
import signal
import sqlite3
import struct
import subprocess
import time

from kms_lab import CTL, KMS, check, run, wait_for


def lab(make, **changes):
    kms = make(**changes).start()
    for name in ("alice", "bob"):
        kms.add_user(name)
    return kms, kms.client()


def refuses_to_start(kms, *words):
    mark = len(kms.log())
    kms.start(ready=False)
    status = kms.ended()
    wait_for(lambda: all(w in kms.log()[mark:] for w in words), 3, "said: " + ", ".join(words))
    said = kms.log()[mark:]
    check(status != 0, "does not start, and says: " + said.strip().splitlines()[0])


def full_disk(make):
    """a limit on file size stands for a full disk"""
    kms, c = lab(make)
    check(c("request alice t sip:bob@example.com")["ok"], "a ticket")
    vault = kms.role_pids()["vault"]
    size = max(os.path.getsize(os.path.join(kms.path("replay"), f))
               for f in os.listdir(kms.path("replay")) if f.startswith("bucket"))
    unlimited = resource.prlimit(vault, resource.RLIMIT_FSIZE)
    resource.prlimit(vault, resource.RLIMIT_FSIZE, (16, unlimited[1]))
    a = c("request alice u sip:bob@example.com")
    check(a.get("status") == 503, "no room for the journal: 503 (%s)" % a)
    wait_for(lambda: "replay journal" in kms.log() and "held back" in kms.log(), 5, "said in the log")
    p = kms.ctl("user", "add", "late", "--identity", "sip:late@example.com", ok=False)
    check(p.returncode == 1 and "disk full" in p.stderr, "user add: " + p.stderr.strip())
    p = kms.ctl("key", "rotate", ok=False)
    check(p.returncode == 1 and "the old key stays" in p.stderr, "key rotate: " + p.stderr.strip())
    resource.prlimit(vault, resource.RLIMIT_FSIZE, unlimited)
    check(c("resolve bob t")["ok"], "room again: what was issued resolves")
    check(c("request alice v sip:bob@example.com")["ok"], "and tickets are issued")
    check(size > 0 and kms.metrics()["mediasec_kms_withheld_total"] >= 1, "withheld answers counted")
    kms.kill()
    kms.start()
    check(c("resolve bob t")["ok"] and c("resolve bob v")["ok"], "and after a kill")
    check(len(kms.ctl("user", "list")["users"]) == 2, "no half user")


def database(make):
    """locked, damaged, not ours, later version"""
    kms, c = lab(make)
    check(c("request alice t sip:bob@example.com")["ok"], "a ticket")
    other = make(vault__store=kms.path("kms.db"), vault__master_key=kms.path("master"))
    refuses_to_start(other, "kms.db", "locked by another process")
    check(c("resolve bob t")["ok"], "the first one goes on")
    kms.stop()
    with open(kms.path("kms.db"), "rb") as f:
        good = f.read()
    with open(kms.path("kms.db"), "r+b") as f:
        for page in range(1, len(good) // 4096):
            f.seek(page * 4096)
            f.write(b"\x5a" * 4096)
    with open(kms.path("kms.db"), "rb") as f:
        damaged = f.read()
    refuses_to_start(kms, "kms.db", "damaged")
    with open(kms.path("kms.db"), "rb") as f:
        check(f.read() == damaged, "a damaged database is left as it is")
    with open(kms.path("kms.db"), "wb") as f:
        f.write(b"these are somebody's notes\n" * 500)
    refuses_to_start(kms, "kms.db", "not a database")
    os.unlink(kms.path("kms.db"))
    db = sqlite3.connect(kms.path("kms.db"))
    db.execute("CREATE TABLE theirs (x)")
    db.commit()
    db.close()
    refuses_to_start(kms, "kms.db", "another program")
    with open(kms.path("kms.db"), "wb") as f:
        f.write(good)
    kms.start()
    check(c("resolve bob t")["ok"], "the copy put back: the ticket resolves")


def master_key(make):
    """missing, unreadable for good reason, wrong"""
    kms, c = lab(make)
    check(c("request alice t sip:bob@example.com")["ok"], "a ticket")
    kms.stop()
    os.rename(kms.path("master"), kms.path("kept"))
    refuses_to_start(kms, "master", "no such file", "--make-master")
    subprocess.run([KMS, "--make-master", kms.path("master")], check=True)
    refuses_to_start(kms, "is not the master key of this store")
    os.chmod(kms.path("master"), 0o644)
    refuses_to_start(kms, "master", "others may read it")
    with open(kms.path("master"), "w") as f:
        f.write("0123\n")
    os.chmod(kms.path("master"), 0o600)
    refuses_to_start(kms, "master", "32 octets or 64 hex digits")
    p = subprocess.run([KMS, "--make-master", kms.path("kept")], capture_output=True, text=True)
    check(p.returncode == 1 and "exists" in p.stderr, "--make-master overwrites nothing")
    os.rename(kms.path("kept"), kms.path("master"))
    kms.start()
    check(c("resolve bob t")["ok"], "with the right one everything is there")


def configuration(make):
    """errors name file, line and key"""
    kms = make()
    with open(kms.path("kms.yaml")) as f:
        good = f.read()

    def says(text, *words):
        with open(kms.path("bad.yaml"), "w") as f:
            f.write(text)
        p = subprocess.run([KMS, "-n", "-c", kms.path("bad.yaml")], capture_output=True, text=True)
        check(p.returncode == 78 and all(w in p.stderr for w in ("bad.yaml:",) + words),
              "said: " + p.stderr.strip())

    line = good.count("\n") + 2
    says(good + "ticket:\n  lifetime: 12\n", ":%d:" % line, "ticket.lifetime")
    says(good + "ticket:\n  lifetimes: 12h\n", ":%d:" % line, "lifetimes")
    says(good + "ticket:\n  max_keys: 99\n", ":%d:" % line, "ticket.max_keys")
    says(good + "ticket:\n  suite_128: false\n  suite_256: false\n", "ticket.suite_256")
    says(good + "profile:\n  id_type: 9\n", ":%d:" % line, "id_type")
    says(good.replace("identity:", "identities:"), "identities")
    says(good.replace("127.0.0.1:%d" % kms.port, "localhost.example:%d" % kms.port), "listen")
    p = subprocess.run([KMS, "-n", "-c", kms.path("none.yaml")], capture_output=True, text=True)
    check(p.returncode != 0 and "none.yaml" in p.stderr, "a missing file is named")
    p = subprocess.run([KMS, "-n", "-c", kms.path("kms.yaml")], capture_output=True, text=True)
    check(p.returncode == 0, "the good one is good")
    kms.start()
    other = make()
    other.port = kms.port
    other.write_config()
    refuses_to_start(other, "cannot listen on 127.0.0.1:%d" % kms.port)
    kms.stop()
    os.chmod(kms.path("replay"), 0o700)
    kms.write_config(replay__dir=kms.path("master"))
    refuses_to_start(kms, "replay journal", "master")


def clock(make):
    """our own clock behind the journal is reported, and put right it is right again"""
    kms, c = lab(make)
    check(c("request alice t sip:bob@example.com")["ok"], "a ticket")
    kms.stop()
    bucket = 60 * 10**6
    ahead = int((time.time() + 7200) * 1e6) // bucket
    path = os.path.join(kms.path("replay"), "bucket.%d" % ahead)
    with open(path, "wb") as f:
        f.write(b"MSREPLAY" + struct.pack(">IIQQ", 1, 16, bucket, ahead) + os.urandom(16 * 10))
    kms.start()
    check("clock is at least" in kms.log(), "said at the start")
    check(6000 < kms.ctl("status")["clock_behind_s"] < 7200, "and in the status")
    check(kms.metrics()["mediasec_kms_clock_behind_seconds"] > 6000, "and in the metrics")
    check(c("resolve bob t")["ok"], "messages with the present time are served")
    kms.stop()
    os.unlink(path)
    with open(os.path.join(kms.path("replay"), "floor"), "wb") as f:
        f.write(struct.pack(">QQ", ahead, bucket))
    kms.start()
    a = c("resolve bob t")
    check(a.get("mikey") == 1, "what is older than the journal's memory is refused (%s)" % a)
    kms.stop()
    os.unlink(os.path.join(kms.path("replay"), "floor"))
    kms.start()
    check(c("resolve bob t")["ok"], "the operator's word for it: served again")


def journals(make):
    """torn and damaged journals"""
    kms, c = lab(make)
    check(c("request alice t sip:bob@example.com")["ok"], "a ticket")
    kms.kill()
    replay = kms.path("replay")
    name = [f for f in os.listdir(replay) if f.startswith("bucket")][0]
    with open(os.path.join(replay, name), "ab") as f:
        f.write(b"\x01\x02\x03")
    kms.start()
    check("damaged" not in kms.log(), "a torn record is nothing special")
    check(c("again").get("mikey") == 1, "and the whole ones before it count")
    kms.kill()
    with open(os.path.join(replay, name), "r+b") as f:
        f.write(b"garbage")
    kms.start()
    check("1 damaged" in kms.log(), "a damaged head is reported")
    check(c("again").get("mikey") == 1, "and its time is closed")


def control_socket(make):
    """what is wrong is said; who may not, cannot"""
    kms, c = lab(make)
    check(oct(os.stat(kms.socket).st_mode & 0o777) == "0o600", "mode 0600")
    for words, said in (
            (("user", "add", "alice"), "already"),
            (("user", "remove", "nobody"), "no such"),
            (("user", "add", "x", "--identity", "sip:alice@example.com"), "belongs to a user"),
            (("user", "key", "add", "alice", "--key-id", "k2"), "--key-file"),
            (("user", "show", "nobody"), "no user"),
            (("psi", "add", "sip:p@x", "nobody"), "no user"),
            (("psi", "remove", "sip:p@x"), "no such"),
            (("policy", "remove", "7"), "no such"),
            (("revoke", "ticket", "zz"), "hex"),
            (("revoke", "user", "nobody"), "no such"),
            (("user",), "usage"),
    ):
        p = kms.ctl(*words, ok=False)
        check(p.returncode in (1, 2) and said in p.stderr + p.stdout,
              "kms %s: %s" % (" ".join(words), (p.stderr or "-").splitlines()[0]))
    check([u["name"] for u in kms.ctl("user", "list")["users"]].count("x") == 0, "no half user")
    check("key" not in kms.ctl("user", "show", "alice")["keys"][0], "user show has no key")
    with open(kms.path("open.key"), "w") as f:
        f.write("00" * 32)
    os.chmod(kms.path("open.key"), 0o644)
    p = kms.ctl("user", "key", "add", "alice", "--key-id", "k2", "--key-file", kms.path("open.key"), ok=False)
    check(p.returncode == 1 and "others may read it" in p.stderr, "a key file that others may read is refused")
    p = kms.ctl("user", "key", "add", "alice", "--key-id", "k2", "--generate", kms.path("open.key"), ok=False)
    check(p.returncode == 1 and "exists" in p.stderr, "--generate overwrites nothing")
    p = kms.ctl("user", "key", "add", "nobody", "--key-id", "k2", "--generate", kms.path("new.key"), ok=False)
    check(p.returncode == 1 and not os.path.exists(kms.path("new.key")),
          "no key file is left when the server refuses")
    kms.ctl("user", "key", "add", "alice", "--key-id", "k2", "--generate", kms.path("new.key"))
    check(os.stat(kms.path("new.key")).st_mode & 0o777 == 0o600, "a generated key has mode 0600")
    kms.ctl("user", "key", "remove", "k2")
    p = subprocess.run([CTL, "kms", "-s", kms.path("none"), "status"], capture_output=True)
    check(p.returncode == 3, "an absent server: exit status 3")


run([full_disk, database, master_key, configuration, clock, journals, control_socket])
