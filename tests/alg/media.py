#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Media through a gateway: mediasec-ue, mediasec-alg, Kamailio, mediasec-mgw. The gateway's own view of its contexts shows
what the users cannot see: where TLS ends."""
import contextlib
import os
import select
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../ue"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from scenario import LabError, has, main, same  # noqa: E402
from alglab import Alg, base  # noqa: E402
from gateways import Gateway, controller  # noqa: E402
from patience import long, until  # noqa: E402
from ports import reserve  # noqa: E402

EDGE = {"e2ae": "registered", "outgoing": "e2ae"}


@contextlib.contextmanager
def edge(lab, *names, gateways=("agw1",), transport="udp", encoding="pretty", host="127.0.0.1", h248=None, gateway=None,
         **changes):
    """A P-CSCF with gateways before the lab's core; its users go through it. H.248 is spoken at `host`."""
    lab.start(*names)
    port, made = reserve(1, host.strip("[]")), []
    if ":" in host:
        gateway = {"h248": {"listen": f"{host}:{reserve(1, host.strip('[]'))}"}}
    alg = Alg(os.path.join(lab.dir, "alg"), f"127.0.0.1:{lab.sip_port}",
              h248=controller(port, *gateways, transport=transport, encoding=encoding, address=host, **(h248 or {})),
              media=changes.pop("media", {}), **changes)
    try:
        for name in gateways:
            name = name if isinstance(name, str) else name["name"].split(".")[0]
            # SCTP in UDP has the same port everywhere: each end needs an address of its own
            made.append(Gateway(os.path.join(lab.dir, name), name, [f"{host}:{port}"], transport=transport,
                                encoding=encoding, address="127.0.0.31" if transport == "sctp" else "127.0.0.1", **(gateway or {})))
        for gateway in made:
            gateway.registered()
        yield alg, made
        for gateway in made:
            if gateway.process.poll() is None:
                gateway.empty()
    except BaseException:
        print(alg.text()[-6000:])
        for gateway in made:
            print(f"---- {gateway.name}\n{gateway.text()[-6000:]}")
        raise
    finally:
        for one in (*made, alg):
            one.stop()


def through(lab, alg, name, **changes):
    """The user's client goes through the P-CSCF."""
    lab.configure(name, sip={"proxy": f"sip:127.0.0.1:{alg.access}"}, **changes)


def talk(lab, gateway, expect, caller="alice", callee="bob"):
    """Texts both ways; the gateway's endpoints meanwhile, as a sorted list of (realm, tls, application)."""
    bob = lab.online(callee)
    alice = lab.ue(caller, stdin=True)
    alice.wait("registered")
    alice.type(f"/chat {callee}")
    up = has(alice.wait("call-established", "call-failed"), event="call-established")
    bob.wait("call-established")
    alice.type("hello")
    has(bob.wait("chat"), text="hello")
    bob.type("back")
    has(alice.wait("chat"), text="back")
    got = sorted((e["realm"], e["tls"], e["application"]) for e in gateway.contexts())
    same(got, sorted(expect), "endpoints")
    alice.type("/hangup")
    alice.wait("call-ended")
    gateway.empty()
    alice.type("/quit")
    alice.finish(0)
    bob.stop()
    return up


def both_edges(lab):
    """e2ae on both accesses: TLS ends twice at the gateway, the core sees plain TCP"""
    with edge(lab, "alice", "bob") as (alg, (gateway,)):
        for name in ("alice", "bob"):
            through(lab, alg, name, media=EDGE)
        leg = [("access", "certificate", "agnostic"), ("core", "none", "agnostic")]
        has(talk(lab, gateway, leg * 2), security="e2ae")
        same(alg.counter('mediasec_h248_events_total{event="anchor_e2ae_msrp"}'), 2, "e2ae lines")


def one_edge(lab):
    """e2ae for one of them; the other one's access is plain, and not touched"""
    with edge(lab, "alice", "bob") as (alg, (gateway,)):
        leg = [("access", "certificate", "agnostic"), ("core", "none", "agnostic")]
        through(lab, alg, "alice", media=EDGE)
        through(lab, alg, "bob", policy={"plain_media": True})
        has(talk(lab, gateway, leg), security="e2ae")
        through(lab, alg, "alice", media={"outgoing": "plain"}, policy={"plain_media": True})
        through(lab, alg, "bob", media=EDGE)
        has(talk(lab, gateway, leg), security="none")


