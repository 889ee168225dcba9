#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Delivery by the list server: to all, to those who come later, with the server killed on the way."""
import os
import re
import socket
import sys

SOURCE = os.environ.get("MS_SOURCE_DIR") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path[:0] = [os.path.join(SOURCE, "tests", "ue"), os.path.join(SOURCE, "lab")]
import scenario  # noqa: E402
from lists import ListLab  # noqa: E402
from scenario import PKCS7, has, same, traced  # noqa: E402

scenario.Lab = ListLab
LONG = 60  # seconds; nothing takes a second on a machine that is idle


def send_raw(lab, user, body, kind):
    """A message to the service as the core would hand it on; the status of the answer."""
    number = os.urandom(8).hex()
    head = (f"MESSAGE {lab.list_uri('many')} SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK{number}\r\n"
            f"Max-Forwards: 70\r\nFrom: <{lab.uri(user)}>;tag=1\r\nTo: <{lab.list_uri('many')}>\r\n"
            f"Call-ID: {number}\r\nCSeq: 1 MESSAGE\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n")
    with socket.create_connection((lab.list_address, lab.list_port), timeout=LONG) as s:
        s.sendall(head.encode() + body)
        return int(s.recv(65536).split()[1])


def to_all(lab):
    """a message to a list reaches its members"""
    lab.start("alice", "bob", "carol")
    lab.make_list("friends", "alice", ["alice", "bob", "carol"])
    members = [lab.online(name) for name in ("bob", "carol")]
    lab.ue("alice", "send", lab.list_uri("friends"), "hello all").finish(0)
    for member in members:
        has(member.wait("message", timeout=LONG), text="hello all", peer=lab.list_uri("friends"), verified=True, protected=True)


def later(lab):
    """a member who is away gets a message when he registers, and then once"""
    lab.start("alice", "bob", "carol")
    lab.make_list("friends", "alice", ["alice", "bob", "carol"])
    bob = lab.online("bob")
    lab.ue("alice", "send", lab.list_uri("friends"), "hello later").finish(0)
    bob.wait("message", timeout=LONG)
    lab.server.wait("away", ["status"], lambda s: s["away"] == 1 and s["waiting"] == 0, timeout=LONG)
    carol = lab.ue("carol", "listen", "--count", "1", "--timeout", str(LONG))
    has(carol.wait("message", timeout=LONG), text="hello later", peer=lab.list_uri("friends"), verified=True)
    carol.finish(0)
    lab.server.wait("empty", ["status"], lambda s: s["messages"] == 0 and s["delivered"] == 2, timeout=LONG)


def killed_while_away(lab):
    """what waits for a member survives a kill of the server, whoever was served is not served again"""
    lab.start("alice", "bob", "carol")
    lab.make_list("friends", "alice", ["alice", "bob", "carol"])
    bob = lab.online("bob")
    lab.ue("alice", "send", lab.list_uri("friends"), "hello survivor").finish(0)
    bob.wait("message", timeout=LONG)
    lab.server.wait("away", ["status"], lambda s: s["away"] == 1 and s["delivered"] == 1, timeout=LONG)
    lab.server.kill()
    kept = b""
    for name in (n for n in os.listdir(lab.home("list")) if n.startswith("list.db")):
        with open(os.path.join(lab.home("list"), name), "rb") as f:
            kept += f.read()
    same([word in kept for word in (b"friends@lists", b"hello survivor")], [True, False], "what lies on the disk in the clear")
    lab.restart_server()
    lab.server.wait("away again", ["status"], lambda s: s["away"] == 1 or s["waiting"] == 0, timeout=LONG)
    carol = lab.online("carol")
    has(carol.wait("message", timeout=LONG), text="hello survivor", verified=True)
    lab.server.wait("empty", ["status"], lambda s: s["messages"] == 0, timeout=LONG)
    same(sum(e["event"] == "message" for e in bob.seen), 1, "messages bob saw")


