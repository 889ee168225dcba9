# SPDX-License-Identifier: Apache-2.0
"""The demonstration's second act: the access edge. An IMS-ALG and two media gateways stand between the users and
the core; TLS ends at a gateway, or passes through it, as the users' SDP says."""
import os
import time

from edge import ALG, EdgeLab, Trace
from lab import BUILD
from sipp_ue import SippUe
from tls_ue import make_certificate, media_line, msrp_sdp, s_client

E2AE = {"media": {"e2ae": "registered", "outgoing": "e2ae"}, "policy": {"plain_media": True}}
PLAIN = {"media": {"e2ae": "off", "outgoing": "plain"}, "policy": {"plain_media": True}}
E2E = {"policy": {"plain_media": True}}


class Call:
    """Alice chats with Bob."""

    def __init__(self, lab, show, security):
        self.lab, self.show = lab, show
        self.alice = lab.ue("alice", "chat", lab.uri("bob"), stdin=True)
        up = self.alice.wait("call-established", "call-failed", timeout=25)
        show.check(up["event"] == "call-established" and up["security"] == security,
                   {"e2ae": "Alice's TLS ends at the gateway", "e2e": "Alice's TLS ends at Bob",
                    "none": "Alice speaks plain TCP"}[security], up.get("suite", up.get("reason", "")))

    def say(self, text):
        self.alice.type(text)
        heard = self.lab.bob.wait("chat", timeout=20)
        self.show.say("bob", f"hears: {heard['text']}")
        self.show.check(heard["text"] == text, "Bob hears Alice")

    def legs(self):
        """{user's realm or core: [tls]} of the contexts there are."""
        found = {}
        for name in self.lab.gateway_names():
            if self.lab[name].process.poll() is not None:
                continue
            for leg in self.lab[name].ask("contexts"):
                self.show.say(name, f"context {leg['context']}: {leg['realm']:6} {leg['local']:>18} - {leg['remote']:<18} TLS: {leg['tls']}")
                found.setdefault(leg["realm"], []).append(leg["tls"])
        return found

    def gateway(self):
        return next(n for n in self.lab.gateway_names()
                    if self.lab[n].process.poll() is None and self.lab[n].ask("contexts"))

    def end(self):
        self.alice.close_stdin()
        self.alice.finish(0)
        self.lab.bob.wait("call-ended", timeout=20)


def bob_is(lab, changes):
    if lab.bob:
        lab.bob.type("/quit")
        lab.bob.finish(0)
    lab.configure("bob", **changes)
    lab.bob = lab.online("bob")


def act_to_edge(lab, show):
    show.act("8. End to access edge: Alice's TLS ends at the gateway, Bob has none")
    lab.configure("alice", **E2AE)
    bob_is(lab, PLAIN)
    call = Call(lab, show, "e2ae")
    call.say("as far as the edge nobody reads this")
    legs = call.legs()
    show.check(sorted(legs["access"]) == ["certificate"] and legs["core"] == ["none"],
               "one leg with certificates known by fingerprint, the core's plain")
    call.end()


def act_both_edges(lab, show):
    show.act("9. Both on secured accesses: two gateways' legs, plain TCP in between")
    bob_is(lab, E2AE)
    call = Call(lab, show, "e2ae")
    call.say("and now on both sides")
    legs = call.legs()
    show.check(legs["access"] == ["certificate"] * 2 and legs["core"] == ["none"] * 2, "TLS on both access legs, none in the core")
    call.end()


def act_end_to_end(lab, show):
    show.act("10. End to end through the same gateways: TLS passes untouched")
    lab.configure("alice", **E2E)
    bob_is(lab, E2E)
    call = Call(lab, show, "e2e")
    call.say("no gateway can read this one")
    legs = call.legs()
    show.check(bool(legs) and all(tls == "none" for list_ in legs.values() for tls in list_),
               "the gateways relay octets and end no TLS")
    call.end()