def end_to_end(lab):
    """keys of the KMS: the gateway carries octets of TLS it cannot read"""
    with edge(lab, "alice", "bob", media={"tls": "always"}) as (alg, (gateway,)):
        for name in ("alice", "bob"):
            through(lab, alg, name)
        octets = [("access", "none", "agnostic"), ("core", "none", "agnostic")]
        has(talk(lab, gateway, octets * 2), security="e2e", suite="PSK-AES128-GCM-SHA256")


def directions(lab):
    """whoever opens TCP, and with it TLS"""
    with edge(lab, "alice", "bob") as (alg, (gateway,)):
        leg = [("access", "certificate", "agnostic"), ("core", "none", "agnostic")]
        for a, b in (("active", "passive"), ("auto", "active"), ("auto", "passive")):
            through(lab, alg, "alice", media={**EDGE, "setup": a})
            through(lab, alg, "bob", media={**EDGE, "setup": b})
            talk(lab, gateway, leg * 2)


def controlled(lab, transport, encoding, **changes):
    leg = [("access", "certificate", "agnostic"), ("core", "none", "agnostic")]
    with edge(lab, "alice", "bob", transport=transport, encoding=encoding, **changes) as (alg, (gateway,)):
        for name in ("alice", "bob"):
            through(lab, alg, name, media=EDGE)
        talk(lab, gateway, leg * 2)
        return alg.control.ask("gateways")


def tcp_compact(lab):
    """the control association over TCP, in text with short tokens"""
    controlled(lab, "tcp", "compact")


def udp_binary(lab):
    """the control association over UDP, in BER"""
    controlled(lab, "udp", "binary")


def udp_ipv6(lab):
    """the control association over UDP and IPv6"""
    same(controlled(lab, "udp", "pretty", host="[::1]")[0]["path"].startswith("udp [::1]:"), True, "it is IPv6")


def tcp_ipv6(lab):
    """the control association over TCP and IPv6, in BER"""
    same(controlled(lab, "tcp", "binary", host="[::1]")[0]["path"].startswith("tcp [::1]:"), True, "it is IPv6")


OURS = [{"path": "tcpbcc", "value": "tcpx 0xf189"}, {"path": "tlsbsc", "value": "tlsx 0xf190"},
        {"path": "xem/tcpin", "value": "incoming 0x0011"}]


def other_names(lab):
    """names of packages that both sides' configurations change (h248.packages)"""
    controlled(lab, "udp", "pretty", h248={"packages": OURS}, gateway={"h248": {"packages": OURS}})


def other_numbers(lab):
    """the same in BER, where numbers count"""
    controlled(lab, "udp", "binary", h248={"packages": OURS}, gateway={"h248": {"packages": OURS}})


def one_sided_names(lab):
    """a gateway that was not told refuses what it does not know, and the call fails"""
    with edge(lab, "alice", "bob", h248={"packages": OURS}) as (alg, (gateway,)):
        for name in ("alice", "bob"):
            through(lab, alg, name, media=EDGE)
        bob, alice = lab.online("bob"), lab.ue("alice", stdin=True)
        alice.wait("registered")
        alice.type("/chat bob")
        has(alice.wait("call-established", "call-failed"), event="call-failed")
        same("refused: 440" in gateway.text(), True, "what the gateway says")
        alice.stop()
        bob.stop()


def sctp(lab):
    """the control association over SCTP"""
    controlled(lab, "sctp", "pretty")


def established(lab, alg):
    """A chat that is up: (alice, bob)."""
    bob, alice = lab.online("bob"), lab.ue("alice", stdin=True)
    alice.wait("registered")
    alice.type("/chat bob")
    has(alice.wait("call-established", "call-failed"), event="call-established")
    bob.wait("call-established")
    return alice, bob


def exchange(alice, bob, text):
    alice.type(text)
    has(bob.wait("chat"), text=text)
    bob.type(f"re: {text}")
    has(alice.wait("chat"), text=f"re: {text}")