def parts_of(message):
    """The parts of a multipart message out of a trace, octet for octet."""
    head, body = message
    boundary = re.search(r'(?im)^content-type: *multipart[^\r]*boundary="?([^"\r;]+)', head).group(1).encode()
    return [part.removeprefix(b"\r\n").removesuffix(b"\r\n") for part in (b"\r\n" + body).split(b"\r\n--" + boundary)[1:-1]]


def to_several(lab):
    """one message to three: what is protected comes as it was sent, octet for octet, and one list of recipients for all"""
    lab.start("alice", "bob", "carol", "dave")
    traces = {name: os.path.join(lab.dir, f"trace-{name}") for name in ("alice", "bob", "carol", "dave")}
    others = [lab.ue(name, options=("--trace", traces[name])) for name in ("bob", "carol", "dave")]
    for other in others:
        other.wait("registered")
    alice = lab.ue("alice", "send", "bob,cc:carol,bcc:dave", "hello several", options=("--trace", traces["alice"]))
    has(alice.wait("message-sent", timeout=LONG), status=202, protected=True)
    alice.finish(0)
    for other in others:
        has(other.wait("message", timeout=LONG), text="hello several", peer=lab.uri("alice"), verified=True, protected=True,
            recipients=[lab.uri("bob"), lab.uri("carol")])
    lab.server.wait("empty", ["status"], lambda s: s["messages"] == 0 and s["delivered"] == 3, timeout=LONG)
    sent = parts_of(traced(traces["alice"], "MESSAGE")[-1])
    came = [parts_of(traced(traces[name], "MESSAGE")[-1]) for name in ("bob", "carol", "dave")]
    protected = [part for part in sent if b"application/pkcs7-mime" in part.partition(b"\r\n\r\n")[0]]
    same((len(protected), protected[0] in came[0]), (1, True), "the protected part, octet for octet")
    same((len(came[0]), came[1:]), (2, [came[0]] * 2), "it and the list of recipients, the same octets for all")
    same(lab.ask("counters")['mediasec_keys_kms_round_trips_total{exchange="request"}'], 1, "tickets for that list")


def protected_list(lab):
    """in what role the recipients are there is for the service alone; its list works once"""
    lab.start("alice", "bob", "carol")
    lab.configure("alice", message={"protect_list": True})
    others = [lab.online(name) for name in ("bob", "carol")]
    trace = os.path.join(lab.dir, "trace")
    alice = lab.ue("alice", "send", "bob,bcc:carol", "hello both", options=("--trace", trace))
    has(alice.wait("message-sent", timeout=LONG), status=202)
    alice.finish(0)
    for other in others:
        has(other.wait("message", timeout=LONG), text="hello both", recipients=[lab.uri("bob")])
    head, sent = traced(trace, "MESSAGE")[-1]
    # Whom the ticket admits stands in it in the clear (RFC 6043 section 6.10); in what role, does not.
    same([word in sent for word in (b"resource-lists", b"copyControl")], [False, False], "what can be read on the way")
    same(send_raw(lab, "carol", sent, re.search(r"(?im)^content-type: ([^\r]*)", head).group(1)), 493, "the same again")


