#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""SIPp as peer, both ways: it calls us and we call it, with its own idea of SIP and of digest."""
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
from ports import reserve  # noqa: E402

PEER = sys.argv[1]
SCENARIOS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sipp")


def free_ports(count):
    first = reserve(count)
    return list(range(first, first + count))


def sipp(scenario, transport, port, target, work):
    os.mkdir(work)
    return subprocess.Popen(
        ["sipp", target, "-sf", os.path.join(SCENARIOS, scenario + ".xml"), "-i", "127.0.0.1", "-p", str(port),
         "-t", "t1" if transport == "tcp" else "u1", "-m", "1", "-deadcall_wait", "0", "-nostdin", "-timeout", "30", "-timeout_error",
         "-trace_err", "-error_file", os.path.join(work, scenario + ".err")],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=work,
        env=dict(os.environ, TERM="dumb"))


def peer(*args):
    p = subprocess.Popen([PEER, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         text=True)
    line = p.stderr.readline()
    if line.strip() != "ready":
        sys.exit(f"sip-peer did not start: {line}")
    return p


def wait_for(transport, port):
    """Until SIPp listens; asked of the kernel, so that SIPp does not notice."""
    state = "0A" if transport == "tcp" else "07"
    for _ in range(2000):
        with open("/proc/net/" + transport, encoding="ascii") as f:
            for line in f.readlines()[1:]:
                words = line.split()
                if words[1] == f"0100007F:{port:04X}" and words[3] == state:
                    return
        time.sleep(0.02)
    sys.exit(f"sipp does not listen on {transport} port {port}")


def check(name, process, status, expected, work, scenario):
    out, err = process.communicate(timeout=100)
    out = out.strip()
    if status == 0 and out == expected:
        print(f"ok   {name}")
        return True
    print(f"FAIL {name}: sipp exit {status}, sip-peer said '{out}', expected '{expected}' {err}")
    path = os.path.join(work, scenario + ".err")
    if os.path.exists(path):
        print(open(path, encoding="utf-8", errors="replace").read()[-3000:])
    return False


def incoming(ports, scenario, transport, log, expected, work):
    mine, its = ports
    p = peer("serve", transport, str(mine), log)
    s = sipp(scenario, transport, its, f"127.0.0.1:{mine}", work)
    return check(f"{scenario} over {transport}", p, s.wait(timeout=100), expected, work, scenario)


def outgoing(ports, scenario, transport, verb, expected, work):
    mine, its = ports
    s = sipp(scenario, transport, its, f"127.0.0.1:{mine}", work)
    wait_for(transport, its)
    p = peer(verb, transport, str(mine), f"sip:sipp@127.0.0.1:{its};transport={transport}", "A offer")
    return check(f"{scenario} over {transport}", p, s.wait(timeout=100), expected, work, scenario)


def main():
    if not shutil.which("sipp"):
        print("sipp is not installed")
        return 77
    work = tempfile.mkdtemp(prefix="ms-sipp-")
    cases = [(incoming, "uac-cancel", "udp", "iC", "iC 0 R offer")]
    for t in ("udp", "tcp"):
        cases += [
            (incoming, "uac-message", t, "q", "q 0"),
            (incoming, "uac-invite", t, "ikc", "ikc 0"),
            (outgoing, "uas-message", t, "message", "r 200 digest verified"),
            (outgoing, "uas-invite", t, "call", "pac 0 sipp's answer"),
            (outgoing, "uas-refuse", t, "call", "c 488 why not"),
        ]
    ports = free_ports(2 * len(cases))
    try:
        # SIPp lingers for seconds after each call, so several run at a time.
        with ThreadPoolExecutor(4) as pool:
            jobs = [pool.submit(c[0], ports[2 * i:2 * i + 2], *c[1:], os.path.join(work, str(i)))
                    for i, c in enumerate(cases)]
            good = all([j.result() for j in jobs])
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return 0 if good else 1


sys.exit(main())
