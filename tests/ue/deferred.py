#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Deferred delivery: messages that lay somewhere while their recipient was away. A store of our own
holds them: it takes the protected bodies off the wire and hands them on later."""
import os
import time

from scenario import Mallory, PKCS7, has, main, same, traced


class Store:
    def __init__(self, lab):
        self.lab, self.held = lab, []
        self.way = Mallory((lab.address, lab.sip_port), "mallory", lab.password("mallory"))

    def take(self, sender, to, text):
        """`sender` sends to somebody who is not there."""
        trace = os.path.join(self.lab.dir, f"trace-{len(self.lab.ues)}")
        self.lab.ue(sender, "send", to, text, options=("--trace", trace)).finish(2)
        self.held.append((sender, to, traced(trace, "MESSAGE")[-1][1]))
        return self.held[-1]

    def deliver(self, held):
        sender, to, body = held
        return self.way.message(self.lab.uri(to), self.lab.uri(sender), body, PKCS7)


def written_and_come(lab):
    """held while the recipient is away: delivered late, shown with its own time, once; across a restart too"""
    lab.start("alice", "bob", "mallory")
    lab.configure("bob", profile={"clock_skew_s": 1})
    store = Store(lab)
    first = store.take("alice", "bob", "first")
    second = store.take("alice", "bob", "second")
    taken = time.time()
    while time.time() < taken + 3:  # longer than what clocks may differ
        time.sleep(0.2)
    bob = lab.online("bob")
    same(store.deliver(second), 200, "status")
    told = has(bob.wait("message", "message-refused"), event="message", text="second", deferred=True)
    same(store.deliver(first), 200, "status of the older one after the newer")
    older = has(bob.wait("message", "message-refused"), event="message", text="first", deferred=True)
    same(older["written"] < told["written"] < told["time"], True, "their times")
    same(store.deliver(first), 493, "status of a replay")
    has(bob.wait("message-refused", "message"), event="message-refused", reason="replay")
    bob.stop()
    bob = lab.online("bob")
    same(store.deliver(second), 493, "status of a replay after a restart")
    has(bob.wait("message-refused", "message"), event="message-refused", reason="replay")
    lab.ue("alice", "send", "bob", "now").finish(0)
    told = has(bob.wait("message"), text="now", deferred=None)
    same(bool(told["written"]), True, "the time of a message that comes at once")


def more_than_remembered(lab):
    """more messages than are remembered: one older than all of them cannot be told from a replay: refused, or shown so"""
    lab.start("alice", "bob", "mallory")
    lab.configure("bob", replay={"messages_per_day": 1, "offline_limit": "1h"})  # 17 are remembered
    store = Store(lab)
    old = [store.take("alice", "bob", f"old {i}") for i in range(2)]
    bob = lab.online("bob")
    for i in range(18):
        lab.ue("alice", "send", "bob", f"new {i}").finish(0)
        has(bob.wait("message"), text=f"new {i}")
    same(store.deliver(old[0]), 493, "status")
    has(bob.wait("message-refused", "message"), event="message-refused", reason="replay_forgotten")
    bob.stop()
    lab.configure("bob", replay={"messages_per_day": 1, "offline_limit": "1h", "forgotten": "show"})
    bob = lab.online("bob")
    for _ in range(2):  # the warning is true
        same(store.deliver(old[1]), 200, "status")
        told = has(bob.wait("message-refused", "message"), event="message", text="old 1")
        same("it may be a replay" in told["warning"], True, told)


def ticket_over(lab):
    """a message whose ticket ended while it lay: said so, and when"""
    lab.start("alice", "bob", "mallory")
    lab.configure("alice", tickets={"lifetime": "2s", "renew_ahead": "0s"})
    store = Store(lab)
    late = store.take("alice", "bob", "too late")
    taken = time.time()
    while time.time() < taken + 4:
        time.sleep(0.2)
    bob = lab.online("bob")
    same(store.deliver(late), 493, "status")
    told = has(bob.wait("message-refused", "message"), event="message-refused", reason="ticket_expired")
    same(told["detail"].startswith("the message's ticket has expired at 20"), True, told)
    lab.configure("alice")
    lab.ue("alice", "send", "bob", "in time").finish(0)
    has(bob.wait("message"), text="in time")


if __name__ == "__main__":
    main(written_and_come, more_than_remembered, ticket_over)
