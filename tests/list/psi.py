#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Messages to lists kept by the server: who gets them, who is refused, what happens without the KMS."""
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys

SOURCE = os.environ.get("MS_SOURCE_DIR") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path[:0] = [os.path.join(SOURCE, "tests", "ue"), os.path.join(SOURCE, "lab")]
import scenario  # noqa: E402
from lab import program  # noqa: E402
from lists import ListLab  # noqa: E402
from scenario import LabError, Mallory, PKCS7, has, same, traced  # noqa: E402

scenario.Lab = ListLab


def refused(lab, reason):
    return lab.ask("counters").get(f'mediasec_list_refused_total{{reason="{reason}"}}', 0)


def no(lab, words, *command):
    """The operator is told no, with these words."""
    try:
        lab.ask(*command)
    except LabError as e:
        same(words in str(e), True, f"{words!r} in {e}")
        return
    raise AssertionError(f"{command} was done")


def five_members(lab):
    """five members see the list as the sender and the author beside it; the author gets no copy"""
    names = ["alice", "bob", "carol", "dave", "erin"]
    lab.start(*names)
    lab.make_list("friends", "alice", names)
    online = {name: lab.online(name) for name in names}
    for text in ("hello all", "hello again"):
        lab.ue("bob", "send", lab.list_uri("friends"), text).finish(0)
        for name in ("alice", "carol", "dave", "erin"):
            event = has(online[name].wait("message"), text=text, peer=lab.list_uri("friends"), author=lab.uri("bob"),
                        verified=True, protected=True)
            same("warning" in event, False, f"a warning ({event})")
    lab.server.wait("all", ["status"], lambda s: s["delivered"] == 8 and s["messages"] == 0)
    same([e["event"] for e in online["bob"].seen].count("message"), 0, "copies for the author")
    counters = lab.ask("counters")
    same(counters["mediasec_list_reencrypted_total"], 2, "encryptions for two messages to four")
    same(counters['mediasec_keys_kms_round_trips_total{exchange="request"}'], 1, "tickets for them")


def outsiders(lab):
    """no member, another's message, altered, replayed, plain, unknown list, a loop: refused with the reason"""
    lab.start("alice", "bob", "mallory")
    lab.make_list("friends", "alice", ["alice", "bob"])
    friends, alice = lab.list_uri("friends"), lab.uri("alice")
    tap = Mallory((lab.address, lab.sip_port), "mallory", lab.password("mallory"))
    own = Mallory((lab.address, lab.sip_port), "alice", lab.password("alice"))
    bob = lab.online("bob")

    def captured(sender, text, server_up=True):
        trace = os.path.join(lab.dir, f"trace-{len(lab.ues)}")
        lab.ue(sender, "send", friends, text, options=("--trace", trace)).finish(0 if server_up else None)
        return traced(trace, "MESSAGE")[-1][1]

    body = captured("alice", "hello bob")
    has(bob.wait("message"), text="hello bob", author=alice)
    mine = lab.ue("mallory", "send", friends, "let me in")
    has(mine.wait("message-failed"), status=403)
    mine.finish(None)
    same(refused(lab, "may_not_post"), 1, "posts of outsiders refused")

    # Mallory posts what Alice protected: in Alice's name the network does not let her, in her own she may not.
    same(tap.message(friends, alice, body, PKCS7), 403, "status")
    same(refused(lab, "may_not_post"), 2, "of a forged From")
    lab.ask("member.add", f"list={friends}", f"uri={lab.uri('mallory')}")
    same(tap.message(friends, alice, body, PKCS7), 493, "status of a replay by a member")
    same(refused(lab, "replay"), 1, "replays")
    lab.server.kill()
    fresh = captured("alice", "not delivered yet", server_up=False)
    lab.restart_server()
    same(tap.message(friends, alice, fresh, PKCS7), 403, "status of a member with another's message")
    same(refused(lab, "sender_differs"), 1, "senders that differ")

    lab.server.kill()
    fresh = captured("alice", "to be altered", server_up=False)
    lab.restart_server()
    altered = bytearray(fresh)
    altered[-20] ^= 1
    same(own.message(friends, alice, bytes(altered), PKCS7), 493, "status of an altered one")
    same(refused(lab, "smime"), 1, "altered ones")
    same(own.message(friends, alice, fresh, PKCS7, f"P-Mediasec-List: <{friends}>\r\n"), 482, "status of a loop")
    same(own.message(friends, alice, b"hello", "text/plain"), 415, "status of a plain one")
    same(own.message(lab.list_uri("nobody"), alice, fresh, PKCS7), 404, "status of an unknown list")
    same(own.message(friends, alice, bytes(60000), PKCS7), 413, "status of a large one")
    for content, kind in ((b"", PKCS7), (b"0", PKCS7), (b"\x30\x80" * 500, PKCS7),
                          (b"--b\r\n\r\n--b--", "multipart/mixed; boundary=b")):
        same(400 <= own.message(friends, alice, content, kind) < 500, True, f"status of garbage as {kind}")
    same(own.message(friends, alice, fresh, PKCS7), 202, "status of the unaltered one")
    has(bob.wait("message"), text="to be altered", author=alice)
    lab.server.wait("quiet", ["status"], lambda s: s["pending"] == 0)
    same([e["text"] for e in bob.seen if e["event"] == "message"], ["hello bob", "to be altered"], "what bob saw")