def gateway_killed(lab):
    """a gateway dies in mid-session: its call is released, the next one goes to the other gateway"""
    gateways = ({"name": "agw1.example.net", "weight": 1}, {"name": "agw2.example.net", "weight": 0})
    with edge(lab, "alice", "bob", gateways=gateways) as (alg, (first, second)):
        for name in ("alice", "bob"):
            through(lab, alg, name, media=EDGE)
        alice, bob = established(lab, alg)
        same(len(first.contexts()), 4, "endpoints")
        first.kill()
        alice.wait("call-ended", "call-failed", timeout=20)
        bob.wait("call-ended", "call-failed", timeout=20)
        first.gone(alg)
        alice.type("/chat bob")  # nobody is left who takes calls
        has(alice.wait("call-failed", "call-established"), event="call-failed")
        first.start()
        first.registered()
        alice.type("/chat bob")
        has(alice.wait("call-established", "call-failed"), event="call-established")
        exchange(alice, bob, "again")
        alice.type("/hangup")
        alice.wait("call-ended")
        first.empty()
        same(second.contexts(), [], "the one without weight")
        alice.stop()
        bob.stop()


def other_gateway(lab):
    """of two gateways one is drained, then dies: all goes to the other"""
    with edge(lab, "alice", "bob", gateways=("agw1", "agw2")) as (alg, (first, second)):
        for name in ("alice", "bob"):
            through(lab, alg, name, media=EDGE)
        alg.control.ask("gateway.drain", name="agw2.example.net")
        alice, bob = established(lab, alg)
        same((len(first.contexts()), second.contexts()), (4, []), "endpoints")
        alg.control.ask("gateway.undrain", name="agw2.example.net")
        first.kill()
        alice.wait("call-ended", "call-failed", timeout=20)
        bob.wait("call-ended", "call-failed", timeout=20)
        first.gone(alg)
        alice.type("/chat bob")
        has(alice.wait("call-established", "call-failed"), event="call-established")
        exchange(alice, bob, "over there")
        same(len(second.contexts()), 4, "endpoints")
        alice.type("/hangup")
        alice.wait("call-ended")
        second.empty()
        alice.stop()
        bob.stop()


def call_bob(alice, bob):
    alice.type("/chat bob")
    has(alice.wait("call-established", "call-failed"), event="call-established")
    bob.wait("call-established")


def states(alg):
    return [(g["name"], g["state"], g["contexts"]) for g in alg.control.ask("gateways")]


def gateways_reloaded(lab):
    """gateways come and go by reload: one that leaves keeps its call, the next call goes to the new one"""
    with edge(lab, "alice", "bob", h248={"silence": "1s"}) as (alg, (first,)):
        for name in ("alice", "bob"):
            through(lab, alg, name, media=EDGE)
        one, two = ({"name": f"agw{n}.example.net", "realms": "access core"} for n in (1, 2))
        second = Gateway(os.path.join(lab.dir, "agw2"), "agw2", [alg.config["h248"]["listen"][0]["address"]])
        try:
            until(lambda: alg.counter('mediasec_h248_events_total{event="h248_stranger"}'), 10, "the stranger is counted")
            alice, bob = established(lab, alg)
            alg.reload(h248={"gateways": [two]})
            second.registered()
            wanted = [("<agw1.example.net>", "leaving", 2), ("<agw2.example.net>", "in service", 0)]
            until(lambda: states(alg) == wanted, 10, "the new one is audited, the old one leaves")
            exchange(alice, bob, "by the one that leaves")
            alice.type("/hangup")
            alice.wait("call-ended")
            first.empty()
            until(lambda: states(alg) == [("<agw2.example.net>", "in service", 0)], 10, "the first is forgotten")
            call_bob(alice, bob)
            same((first.contexts(), len(second.contexts())), ([], 4), "endpoints")
            # it asks us after a silence, is told nothing, and registers again
            alg.reload(h248={"gateways": [one, {**two, "weight": 0}]})
            until(lambda: dict((n, s) for n, s, _ in states(alg))["<agw1.example.net>"] == "in service", 20, "the first is back")
            exchange(alice, bob, "where the call was")
            alice.type("/hangup")
            alice.wait("call-ended")
            second.empty()
            call_bob(alice, bob)
            same((len(first.contexts()), second.contexts()), (4, []), "endpoints")
            same(alg.counter('mediasec_h248_gateways{state="in_service"}'), 2, "gateways in service")
            for refused, why in (([], "h248.gateways: to have none needs a restart"), ([one, one], "the same as of"),
                                 ([{**one, "realms": "acess core"}], "none has the realms")):
                try:
                    alg.reload(h248={"gateways": refused})
                    raise AssertionError(f"reloaded: {refused}")
                except LabError as e:
                    same(why in str(e), True, str(e))
            exchange(alice, bob, "after three bad configurations")
            alice.type("/hangup")
            alice.wait("call-ended")
            alice.stop()
            bob.stop()
        finally:
            second.stop()


