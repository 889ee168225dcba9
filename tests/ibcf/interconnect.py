#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sessions between two networks: e2e through four gateways that carry octets they cannot read, and e2ae on both accesses with
plain TCP between the networks."""
import os
import shutil
import sys
import tempfile
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../ue"))
from scenario import has, same  # noqa: E402
from capture import Capture, streams  # noqa: E402
from networks import IBCF, TRGW, TwoNetworks  # noqa: E402
from ports import FIRST, LAST  # noqa: E402

EDGE = {"e2ae": "registered", "outgoing": "e2ae"}
ACCESS = {"media": {"tls": "always", "plain": "always"}}


def endpoints(daemon):
    return sorted((e["realm"], e["tls"]) for e in daemon.ask("contexts"))


def talk(lab, texts=("hello", "a second one")):
    """A chat from alice to bob, texts both ways, while it is up: what each gateway holds."""
    bob = lab.home["bob"].online("bob")
    alice = lab.home["alice"].ue("alice", stdin=True)
    alice.wait("registered")
    alice.type(f"/chat {lab.uri('bob')}")
    up = has(alice.wait("call-established", "call-failed"), event="call-established")
    bob.wait("call-established")
    for text in texts:
        alice.type(text)
        has(bob.wait("chat"), text=text)
        bob.type(f"re: {text}")
        has(alice.wait("chat"), text=f"re: {text}")
    held = {f"{network.domain} {name}": endpoints(network[name]) for network in (lab.here, lab.there) for name in ("agw1", TRGW)}
    alice.type("/hangup")
    alice.wait("call-ended")
    bob.wait("call-ended")
    for network in (lab.here, lab.there):
        for name in ("agw1", TRGW):
            network[name].wait("empty", ["contexts"], lambda c: c == [])
        network[IBCF].wait("without calls", ["sessions"], lambda sessions: sessions == [])
    alice.type("/quit")
    alice.finish(0)
    bob.stop()
    return up, held


def end_to_end(lab):
    """e2e: TLS-PSK between users of two networks; the same octets on all five legs"""
    lab.start(["alice"], ["bob"])
    trace = os.path.join(lab.here.dir, "media.pcap")
    with Capture(trace, [f"{FIRST}-{LAST}"], None) as capture:
        up, held = talk(lab)
        packets = capture.stop()
    has(up, security="e2e", suite="PSK-AES128-GCM-SHA256", protected=True)
    for name, got in held.items():
        same(got, [("access", "none"), ("core", "none")], name)
    networks = (b"\x7f\0\1", b"\x7f\0\2")  # what else is on this machine is none of ours
    legs = [octets for (source, to, _), octets in streams(packets).items()
            if (source[0][:3] in networks or to[0][:3] in networks) and octets[:1] == b"\x16" and len(octets) > 100]
    same(len(legs), 10, "directions of five legs in which TLS begins")
    same(len(set(legs)), 2, "different octets: there and back")


def both_edges(lab):
    """e2ae on both accesses: certificates end at each access gateway, TrGWs carry plain TCP"""
    lab.start(["alice"], ["bob"])
    for name in ("alice", "bob"):
        lab.home[name].configure(name, media=EDGE)
    up, held = talk(lab)
    has(up, security="e2ae")
    for name, got in held.items():
        same(got, [("access", "certificate" if "agw" in name else "none"), ("core", "none")], name)


def the_other_way(lab):
    """a call back, by who was called before"""
    lab.start(["bob"], ["alice"])
    for name in ("alice", "bob"):
        lab.home[name].configure(name, media={**EDGE, "setup": "active" if name == "alice" else "auto"})
    has(talk(lab)[0], security="e2ae")


def main(*scenarios):
    if not (shutil.which("kamailio") or os.path.exists("/usr/sbin/kamailio")) or not shutil.which("dumpcap"):
        print("kamailio or dumpcap is not installed")
        sys.exit(77)
    passed, wanted = 0, sys.argv[1:]
    chosen = [s for s in scenarios if not wanted or s.__name__ in wanted]
    for scenario in chosen:
        folder = tempfile.mkdtemp(prefix="mediasec-")
        try:
            with TwoNetworks(folder, alg=ACCESS) as lab:
                scenario(lab)
            print(f"ok - {scenario.__name__}: {scenario.__doc__}", flush=True)
            passed += 1
        except Exception:  # the next scenario has networks of its own
            traceback.print_exc()
            print(f"not ok - {scenario.__name__}: {scenario.__doc__}", flush=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"{passed} passed, {len(chosen) - passed} failed")
    sys.exit(0 if passed == len(chosen) else 1)


if __name__ == "__main__":
    main(end_to_end, both_edges, the_other_way)
