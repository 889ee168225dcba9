# SPDX-License-Identifier: Apache-2.0
"""Two networks with an interconnect (TS 24.229, TS 29.162): each has Kamailio, an IMS-ALG with a gateway, and an IBCF with a
TrGW; the IBCFs know each other.

    with TwoNetworks(folder) as lab:
        lab.start(["alice"], ["bob"])       # alice@example.org, bob@example.net
        lab.home["bob"].online("bob")
"""
import os

from edge import Daemon, EdgeLab, MEDIA_PORTS
from lab import LabError, merge
from ports import reserve

IBCF, TRGW = "ibcf", "trgw1"


class Network(EdgeLab):
    """One of the two. Its daemons have loopback addresses of their own: 127.0.NUMBER.x."""

    def __init__(self, folder, number, domain, **more):
        self.domain, self.peer, self.kms_of = domain, None, None
        super().__init__(folder, f"127.0.{number}.1", number=number, **more)
        self.border = f"127.0.{number}.9"  # Kamailio trusts the IBCF by its address
        self.border_ports = reserve(2, self.border)
        self.outer_port, self.inner_port = self.border_ports, self.border_ports + 1
        self.gate = f"{self.border}:{self.inner_port}"
        self.trgw_port = reserve(1, self.border)

    # ---- one KMS for both: the tickets of one network are resolved in the other ----

    def start_kms(self, new=False):
        if not self.kms_of:
            super().start_kms(new)

    def configure(self, name, **changes):
        if self.kms_of:
            changes = merge({"kms": {"url": f"http://{self.kms_of.host}:{self.kms_of.kms_port}"}}, changes)
        return super().configure(name, **changes)

    # ---- the interconnect ----

    def ibcf_config(self):
        return {"sip": {"listen": [{"side": "access", "transport": "tcp", "address": f"{self.border}:{self.outer_port}"},
                                   {"side": "core", "transport": "tcp", "address": f"{self.border}:{self.inner_port}"},
                                   {"side": "core", "transport": "udp", "address": f"{self.border}:{self.inner_port}"}],
                        "core": f"{self.host}:{self.sip_port}", "core_transport": "tcp"},
                "domains": [self.domain],
                "networks": [{"domain": self.peer.domain, "next_hop": f"{self.peer.border}:{self.peer.outer_port}",
                              "transport": "tcp", "trusted": True}],
                "h248": {"mid": f"ibcf.{self.domain}", "heartbeat": "1s", "silence": "3s", "t_max": "3s",
                         "listen": [{"address": f"{self.border}:{self.trgw_port}", "encoding": "compact"}],
                         "gateways": [{"name": f"{TRGW}.{self.domain}", "weight": 1}]}}

    def trgw_config(self):
        realms = []
        for realm, last in (("access", 61), ("core", 71)):
            address = f"127.0.{self.number}.{last}"
            first = reserve(MEDIA_PORTS, address)
            realms.append({"name": realm, "address": address, "port_min": first, "port_max": first + MEDIA_PORTS - 1})
        return {"h248": {"mid": f"{TRGW}.{self.domain}", "profile": "ix", "avalanche": "0s", "retry": "300ms", "t_max": "3s",
                         "controllers": [{"address": f"{self.border}:{self.trgw_port}", "encoding": "compact"}]},
                "realms": realms, "media": {"workers": 1}}

    def start(self, *names):
        super().start(*names)
        for name, executable, config in ((IBCF, "mediasec-ibcf", self.ibcf_config()),
                                         (TRGW, "mediasec-mgw", self.trgw_config())):
            self.daemons[name] = Daemon(name, executable, os.path.join(self.dir, name), config)
            self.daemons[name].start()
        self.daemons[TRGW].wait("registered", ["status"], lambda s: s["association"] == "in service")


class TwoNetworks:
    def __init__(self, folder, **more):
        os.makedirs(folder, exist_ok=True)
        self.here = Network(os.path.join(folder, "org"), 1, "example.org", **more)
        self.there = Network(os.path.join(folder, "net"), 2, "example.net", **more)
        self.here.peer, self.there.peer = self.there, self.here
        self.there.kms_of, self.there.kms_dir = self.here, self.here.kms_dir
        self.home = {}  # user -> network

    def start(self, here, there):
        for network, names in ((self.here, here), (self.there, there)):
            network.start(*names)
            self.home.update((name, network) for name in names)

    def uri(self, name):
        return self.home[name].uri(name)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is not None:
            print(self.here.logs(), self.there.logs(), flush=True)
        try:
            self.there.stop()
        finally:
            self.here.stop()
        if error is None:
            for network in (self.here, self.there):
                network.check_sanitizers()


__all__ = ["IBCF", "LabError", "Network", "TRGW", "TwoNetworks"]
