# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random moments under load, key rotation and reload under load: nothing issued is lost,
nothing is accepted twice, no request is dropped by a reload."""
import os
import random
import signal
import threading
import time

from kms_lab import check, run, wait_for


class Load(threading.Thread):
    """Asks for tickets, one after the other, until told to stop."""

    def __init__(self, kms, name):
        super().__init__(daemon=True)
        self.client, self.name_of_user, self.on = kms.client(), name, True
        self.issued, self.unanswered, self.refused = [], 0, []

    def run(self):
        n = 0
        while self.on:
            handle = "%s-%d" % (self.name_of_user, n)
            n += 1
            a = self.client("request %s %s sip:bob@example.com" % (self.name_of_user, handle))
            if a["ok"]:
                self.issued.append(handle)
            elif a.get("status") == 503 or "error" in a:
                self.unanswered += 1
                time.sleep(0.01)
            else:
                self.refused.append(a)

    def stop(self):
        self.on = False
        self.join(30)


def lab(make, **changes):
    kms = make(**changes).start()
    for name in ("alice", "anna", "bob"):
        kms.add_user(name)
    loads = [Load(kms, "alice"), Load(kms, "anna")]
    for load in loads:
        load.start()
    return kms, loads


def resolve_all(loads):
    total = sum(len(load.issued) for load in loads)
    lost = []
    for load in loads:
        load.stop()
        lost += [h for h in load.issued if not load.client("resolve bob " + h)["ok"]]
    check(not lost, "all of %d tickets resolve (lost: %s)" % (total, lost[:3]))
    refused = [a for load in loads for a in load.refused]
    check(not refused, "nothing was refused (%s)" % refused[:3])


def kills(make):
    """front, vault and parent, at random moments"""
    seed = int(os.environ.get("MS_SEED", time.time()))
    print("MS_SEED=%d" % seed)
    dice = random.Random(seed)
    kms, loads = lab(make, replay__bucket="1s")
    for victim in ["vault", "front", "vault", "parent", "vault", "front", "parent", "vault"]:
        before = sum(len(load.issued) for load in loads)
        wait_for(lambda: sum(len(load.issued) for load in loads) > before + 20, 20, "load goes on")
        time.sleep(dice.random() * 0.1)
        if victim == "parent":
            kms.kill()
            kms.start()
        else:
            pid = wait_for(lambda: kms.role_pids().get(victim), 10, victim)
            os.kill(pid, signal.SIGKILL)
            wait_for(lambda: kms.role_pids().get(victim, pid) != pid, 10, victim + " again")
            check("the %s killed by signal 9" % victim in kms.log(), "death of %s reported" % victim)
        wait_for(kms.answers, 20, "serving again")
    load = loads[0]
    load.stop()
    check(load.client("again").get("mikey") == 1, "the last message is still a replay")
    resolve_all(loads)


def gives_up(make):
    """a role that dies all the time ends the daemon, with status 1"""
    kms = make().start()
    for _ in range(6):
        pid = wait_for(lambda: kms.role_pids().get("vault") or kms.process.poll() is not None, 10,
                       "vault")
        if kms.process.poll() is not None:
            break
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: kms.process.poll() is not None or
                 kms.role_pids().get("vault", pid) != pid, 10, "vault again")
    check(kms.ended() == 1, "exit status 1")
    check("giving up" in kms.log(), "and says why")


def rotation(make):
    """ticket protection keys change under load; old ones open their tickets"""
    kms, loads = lab(make)
    for i in range(5):
        before = sum(len(load.issued) for load in loads)
        wait_for(lambda: sum(len(load.issued) for load in loads) > before + 50, 20, "load goes on")
        kms.ctl("key", "rotate")
    keys = kms.ctl("key", "list")
    check(len(keys) == 6 and keys[-1]["state"] == "makes tickets", "six keys, the last makes tickets")
    resolve_all(loads)
    check(not any(load.unanswered for load in loads), "no request went unanswered")
    kms.stop()
    kms.start()
    check(len(kms.ctl("key", "list")) == 6, "all are there after a restart")
    check(loads[0].client("resolve bob " + loads[0].issued[0])["ok"], "and open the first ticket")


def rotation_by_age(make):
    """keys rotate by their age, and go when their last ticket has ended"""
    kms, loads = lab(make, ticket__key_lifetime="1s", ticket__lifetime="2s")
    first = kms.ctl("key", "list")[0]["id"]
    wait_for(lambda: len(kms.ctl("key", "list")) >= 3, 10, "three keys")
    wait_for(lambda: first not in [k["id"] for k in kms.ctl("key", "list")], 10, "the first one is gone")
    check(len(kms.ctl("key", "list")) <= 5, "few are kept")
    for load in loads:
        load.stop()
    c = loads[0].client
    check(c("request alice last sip:bob@example.com")["ok"] and c("resolve bob last")["ok"], "tickets are good")
    check(not any(load.refused or load.unanswered for load in loads), "no request was lost or refused")


def reloads(make):
    """SIGHUP under load drops nothing and takes effect"""
    kms, loads = lab(make)
    for i in range(10):
        before = sum(len(load.issued) for load in loads)
        wait_for(lambda: sum(len(load.issued) for load in loads) > before + 20, 20, "load goes on")
        kms.write_config(ticket__lifetime="%dh" % (i + 1))
        os.rename(kms.audit_path, kms.audit_path + "." + str(i))
        kms.process.send_signal(signal.SIGHUP)
        wait_for(lambda: os.path.exists(kms.audit_path), 10, "the audit log is opened anew")
    resolve_all(loads)
    check(not any(load.unanswered for load in loads), "no request went unanswered")
    c = kms.client()
    a = c("request alice t sip:bob@example.com")
    check(35990 <= a["life"] <= 36000, "the last lifetime is in force (%s)" % a)
    kms.write_config(ticket__lifetime="1x")
    kms.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "ticket.lifetime" in kms.log(), 10, "a bad file is refused by name of the key")
    check(c("request alice t sip:bob@example.com")["life"] > 35000, "the old values stay")
    kms.write_config(ticket__lifetime="1h", vault__store=kms.path("other.db"))
    kms.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "vault.store needs a restart" in kms.log(), 10, "what needs a restart is said")
    check(c("request alice t sip:bob@example.com")["life"] > 35000, "and nothing was changed")


def graceful_stop(make):
    """SIGTERM under load: what was taken is answered"""
    kms, loads = lab(make)
    wait_for(lambda: sum(len(load.issued) for load in loads) > 50, 20, "load goes on")
    check(kms.stop() == 0, "exit status 0")
    for load in loads:
        load.stop()
    log = kms.log()
    check("killed" not in log and "error" not in log, "no error in the log")
    kms.start()
    resolve_all(loads)


run([kills, gives_up, rotation, rotation_by_age, reloads, graceful_stop])