def act_wrong_fingerprint(lab, show):
    show.act("11. A wrong fingerprint: somebody else's certificate at the gateway (SIPp and openssl as the user)")
    own, fingerprint = make_certificate(lab.dir, "alice-announced")
    other, _ = make_certificate(lab.dir, "mallory-presented")
    user = SippUe(lab, "carol", f"{lab.host}:{lab.alg_port}", "msrp-tls;mediasec")
    user.register()
    bob_is(lab, PLAIN)
    offer = msrp_sdp(9, "TCP/TLS/MSRP", "active", "x1", lines=[f"a=fingerprint:{fingerprint}", "a=3ge2ae:requested"])
    call = user.call(lab.uri("bob"), offer)
    _, port, _, _, host = media_line(call.answer())
    tls = s_client(host, port, other)
    tls.ended()
    show.check(b"alert" in tls.seen, "the gateway refuses the handshake")
    call.finish()
    lab.bob.wait("call-ended", "call-failed", timeout=20)
    # Bob's own BYE, sent because his connection is gone, may overtake what the gateway tells the ALG.
    said = {name: line.split(": ", 1)[-1] for name in (ALG, *lab.gateway_names())
            for line in lab[name].tail(200).splitlines() if "fpmismatch" in line}
    for name, line in said.items():
        show.say(name, line)
    show.check(bool(said), "it says why, and the call has ended on both sides")


def act_gateway_dies(lab, show):
    show.act("12. A gateway is killed in the middle of a chat")
    lab.configure("alice", **E2AE)
    call = Call(lab, show, "e2ae")
    call.say("this gateway will not live long")
    name = call.gateway()
    lab.kill(name)
    call.alice.wait("call-ended", "call-failed", timeout=40)
    lab.bob.wait("call-ended", timeout=20)
    show.check(True, f"{name} is dead: the ALG has released the call towards both users")
    call.alice.stop()
    call = Call(lab, show, "e2ae")
    call.say("the other one carries this")
    show.check(call.gateway() != name, "the next call goes to the other gateway")
    call.end()


def act_alg_dies(lab, show):
    show.act("13. The IMS-ALG is killed in the middle of a chat")
    call = Call(lab, show, "e2ae")
    name = call.gateway()
    lab.kill(ALG)
    time.sleep(0.5)
    call.say("nobody commands this gateway and still we talk")
    lab[ALG].start()
    lab[ALG].wait("the gateway's call", ["gateways"], lambda g: any(x["state"] == "in service" and x["contexts"] for x in g))
    show.check(bool(lab[ALG].ask("sessions")), "the ALG is back, audits the gateway and knows the call again")
    call.say("known again")
    call.end()
    lab[name].wait("empty", ["contexts"], lambda list_: not list_)
    show.check(True, "the call ends in order, and its context with it")


class DemoEdgeLab(EdgeLab):
    bob = None


def pictured(lab, show, flow, act):
    """Runs an act and draws what really passed in it."""
    lab.trace.begin(flow)
    act(lab, show)
    lines = lab.trace.end(lab.names()).splitlines()
    passed = sum(" -" in line or "- " in line for line in lines)
    show.check(passed > 5, "mediasec trace drew what passed", f"{os.path.join(lab.trace.dir, flow)}.txt and .svg, {len(lines)} lines")


def run(folder, show):
    """Acts 7 to 13; raises what the lab and the show raise."""
    show.act("7. The access edge")
    media = {"media": {"tls": "always"}}  # e2e lines pass through the gateways too, NAT or not
    lab = DemoEdgeLab(os.path.join(folder, "edge"), gateways=2, alg=media, trace=Trace(os.path.join(BUILD, "pictures")))
    with lab:
        lab.start("alice", "bob", "carol")
        show.say("", f"mediasec-alg (P-CSCF, IMS-ALG)   sip:{lab.host}:{lab.alg_port}, H.248 at port {lab.h248_port}")
        for gateway in lab[ALG].ask("gateways"):
            show.say("", f"mediasec-mgw                     {gateway['name']}, {gateway['state']}, {gateway['profile']}, {gateway['path']}")
        show.check(len(lab[ALG].ask("gateways")) == 2, "two gateways have registered by H.248")
        for flow, act in (("edge", act_to_edge), ("both-edges", act_both_edges), ("end-to-end", act_end_to_end),
                          ("wrong-fingerprint", act_wrong_fingerprint), ("gateway-killed", act_gateway_dies),
                          ("alg-killed", act_alg_dies)):
            pictured(lab, show, flow, act)
