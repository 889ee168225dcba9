#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
import os

from scenario import has, main, same


def with_good_tickets(lab):
    """the key management server is away: messages and chats go on with cached tickets, across restarts"""
    lab.start("alice", "bob", "carol")
    bob = lab.online("bob")
    lab.ue("alice", "send", "bob", "first").finish(0)
    chat = lab.ue("alice", "chat", "bob", stdin=True)
    chat.wait("call-established")
    chat.close_stdin()
    chat.finish(0)
    lab.stop_kms()
    lab.ue("alice", "send", "bob", "second").finish(0)
    bob.wait("message")
    has(bob.wait("message"), text="second", peer=lab.uri("alice"))
    bob.stop()
    bob = lab.online("bob")  # what was resolved is kept too
    lab.ue("alice", "send", "bob", "third").finish(0)
    has(bob.wait("message"), text="third")
    chat = lab.ue("alice", "chat", "bob", stdin=True)
    has(chat.wait("call-established", "call-failed"), event="call-established", peer=lab.uri("bob"))
    chat.close_stdin()
    chat.finish(0)


def without(lab):
    """without a ticket: a clear error with the server's URL; a receiver says 480, for the sender to try later"""
    lab.start("alice", "bob", "carol")
    bob = lab.online("bob")
    lab.ue("alice", "send", "carol", "fetches a ticket for carol").finish(2)
    carol = lab.online("carol")
    lab.stop_kms()
    url = f"http://{lab.address}:{lab.kms_port}"
    ue = lab.ue("alice", "send", "bob", "hello")
    has(ue.wait("kms-error"), url=url, reason="kms_unreachable")
    has(ue.wait("message-failed"), reason="kms_unreachable")
    ue.finish(3)
    ue = lab.ue("alice", "chat", "bob", stdin=True)
    has(ue.wait("call-failed"), reason="kms_unreachable")
    ue.finish(3)
    ue = lab.ue("alice", "send", "carol", "hello")
    has(ue.wait("message-failed"), status=480)
    ue.finish(2)
    has(carol.wait("message-refused"), reason="kms_unreachable")
    lab.start_kms()
    lab.ue("alice", "send", "carol", "hello").finish(0)
    has(carol.wait("message"), text="hello")
    lab.ue("alice", "send", "bob", "hello").finish(0)
    bob.wait("message")


def refusing(lab):
    """a key management server that refuses: wrong key, disabled user"""
    lab.start("alice", "bob")
    lab.online("bob")
    lab.ctl("user", "disable", "alice")
    ue = lab.ue("alice", "send", "bob", "hello")
    same(ue.wait("kms-error")["reason"].startswith("kms_error"), True, "reason")
    ue.finish(3)
    lab.ctl("user", "enable", "alice")
    lab.ue("alice", "send", "bob", "hello").finish(0)


def wrong_clock(lab):
    """clocks that differ by more than is allowed: the user is told that it is about clocks"""
    lab.start("alice", "bob")
    lab.stop_kms()
    with open(os.path.join(lab.kms_dir, "kms.yaml"), "a", encoding="utf-8") as f:
        f.write("profile:\n  clock_skew_s: 0\n")  # then even a moment is too much
    lab.start_kms()
    ue = lab.ue("alice", "send", "bob", "hello")
    told = ue.wait("kms-error")
    same("MIKEY error 1, " in told["detail"] and told["detail"].endswith("is a clock wrong?"), True, told)
    ue.finish(3)


if __name__ == "__main__":
    main(with_good_tickets, without, refusing, wrong_clock)
