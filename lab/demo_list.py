# SPDX-License-Identifier: Apache-2.0
"""The demonstration's third act: immediate messages to many. A list of twenty on the list server, three of them off
line; a message that brings its own list, which the server forwards and cannot read; a proof of origin that a
third party checks; and somebody who is not on the list."""
import os
import re
import time

from lists import LIST, ListLab
from mallory import Mallory

MEMBERS = ["alice", "bob", "carol"] + [f"member{i:02}" for i in range(4, 21)]
AWAY = ["member18", "member19", "member20"]
ARBITERS = "sip:arbiters@example.org"
TEXT = "The meeting is at nine, in the cellar."


class DemoListLab(ListLab):
    """Its users' clients by name; those who are registered."""
    arbiters = ARBITERS

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.home_of = {}

    def all_on(self, names):
        for name in names:
            self.home_of[name] = self.ue(name)
        for name in names:
            self.home_of[name].wait("registered", timeout=30)

    def audit(self, *words):
        """The KMS's audit lines that have all of these words."""
        with open(os.path.join(self.kms_dir, "audit.log"), encoding="utf-8") as f:
            return [line.strip() for line in f if all(w in line for w in words)]


def collect(lab, names, text):
    """The message that each of them gets."""
    found = {}
    for name in names:
        event = lab.home_of[name].wait("message", "message-refused", timeout=30)
        found[name] = event if event["event"] == "message" and event.get("text") == text else None
    return found


def act_list(lab, show):
    show.act("15. A list of twenty: one message, encrypted twice, read by all")
    friends = lab.list_uri("friends")
    there = [n for n in MEMBERS if n not in AWAY and n != "alice"]
    issued = len(lab.audit(" issue granted"))
    began = time.time()
    show.say("alice", f"to {friends}: {TEXT}")
    lab.ue("alice", "send", friends, TEXT).finish(0)
    got = collect(lab, there, TEXT)
    show.check(all(got.values()), f"all {len(there)} who are on line have it", f"{time.time() - began:.1f} s")
    one = got["bob"]
    show.say("bob", f"list {one['peer']}, written by {one.get('author')}: {one['text']}")
    show.check(all(e["peer"] == friends for e in got.values()), "the KMS says it comes from the list")
    show.check(all(e.get("author") == lab.uri("alice") for e in got.values()), "and the list says that Alice wrote it")
    tickets = len(lab.audit(" issue granted")) - issued
    show.check(tickets == 2, "two tickets were asked for, hers and the list's", str(tickets))
    for line in lab.queue().strip().splitlines():
        show.say("queue", line)
    name = AWAY[0]
    show.say(name, "comes back")
    lab.all_on([name])
    event = lab.home_of[name].wait("message", timeout=30)
    show.check(event["text"] == TEXT and event.get("author") == lab.uri("alice"), f"{name} was off line and has it now")


def act_outsider(lab, show):
    show.act("16. Mallory is not on the list")
    mallory = lab.ue("mallory", "send", lab.list_uri("friends"), "cheap watches")
    mallory.finish(None)
    failed = next((e for e in mallory.seen if e["event"] == "message-failed"), {})
    show.check(failed.get("status") == 403, "her message is refused", str(failed.get("status")))
    time.sleep(0.5)
    heard = [e for ue in lab.home_of.values() for e in ue.seen if e.get("text") == "cheap watches"]
    show.check(not heard, "and nobody has it")


def protected_part(trace):
    """The S/MIME object of a multipart body, as it left."""
    with open(trace, "rb") as f:
        data = f.read()
    head = re.search(rb"Content-Type: application/pkcs7-mime[^\r]*\r\n(?:[^\r]+\r\n)*\r\n", data)
    boundary = re.search(rb'boundary="?([^"\r;]+)', data).group(1)
    return data[head.end():data.index(b"\r\n--" + boundary, head.end())]


def curious_server(lab, show, body):
    """What a list server would do that wants to read: its key at the KMS is used by a client."""
    server = lab.online(LIST)
    tap = Mallory((lab.address, lab.sip_port), "mallory", lab.password("mallory"))
    tap.message(lab.uri(LIST), lab.uri("alice"), body, "application/pkcs7-mime; smime-type=auth-enveloped-data")
    event = server.wait("message", "message-refused", timeout=20)
    refused = lab.audit("resolve refused", "not_admitted", f'user="{LIST}"')
    show.check(event["event"] == "message-refused" and bool(refused), "with the list server's own key the KMS refuses to open it",
               event.get("reason", ""))
    server.stop()


def act_uri_list(lab, show):
    show.act("17. A message that brings its list along: the server forwards it and cannot read it")
    trace = os.path.join(lab.dir, "trace")
    lab.ue("alice", "send", "bob,carol", "Just the three of us", options=("--trace", trace)).finish(0)
    for name in ("bob", "carol"):
        event = lab.home_of[name].wait("message", timeout=30)
        show.say(name, f"{event['peer']}: {event['text']}")
        show.check(event["text"] == "Just the three of us" and event["peer"] == lab.uri("alice"),
                   f"{name.capitalize()} reads it, from Alice herself")
    curious_server(lab, show, protected_part(trace))


def act_proof(lab, show):
    show.act("18. Proof of origin: Alice owes Bob five crowns, and Carol is the judge")
    lab.ue("alice", "send", lab.uri("bob"), "I owe you five crowns", "--prove").finish(0)
    event = lab.home_of["bob"].wait("message", timeout=30)
    show.check(event.get("proof") == "proved", "Bob is shown that the origin is proved")
    proof = os.path.join(lab.dir, "proof")
    lab.ue("bob", "proof", "export", "1", proof).finish(0)
    judge = lab.ue("carol", "proof", "verify", proof)
    judge.finish(0)
    said = next(e for e in judge.seen if e["event"] == "proof")
    show.check(said["peer"] == lab.uri("alice") and said["text"] == "I owe you five crowns",
               "Carol, whom the KMS knows as an arbiter, checks Bob's file", f"{said['peer']}: {said['text']}")
    with open(proof, encoding="ascii") as f:
        lines = f.read().splitlines()
    at = len(lines) - 4
    lines[at] = lines[at][:20] + ("A" if lines[at][20] != "A" else "B") + lines[at][21:]
    with open(proof, "w", encoding="ascii") as f:
        f.write("\n".join(lines) + "\n")
    judge = lab.ue("carol", "proof", "verify", proof)
    judge.finish(None)
    said = next(e for e in judge.seen if e["event"] == "proof")
    show.check(said["proof"] == "failed", "one letter of it changed: proved is nothing", said.get("detail", said.get("reason")))


def run(folder, show):
    """Acts 14 to 18; raises what the lab and the show raise."""
    show.act("14. Messages to many")
    with DemoListLab(os.path.join(folder, "list")) as lab:
        lab.start(*MEMBERS, "mallory", tickets={"explicit_max": 32})
        lab.ctl("psi", "add", ARBITERS, "carol")
        lab.configure("bob", message={"proof_file": "proofs"})
        lab.make_list("friends", "alice", [n for n in MEMBERS if n != "alice"])
        show.say("", f"mediasec-list                    {lab.list_uri('friends')}, of Alice; {len(MEMBERS)} members")
        there = [n for n in MEMBERS if n not in AWAY and n != "alice"]
        lab.all_on(there)
        show.check(all(lab.home_of[n].process.poll() is None for n in there), f"{len(there)} members are on line, {len(AWAY)} are not")
        act_list(lab, show)
        act_outsider(lab, show)
        act_uri_list(lab, show)
        act_proof(lab, show)
