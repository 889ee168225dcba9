#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""MSRP that is changed on the way: SENDs of 300 octets and their 200s through the gateway's media plane
with aware endpoints, beside Kamailio's MSRP relay, one at a time in each session and eight.

    bench/b2bua.py [ROUNDS]
"""
import glob
import os
import shutil
import subprocess
import sys
import time

from common import CLIENT_CPU, Server, Table, TemporaryFolder, build, pin, program

HOST, GATE, BACKEND, RELAY = "127.0.0.1", 11700, 11690, 11691
PAIRS, SIZE, SECONDS = 16, 300, 2
CONFIG = """#!KAMAILIO
# After the documentation of the msrp module, without the challenge.
debug=-2
log_stderror=yes
fork=yes
children=1
tcp_children=1
socket_workers=1
auto_aliases=no
tcp_accept_no_cl=yes
tcp_connection_lifetime=3600
enable_tls=no
disable_core_dump=yes
listen=tcp:@HOST@:@PORT@
mpath="@MODULES@"
loadmodule "kex.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "msrp.so"
modparam("msrp", "cmap_size", 10)
modparam("msrp", "sipmsg", 1)
modparam("msrp", "use_path_addr", "@HOST@:@PORT@")
request_route { exit; }
event_route[msrp:frame-in] {
	msrp_reply_flags("1");
	if (msrp_is_reply()) {
		if ($msrp(nexthops) > 0) { msrp_relay(); }
		exit;
	}
	if ($msrp(method) == "SEND") {
		if (msrp_cmap_lookup()) { msrp_reply("200", "OK"); msrp_relay_flags("1"); msrp_relay(); exit; }
		msrp_reply("481", "Session-does-not-exist");
		exit;
	}
	if ($msrp(method) == "AUTH") { msrp_cmap_save(); exit; }
	msrp_reply("501", "Unknown");
	exit;
}
"""


def kamailio(folder):
    modules = glob.glob("/usr/lib/*/kamailio/modules/msrp.so")
    if not shutil.which("kamailio") or not modules:
        return None
    path = os.path.join(folder, "relay.cfg")
    with open(path, "w") as f:
        f.write(CONFIG.replace("@HOST@", HOST).replace("@PORT@", str(RELAY))
                .replace("@MODULES@", os.path.dirname(modules[0]) + "/"))
    return Server(["kamailio", "-DD", "-E", "-m", "256", "-M", "32", "-Y", folder, "-f", path])


def gate():
    return Server([program("media-gate"), "-a", f"{HOST}:{GATE}", "-b", f"{HOST}:{BACKEND}", "-n", str(PAIRS), "-M"])


def load(kind, port, window, server):
    """SENDs done a CPU second of the server"""
    time.sleep(1)
    generator = subprocess.Popen([program("msrp-load"), kind, HOST, str(port), str(BACKEND), str(PAIRS), str(window),
                                  str(SIZE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                 preexec_fn=pin(CLIENT_CPU))
    if generator.stdout.readline() != "ready\n":
        sys.exit(f"bench: msrp-load {kind} does not work")
    before = server.cpu()
    generator.stdin.write(f"{SECONDS}\n")
    generator.stdin.flush()
    done = int(generator.stdout.readline())
    used = server.cpu() - before
    generator.stdin.close()
    generator.wait(10)
    return done / used


def measure(rounds):
    tables = {window: Table(f"MSRP changed on the way, {SIZE} octets, {window} at once in each of {PAIRS} sessions",
                            "SENDs and their 200s a CPU second", "Kamailio's relay") for window in (1, 8)}
    with TemporaryFolder() as folder:
        for _ in range(rounds):
            for window, table in tables.items():
                server = gate()
                table.add("mediasec", load("gate", GATE, window, server))
                server.stop()
                server = kamailio(folder)
                if server:
                    table.add("Kamailio's relay", load("relay", RELAY, window, server))
                    server.stop()
    return list(tables.values())


if __name__ == "__main__":
    build()
    for t in measure(int(sys.argv[1]) if len(sys.argv) > 1 else 5):
        t.show()