def policies(lab):
    """who may post, and lists that would go round"""
    lab.start("alice", "bob", "carol")
    lab.make_list("news", "alice", ["alice", "bob", "carol"], post="owner")
    news = lab.list_uri("news")
    bob, carol = lab.online("bob"), lab.online("carol")
    lab.ue("alice", "send", news, "the owner").finish(0)
    has(carol.wait("message"), text="the owner")
    post = lab.ue("bob", "send", news, "a member")
    has(post.wait("message-failed"), status=403)
    post.finish(None)
    lab.ask("list.set", f"list={news}", "post=named")
    lab.ask("poster.add", f"list={news}", f"uri={lab.uri('bob')}")
    lab.ue("bob", "send", news, "now named").finish(0)
    has(carol.wait("message"), text="now named", author=lab.uri("bob"))
    has(bob.wait("message"), text="the owner")

    no(lab, "may not contain itself", "member.add", f"list={news}", f"uri={news}")
    lab.ask("list.add", "list=sip:other@lists.example.org", f"owner={lab.uri('alice')}")
    no(lab, "another list", "member.add", f"list={news}", "uri=sip:other@lists.example.org")
    lab.ask("member.add", f"list={news}", "uri=sip:later@lists.example.org")
    no(lab, "another list", "list.add", "list=sip:later@lists.example.org", f"owner={lab.uri('alice')}")
    no(lab, "names a user", "member.add", f"list={news}", "uri=nobody at all")
    no(lab, "there already", "member.add", f"list={news}", f"uri={lab.uri('bob')}")
    no(lab, "no such", "list.remove", "list=sip:none@lists.example.org")
    lab.ask("list.remove", f"list={news}")
    post = lab.ue("alice", "send", news, "gone")
    has(post.wait("message-failed"), status=404)
    post.finish(None)
    lab.restart_server()
    same([x["list"] for x in lab.ask("list.list")["lists"]], ["sip:other@lists.example.org"], "lists after a restart")


@contextlib.contextmanager
def kms_pauses(lab):
    """It takes requests and does not answer meanwhile."""
    with open(f"/proc/{lab.kms.pid}/task/{lab.kms.pid}/children", encoding="ascii") as f:
        roles = [int(pid) for pid in f.read().split()]
    same(len(roles) > 0, True, "it has roles")
    try:
        for pid in roles:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in roles:
            os.kill(pid, signal.SIGCONT)


def added_meanwhile(lab):
    """who becomes a member while the members' ticket is asked for can read the message, too"""
    lab.start("alice", "bob", "carol", "dave")
    lab.make_list("friends", "alice", ["alice", "bob"])
    friends = lab.list_uri("friends")
    online = {name: lab.online(name) for name in ("bob", "carol", "dave")}
    lab.ue("alice", "send", friends, "one").finish(0)
    has(online["bob"].wait("message"), text="one")
    lab.ask("member.add", f"list={friends}", f"uri={lab.uri('carol')}")  # for whom another ticket is needed
    with kms_pauses(lab):
        alice = lab.ue("alice", "send", friends, "two")
        lab.server.wait("asking", ["status"], lambda s: s["pending"] == 1)
        lab.ask("member.add", f"list={friends}", f"uri={lab.uri('dave')}")
    alice.finish(0)
    for name, member in online.items():
        event = member.wait("message", "message-refused", timeout=30)
        same(event["event"], "message", f"what {name} got ({event})")
        has(event, text="two", author=lab.uri("alice"), verified=True)


def author_in_sip(lab):
    """for clients that read no CPIM the content comes bare, and From alone says who wrote it"""
    lab.start("alice", "bob", content={"author": "sip"})
    lab.make_list("friends", "alice", ["alice", "bob"])
    lab.configure("alice", message={"ask_delivery": True})  # for which her client makes CPIM
    bob, alice, friends = lab.online("bob"), lab.online("alice"), lab.list_uri("friends")
    alice.type(f"/msg {friends} hello bare")
    event = has(bob.wait("message"), text="hello bare", type="text/plain", peer=friends, asserted=lab.uri("alice"),
                verified=True, warning="From names somebody else")
    same("author" in event, False, f"an author by the list's word ({event})")
    has(alice.wait("message-delivered"), called=lab.uri("bob"), reason="delivered")