def gateway_dropped_at_restart(lab):
    """a call whose gateway is not in the configuration any more when the IMS-ALG starts again is ended towards both"""
    key = os.path.join(lab.dir, "token")
    with open(os.open(key, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as f:
        f.write(os.urandom(32))
    sip = {"state": os.path.join(lab.dir, "calls"), "token_key": key}
    with edge(lab, "alice", "bob", gateways=("agw1", "agw2"), sip=sip) as (alg, (first, _)):
        for name in ("alice", "bob"):
            through(lab, alg, name, media=EDGE)
        alg.control.ask("gateway.drain", name="agw2.example.net")
        alice, bob = established(lab, alg)
        same(len(first.contexts()), 4, "endpoints")
        alg.kill()
        alg.write(base.merge(alg.config, {"h248": {"gateways": [{"name": "agw2.example.net"}]}}))
        alg.start()
        alice.wait("call-ended", "call-failed", timeout=20)
        bob.wait("call-ended", "call-failed", timeout=20)
        same("is not known again: its gateway is not in the configuration" in alg.text(), True, "why")
        first.kill()  # nobody ever tells it to release what it has; h248.hold does
        alice.stop()
        bob.stop()


IMPOSTOR = b"""MEGACO/1 <agw1.example.net>
Transaction = 7 { Context = - { ServiceChange = ROOT { Services { Method = Restart, Reason = "901 Cold Boot", Version = 2,
Profile = xIq/1 } } } }
"""


def impostor(lab):
    """who uses a gateway's name at another address is not heard as long as the gateway is there"""
    with edge(lab, "alice", "bob") as (alg, (gateway,)):
        for name in ("alice", "bob"):
            through(lab, alg, name, media=EDGE)
        alice, bob = established(lab, alg)
        host, _, port = alg.config["h248"]["listen"][0]["address"].rpartition(":")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.33", 0))
            s.sendto(IMPOSTOR, (host, int(port)))
            until(lambda: alg.counter('mediasec_h248_events_total{event="h248_misplaced"}'), 10, "it is counted")
        same(states(alg), [("<agw1.example.net>", "in service", 2)], "gateways")
        exchange(alice, bob, "nobody was restarted")
        alice.type("/hangup")
        alice.wait("call-ended")
        alice.stop()
        bob.stop()


def other_profile(lab):
    """a gateway of another profile is told which one is spoken here, and both logs say so"""
    with edge(lab, "alice", h248={"gateways": [{"name": f"agw{n}.example.net"} for n in (1, 2)]}) as (alg, _):
        second = Gateway(os.path.join(lab.dir, "agw2"), "agw2", [alg.config["h248"]["listen"][0]["address"]], profile="ix")
        try:
            said = '459 "profile not supported: xIq/1 is"'
            until(lambda: said in alg.text() and said in second.text(), 10, "both logs say why")
            same("gateway=<agw2.example.net> at udp 127.0.0.1:" in alg.text(), True, "and who")
            until(lambda: [alg.counter('mediasec_h248_gateways{state="%s"}' % s) for s in ("in_service", "away")] == [1, 1], 10,
                  "gauges")
        finally:
            second.stop()


def nobodys_connections(lab):
    """TCP to the controller by which nobody speaks: a few of one host, and not for long; the gateway's own stays"""
    with edge(lab, "alice", transport="tcp", encoding="compact", h248={"connections_host": 2, "first": "2s"}) as (alg, _):
        host, _, port = alg.config["h248"]["listen"][0]["address"].rpartition(":")
        many = [socket.create_connection((host, int(port)), long(5), source_address=("127.0.0.34", 0)) for _ in range(3)]
        for s in many:
            s.settimeout(long(5))
        same(select.select(many, [], [], long(5))[0], [many[2]], "one too many is closed at once")
        same(many[2].recv(10), b"", "and told so by its end")
        for s in many[:2]:
            same(s.recv(10), b"", "the others when their time is over")
            s.close()
        many[2].close()
        same(states(alg), [("<agw1.example.net>", "in service", 0)], "gateways")


if __name__ == "__main__":
    main(both_edges, one_edge, end_to_end, directions, tcp_compact, udp_binary, udp_ipv6, tcp_ipv6, other_names, other_numbers,
         one_sided_names, sctp, gateway_killed, other_gateway,
         gateways_reloaded, gateway_dropped_at_restart, impostor, other_profile, nobodys_connections)