def several_tell(lab):
    """each recipient of a message to several tells its author himself, also the hidden one and the one who comes later"""
    lab.start("alice", "bob", "carol", "dave")
    others = [lab.online(name) for name in ("bob", "carol")]
    alice = lab.ue("alice", "send", "bob,cc:carol,bob", "did you all get it?", "--notify", "--timeout", str(LONG))
    for other in others:
        has(other.wait("message", timeout=LONG), text="did you all get it?", verified=True)
    alice.finish(0, timeout=LONG)
    same(sorted(e["peer"] for e in alice.seen if e["event"] == "message-delivered"), [lab.uri("bob"), lab.uri("carol")], "who told")
    lab.configure("alice", message={"ask_delivery": True})
    alice = lab.online("alice")
    alice.type("/msg bob,bcc:dave and you?")
    id_of = alice.wait("message-sent", timeout=LONG)["id"]
    has(alice.wait("message-delivered", timeout=LONG), peer=lab.uri("bob"), id=id_of, reason="delivered")
    dave = lab.online("dave")
    has(dave.wait("message", timeout=LONG), text="and you?", recipients=[lab.uri("bob")])
    has(alice.wait("message-delivered", timeout=LONG), peer=lab.uri("dave"), id=id_of, reason="delivered")
    # Whom nobody asked is not believed: Carol knows the number of no message of these two.
    path = os.path.join(lab.dir, "imdn")
    with open(path, "w", encoding="ascii") as f:
        f.write('<imdn xmlns="urn:ietf:params:xml:ns:imdn"><message-id>' + id_of + "</message-id><datetime>2026-01-01T00:00:00Z"
                "</datetime><delivery-notification><status><delivered/></status></delivery-notification></imdn>")
    lab.ue("carol", "send", "alice", "--type", "message/imdn+xml", "--file", path).finish(4)
    has(alice.wait("message-refused", timeout=LONG), reason="notification_unasked")


def cannot_read(lab):
    """who has the list server's own key at the KMS gets a message to several, and cannot read it"""
    lab.start("alice", "bob", "carol")
    carol, spy = lab.online("carol"), lab.online("list")
    lab.forward("bob", "list")
    lab.ue("alice", "send", "bob,carol", "not for servers").finish(0)
    has(carol.wait("message", timeout=LONG), text="not for servers", peer=lab.uri("alice"), verified=True)
    refused = spy.wait("message", "message-refused", timeout=LONG)
    same(refused["event"], "message-refused", f"what the server's key did ({refused})")
    has(refused, status=493, reason="kms_error")
    with open(os.path.join(lab.kms_dir, "audit.log"), encoding="utf-8") as f:
        said = [line for line in f if "resolve refused" in line]
    same([("not_admitted" in line, 'user="list"' in line) for line in said], [(True, True)], "what the KMS says")


def tells_author(lab):
    """the author who asks hears what became of the message for each member, from the list, protected"""
    lab.start("alice", "bob", "carol", "dave")
    lab.make_list("friends", "alice", ["alice", "bob", "carol", "dave"])
    lab.configure("dave", message={"max_size": 4})
    others = [lab.online(name) for name in ("bob", "carol", "dave")]
    lab.configure("alice", message={"ask_delivery": True})
    alice = lab.online("alice")
    alice.type(f"/msg {lab.list_uri('friends')} who is there?")
    for other in others[:2]:
        has(other.wait("message", timeout=LONG), text="who is there?")
    told = {}
    while len(told) < 3:
        event = has(alice.wait("message-delivered", timeout=LONG), peer=lab.list_uri("friends"))
        told[event["called"]] = event["reason"]
    same(told, {lab.uri("bob"): "delivered", lab.uri("carol"): "delivered", lab.uri("dave"): "failed"}, "outcomes")


