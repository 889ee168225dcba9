#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What goes on when a part of the access edge dies in the middle of a chat: a gateway, a media worker, the
IMS-ALG. Users are mediasec-ue, everything is real."""
import os
import signal
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
from edge import ALG, EdgeLab  # noqa: E402


def check(ok, what, detail=""):
    print(("ok   " if ok else "FAIL ") + what, flush=True)
    if not ok:
        raise SystemExit(f"{what}: {detail}")


class Chat:
    """Alice, secured to the edge, calls Bob, who is plain."""

    def __init__(self, lab, bob):
        self.lab, self.bob = lab, bob
        self.alice = lab.ue("alice", "chat", lab.uri("bob"), stdin=True)
        up = self.alice.wait("call-established", timeout=25)
        check(up["security"] == "e2ae", "a chat is established, secured to the edge", up)
        self.say("hello")

    def say(self, text):
        self.alice.type(text)
        got = self.bob.wait("chat", timeout=20)
        check(got["text"] == text, f"Bob reads: {text}", got)

    def gateway(self):
        """The one that carries it."""
        return next(n for n in self.lab.gateway_names() if self.lab[n].process.poll() is None and self.lab[n].ask("contexts"))

    def end(self):
        self.alice.close_stdin()
        self.alice.finish(0)
        self.bob.wait("call-ended")


def gateway_killed(lab, bob):
    chat = Chat(lab, bob)
    name = chat.gateway()
    lab.kill(name)
    chat.alice.wait("call-ended", "call-failed", timeout=40)
    bob.wait("call-ended", timeout=20)
    check(True, f"{name} is killed: the ALG ends the call on both sides")
    chat.alice.stop()
    other = Chat(lab, bob)
    check(other.gateway() != name, "the next call goes to the other gateway")
    other.end()
    lab.start_gateway(name)
    lab[ALG].wait("both in service", ["gateways"], lambda list_: all(g["state"] == "in service" for g in list_))
    check(True, f"{name} comes back and is known")


def worker_killed(lab, bob):
    chat = Chat(lab, bob)
    name = chat.gateway()
    pid = next(pid for pid, role in lab[name].children() if role == "media")
    os.kill(pid, signal.SIGKILL)
    chat.alice.wait("call-ended", "call-failed", timeout=20)
    bob.wait("call-ended", timeout=20)
    check(True, "a media worker is killed: its calls end on both sides")
    chat.alice.stop()
    lab[name].wait("a new worker", ["status"], lambda s: all(w["up"] for w in s["workers"]))
    lab[name].wait("nothing left", ["contexts"], lambda list_: not list_)
    check(lab[name].ask("status")["association"] == "in service", "the control association stays, a new worker stands there")
    Chat(lab, bob).end()


def control_killed(lab, bob):
    chat = Chat(lab, bob)
    name = chat.gateway()
    pid = next(pid for pid, role in lab[name].children() if role == "control")
    os.kill(pid, signal.SIGKILL)
    chat.alice.wait("call-ended", "call-failed", timeout=30)
    bob.wait("call-ended", timeout=20)
    check(True, "the control role is killed: the gateway begins anew and the ALG ends its calls")
    chat.alice.stop()
    lab[name].wait("registered", ["status"], lambda s: s["association"] == "in service")
    Chat(lab, bob).end()


def alg_killed(lab, bob):
    chat = Chat(lab, bob)
    name = chat.gateway()
    lab.kill(ALG)
    time.sleep(1)
    chat.say("the ALG is gone and we go on")
    lab[ALG].start()
    lab[ALG].wait("the gateway back", ["gateways"], lambda list_: any(g["state"] == "in service" and g["contexts"] for g in list_))
    sessions = lab[ALG].ask("sessions")
    check(len(sessions) >= 1, "the ALG is back and knows the call again", sessions)
    check(lab[name].ask("contexts"), "its context is still there")
    chat.say("and still")
    chat.end()
    lab[name].wait("empty", ["contexts"], lambda list_: not list_)
    check(True, "the call ends in order afterwards, and its context with it")


def main():
    with tempfile.TemporaryDirectory(prefix="mediasec-alg-") as folder, EdgeLab(folder, gateways=2) as lab:
        lab.start("alice", "bob")
        lab.configure("alice", media={"e2ae": "registered", "outgoing": "e2ae"})
        lab.configure("bob", media={"e2ae": "off", "outgoing": "plain"}, policy={"plain_media": True})
        bob = lab.online("bob")
        for step in sys.argv[1:] or ("gateway_killed", "worker_killed", "control_killed", "alg_killed"):
            globals()[step](lab, bob)
    return 0


if __name__ == "__main__":
    sys.exit(main())