def by_command(lab):
    """a list made, changed and removed with `mediasec list`, and its group at the KMS as the manual has it"""
    names = ["alice", "bob", "carol"]
    lab.start(*names, tickets={"explicit_max": 1})
    club, members = lab.list_uri("club"), "sip:club-members@lists.example.org"

    def mediasec(*words, code=0, **more):
        done = subprocess.run([program("mediasec"), "list", "-s", lab.server.control, *words], capture_output=True, text=True,
                              timeout=60, check=False, **more)
        same(done.returncode, code, f"exit code of {words}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    lab.ctl("psi", "add", club, "list")
    lab.ctl("psi", "add", members, "list")
    mediasec("add", club, lab.uri("alice"), "--post", "members", "--show", "members")
    path = os.path.join(lab.dir, "members")
    with open(path, "w", encoding="ascii") as f:
        f.write(f"# the club\n\n{lab.uri('alice')}\n  {lab.uri('bob')}\n")
    mediasec("member", "add", club, "@" + path)
    mediasec("member", "add", club, "-", input=lab.uri("carol") + "\n" + lab.uri("dave"))
    mediasec("member", "remove", club, lab.uri("dave"))
    listed = mediasec("members", club)
    same(sorted(listed.split()), sorted(lab.uri(name) for name in names), "members")
    with open(path, "w", encoding="ascii") as f:
        f.write(listed)
    lab.ctl("psi", "members", members, path)
    online = {name: lab.online(name) for name in ("bob", "carol")}
    lab.ue("alice", "send", club, "by command").finish(0)
    for member in online.values():
        has(member.wait("message"), text="by command", peer=club, author=lab.uri("alice"))
    mediasec("set", club, "--post", "owner")
    shown = json.loads(mediasec("--json", "show", club))
    same((shown["post"], shown["show"], shown["owner"], len(shown["members"])), ("owner", "members", lab.uri("alice"), 3), "shown")
    same(json.loads(mediasec("--json", "status"))["lists"], 1, "lists")
    for words in (("add", club, lab.uri("bob")), ("set", club, "--post", "everybody"), ("remove", members), ("member", "add", club, club),
                  ("show", "sip:none@lists.example.org")):
        same(len(mediasec(*words, code=1)) > 10, True, f"{words} is explained")
    mediasec("remove", club)
    mediasec("show", club, code=1)


def names_of_the_sender(lab):
    """who sends is who the network says, by any of the names it gives; without its word, who From says"""
    lab.start("alice", "bob")
    lab.make_list("friends", "alice", ["alice", "bob"])
    friends, alice, bob = lab.list_uri("friends"), lab.uri("alice"), lab.online("bob")
    lab.server.kill()
    bodies = []
    for text in ("two names", "one name", "no KMS"):
        trace = os.path.join(lab.dir, f"trace-{text}")
        lab.ue("alice", "send", friends, text, options=("--trace", trace)).finish(None)
        bodies.append(traced(trace, "MESSAGE")[-1][1])
    lab.restart_server()

    def core_sends(body, by, asserted):
        number = os.urandom(8).hex()
        said = f"P-Asserted-Identity: {asserted}\r\n" if asserted else ""
        head = (f"MESSAGE {friends} SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK{number}\r\nMax-Forwards: 70\r\n"
                f"From: <{by}>;tag=1\r\nTo: <{friends}>\r\nCall-ID: {number}\r\nCSeq: 1 MESSAGE\r\n{said}Content-Type: {PKCS7}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n")
        with socket.create_connection((lab.list_address, lab.list_port), timeout=60) as s:
            s.sendall(head.encode() + body)
            return int(s.recv(65536).split()[1])

    same(core_sends(bodies[0], alice, "<tel:+4930123>"), 403, "a number that may not post, whatever From says")
    same(core_sends(bodies[0], alice, f"<{lab.uri('bob')}>"), 403, "another member's name")
    same(refused(lab, "sender_differs"), 1, "senders that differ")
    same(core_sends(bodies[0], "sip:anonymous@anonymous.invalid", f"<tel:+4930123>, <{alice}>"), 202, "a number and the name")
    has(bob.wait("message"), text="two names", author=alice, asserted=alice)
    same(core_sends(bodies[1], lab.uri("bob"), None), 403, "another member in From")
    same(core_sends(bodies[1], alice, None), 202, "From alone")
    has(bob.wait("message"), text="one name", author=alice)
    # While nobody can be vouched for, what says that it is another's is not held in the way of his own.
    lab.stop_kms()
    lab.restart_server()
    same(core_sends(bodies[2], lab.uri("bob"), f"<{lab.uri('bob')}>"), 403, "another member without the KMS")
    same(core_sends(bodies[2], alice, f"<{alice}>"), 202, "the author without the KMS")
    lab.start_kms()
    has(bob.wait("message", timeout=60), text="no KMS", author=alice)


def rates(lab):
    """a sender causes so many deliveries and no more, another is not touched by it"""
    lab.start("alice", "bob", "carol", limits={"rate": 6})
    lab.make_list("friends", "alice", ["alice", "bob", "carol"])
    friends = lab.list_uri("friends")
    carol = lab.online("carol")
    for text in ("one", "two"):
        lab.ue("alice", "send", friends, text).finish(0)
        has(carol.wait("message"), text=text)
    third = lab.ue("alice", "send", friends, "three")
    has(third.wait("message-failed"), status=480)
    third.finish(None)
    same(refused(lab, "rate"), 1, "refused for the rate")
    lab.ue("bob", "send", friends, "four").finish(0)
    has(carol.wait("message"), text="four", author=lab.uri("bob"))


def kms_away(lab):
    """without the KMS a message is accepted, held through a kill, and delivered when it is back; by policy refused"""
    lab.start("alice", "bob")
    lab.make_list("friends", "alice", ["alice", "bob"])
    friends = lab.list_uri("friends")
    bob = lab.online("bob")
    lab.ue("alice", "send", friends, "with KMS").finish(0)  # Alice has a ticket now
    has(bob.wait("message"), text="with KMS")
    lab.server.kill()
    lab.stop_kms()
    lab.restart_server(kms={"away": "refuse"})
    post = lab.ue("alice", "send", friends, "refused")
    has(post.wait("message-failed"), status=500)  # 503 of ours: RFC 3261 section 16.7 item 6
    post.finish(None)
    same(refused(lab, "kms_away"), 1, "refused without KMS")
    lab.restart_server()
    post = lab.ue("alice", "send", friends, "held")
    has(post.wait("message-sent"), status=202)
    post.finish(0)
    same(lab.ask("status")["held"], 1, "messages held")
    lab.server.kill()
    lab.restart_server()
    lab.server.wait("still held", ["status"], lambda s: s["held"] == 1 and s["pending"] == 0)
    lab.start_kms()
    has(bob.wait("message", timeout=60), text="held", author=lab.uri("alice"))
    lab.server.wait("empty", ["status"], lambda s: s["held"] == 0 and s["messages"] == 0)
    same([e["text"] for e in bob.seen if e["event"] == "message"], ["with KMS", "held"], "what bob saw")


def group(lab):
    """a large list has one resolver in its ticket, a group; who is not in it at the KMS cannot read"""
    names = ["alice", "bob", "carol", "dave"]
    lab.start(*names, tickets={"explicit_max": 2})
    lab.make_list("club", "alice", names)
    members = "sip:club-members@lists.example.org"
    lab.ctl("psi", "add", members, "list")
    path = os.path.join(lab.dir, "members")
    with open(path, "w", encoding="ascii") as f:
        f.writelines(lab.uri(name) + "\n" for name in names[:3])
    lab.ctl("psi", "members", members, path)
    online = {name: lab.online(name) for name in names[1:]}
    lab.ue("alice", "send", lab.list_uri("club"), "hello club").finish(0)
    for name in ("bob", "carol"):
        has(online[name].wait("message"), text="hello club", peer=lab.list_uri("club"), author=lab.uri("alice"))
    has(online["dave"].wait("message-refused", "message"), event="message-refused", status=493)


def two_domains(lab):
    """of members of two domains those who can be reached get it, of the others the server knows what became"""
    lab.start("alice", "bob")
    lab.make_list("friends", "alice", ["alice", "bob"])
    lab.ask("member.add", f"list={lab.list_uri('friends')}", "uri=sip:zoe@example.net")
    bob = lab.online("bob")
    lab.ue("alice", "send", lab.list_uri("friends"), "hello both").finish(0)
    has(bob.wait("message"), text="hello both")
    lab.server.wait("all told", ["status"], lambda s: s["delivered"] == 1 and s["failed"] == 1 and s["messages"] == 0)


scenario.main(five_members, outsiders, policies, added_meanwhile, author_in_sip, by_command, names_of_the_sender, rates, kms_away, group, two_domains)