def tells_author_after_a_kill(lab):
    """outcomes that could not be told before a kill are told by the next run, each once"""
    lab.start("alice", "bob", "carol")
    lab.make_list("friends", "alice", ["alice", "bob"])
    lab.make_list("more", "alice", ["alice", "bob", "carol"])
    both = [lab.list_uri("friends"), lab.list_uri("more")]
    bob = lab.online("bob")
    for uri in both:  # with the tickets for this, nothing but the notifications needs the KMS
        lab.ue("alice", "send", uri, "one").finish(0)
        has(bob.wait("message", timeout=LONG), text="one", peer=uri)
    lab.stop_kms()
    lab.configure("alice", message={"ask_delivery": True})
    alice = lab.online("alice")
    for uri in both:
        alice.type(f"/msg {uri} two")
        has(bob.wait("message", timeout=LONG), text="two", peer=uri)

    def settled(untold, **wanted):
        lab.server.wait("settled", ["status"], lambda s: s["untold"] == untold and s["waiting"] == 0 and s["held"] == 0 and
                        all(s[k] == v for k, v in wanted.items()), timeout=LONG)

    settled(1, delivered=4, away=2)  # of the message to more, somebody is still to be told more
    for _ in range(2):
        lab.server.kill()
        lab.restart_server()
        settled(1, away=2)
    lab.start_kms()
    told = [alice.wait("message-delivered", timeout=LONG) for _ in both]
    settled(0, away=2)
    lab.server.kill()
    lab.restart_server()
    carol = lab.online("carol")
    for text in ("one", "two"):
        has(carol.wait("message", timeout=LONG), text=text)
    told.append(alice.wait("message-delivered", timeout=LONG))
    settled(0, away=0, messages=0)
    same(sorted((e["peer"], e["called"], e["reason"]) for e in alice.seen if e["event"] == "message-delivered"),
         [(both[0], lab.uri("bob"), "delivered"), (both[1], lab.uri("bob"), "delivered"), (both[1], lab.uri("carol"), "delivered")],
         "what alice was told")


def tells_no_more_than_it_may(lab):
    """of more messages than delivery.untold nobody is told, and that is counted"""
    lab.start("alice", "bob", delivery={"untold": 1})
    lists = [lab.list_uri(name) for name in ("friends", "more")]
    for name in ("friends", "more"):
        lab.make_list(name, "alice", ["alice", "bob"])
    bob = lab.online("bob")
    for uri in lists:
        lab.ue("alice", "send", uri, "one").finish(0)
        has(bob.wait("message", timeout=LONG), text="one", peer=uri)
    lab.stop_kms()
    lab.configure("alice", message={"ask_delivery": True})
    alice = lab.online("alice")
    for uri in lists:
        alice.type(f"/msg {uri} two")
        has(bob.wait("message", timeout=LONG), text="two", peer=uri)
        lab.server.wait("waits", ["status"], lambda s: s["untold"] == 1 and s["waiting"] == 0, timeout=LONG)
    lab.server.wait("counted", ["counters"], lambda c: c["mediasec_list_untold_total"] == 1, timeout=LONG)
    lab.start_kms()
    has(alice.wait("message-delivered", timeout=LONG), peer=lists[0], called=lab.uri("bob"))
    lab.server.wait("told", ["status"], lambda s: s["untold"] == 0 and s["messages"] == 0, timeout=LONG)


def not_for_them(lab):
    """what bob alone may read is not passed on to carol, nor garbage to anybody"""
    lab.start("alice", "bob", "carol")
    trace = os.path.join(lab.dir, "trace")
    alice = lab.ue("alice", "send", "bob", "for bob", options=("--trace", trace))
    alice.wait("message-failed", timeout=LONG)  # he is away: what was sent is all we want
    alice.finish(None)
    sent = traced(trace, "MESSAGE")[-1][1]

    def pass_on(body, *users):
        rows = "".join(f'<entry uri="{lab.uri(u)}"/>' for u in users)
        whole = (f"--b\r\nContent-Type: {PKCS7}\r\nContent-Transfer-Encoding: binary\r\n\r\n".encode() + body +
                 b"\r\n--b\r\nContent-Type: application/resource-lists+xml\r\nContent-Disposition: recipient-list\r\n\r\n"
                 b'<resource-lists xmlns="urn:ietf:params:xml:ns:resource-lists"><list>' + rows.encode() +
                 b"</list></resource-lists>\r\n--b--\r\n")
        return send_raw(lab, "alice", whole, "multipart/mixed;boundary=b")

    same(pass_on(sent, "bob", "carol"), 403, "to carol, too")
    same(pass_on(sent[:-9], "bob"), 493, "cut off")
    same(pass_on(sent, "bob"), 202, "to bob")
    bob = lab.online("bob")
    has(bob.wait("message", timeout=LONG), text="for bob", peer=lab.uri("alice"), verified=True)


def expires_with_its_ticket(lab):
    """what nobody could open any more is not kept: when its ticket ends its author is told, and who comes later gets nothing"""
    lab.start("alice", "carol", tickets={"lifetime": "4s", "renew_ahead": "0s"})
    lab.make_list("friends", "alice", ["alice", "carol"])
    lab.configure("alice", message={"ask_delivery": True})
    alice = lab.online("alice")
    alice.type(f"/msg {lab.list_uri('friends')} hello while it lasts")
    has(alice.wait("message-sent", timeout=LONG), status=202)
    lab.server.kill()  # the end is kept, too
    lab.restart_server(tickets={"lifetime": "1h"})
    has(alice.wait("message-delivered", timeout=LONG), called=lab.uri("carol"), reason="failed")
    lab.server.wait("expired", ["status"], lambda s: s["expired"] == 1 and s["messages"] == 0, timeout=LONG)
    carol = lab.online("carol")
    lab.ue("alice", "send", lab.list_uri("friends"), "hello again").finish(0)
    has(carol.wait("message", "message-refused", timeout=LONG), event="message", text="hello again")


def recipients_while_kms_away(lab):
    """without the KMS a message whose list is for the service is held through a kill, once; by policy refused"""
    lab.start("alice", "bob", "carol")
    lab.configure("alice", message={"protect_list": True})
    others = [lab.online(name) for name in ("bob", "carol")]
    trace = os.path.join(lab.dir, "trace")

    def post(text, event, **wanted):
        alice = lab.ue("alice", "send", "bob,carol", text, options=("--trace", trace))
        has(alice.wait(event, timeout=LONG), **wanted)
        alice.finish(None)

    def restart(**changes):
        lab.server.kill()
        lab.restart_server(**changes)

    post("with KMS", "message-sent", status=202)  # Alice has her tickets now
    for other in others:
        has(other.wait("message", timeout=LONG), text="with KMS")
    lab.server.kill()
    lab.stop_kms()
    lab.restart_server(kms={"away": "refuse"})
    post("refused", "message-failed", status=500)  # 503 of ours: RFC 3261 section 16.7 item 6
    restart()
    post("held", "message-sent", status=202)
    restart()
    same(lab.ask("status")["held"], 1, "messages held after a kill")
    head, sent = traced(trace, "MESSAGE")[-1]
    kind = re.search(r"(?im)^content-type: ([^\r]*)", head).group(1)
    lab.start_kms()
    for other in others:
        has(other.wait("message", timeout=LONG), text="held", peer=lab.uri("alice"), verified=True,
            recipients=[lab.uri("bob"), lab.uri("carol")])
    lab.server.wait("empty", ["status"], lambda s: s["held"] == 0 and s["messages"] == 0, timeout=LONG)
    same(send_raw(lab, "alice", sent, kind), 493, "the same again")
    # One that turns out to have too many recipients has been answered: it is given up.
    lab.server.kill()
    lab.stop_kms()
    lab.restart_server()
    post("too many", "message-sent", status=202)
    lab.start_kms()
    restart(limits={"rate": 60, "rate_burst": 1})
    lab.server.wait("given up", ["status"], lambda s: s["held"] == 0, timeout=LONG)
    same(lab.ask("counters")['mediasec_list_refused_total{reason="too_many_recipients"}'], 1, "given up")
    same([[e["text"] for e in other.seen if e["event"] == "message"] for other in others], 2 * [["with KMS", "held"]], "what they saw")


scenario.main(to_all, later, killed_while_away, tells_author, tells_author_after_a_kill, tells_no_more_than_it_may, to_several, several_tell, protected_list, cannot_read, not_for_them, expires_with_its_ticket,
              recipients_while_kms_away)
