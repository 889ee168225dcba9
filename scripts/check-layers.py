#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The layers go one way, and pure modules touch neither the world nor libre.

LAW says which folders a folder of src/ may include (besides itself). It is the same order as in
docs/architecture.md; a folder that is missing here is a fault.
"""
import re

from source import code_of, read, report, sources

BASE = {"core", "crypto"}
PURE = ["mikey", "cms", "tls", "sdp", "mime", "msrp", "h248", "bfcp", "anchor", "ber", "core", "crypto"]
MIDDLE = ["loop", "sip", "http", "store", "priv", "gcp", "hep"]
PURE_BASE = BASE | {"ber"}
LIBRARY = {"mikey", "cms", "tls", "sdp", "mime", "msrp", "h248", "bfcp", "anchor", "ber", "core", "crypto"}

LAW = {
    "core": set(),
    "crypto": {"core"},
    "ber": {"core"},
    **{m: PURE_BASE for m in ("mikey", "cms", "tls", "sdp", "mime", "msrp", "h248", "bfcp")},
    # Offer and answer through a gateway: what stands in the SDP becomes what H.248 asks for.
    "anchor": PURE_BASE | {"sdp", "h248"},
    "loop": BASE,
    "sip": BASE | {"loop"},
    "http": BASE | {"loop"},
    "store": BASE,
    "priv": BASE | {"loop"},
    "gcp": BASE | {"loop", "h248"},
    "hep": BASE | {"loop"},
    "daemon": LIBRARY | set(MIDDLE),
    # What the IMS-ALG and the IBCF share: SIP sessions whose media go through a gateway.
    "border": LIBRARY | set(MIDDLE) | {"daemon"},
    # What everybody who uses keys of the KMS shares: tickets asked for, resolved and kept, PSK S/MIME.
    "keys": LIBRARY | (set(MIDDLE) - {"sip"}) | {"daemon"},
    # Programs never include each other. A gateway contains no SIP.
    "mgw": LIBRARY | (set(MIDDLE) - {"sip"}) | {"daemon"},
    "alg": LIBRARY | set(MIDDLE) | {"daemon", "border"},
    "ibcf": LIBRARY | set(MIDDLE) | {"daemon", "border"},
    "kms": LIBRARY | set(MIDDLE) | {"daemon"},
    "ue": LIBRARY | set(MIDDLE) | {"daemon", "keys"},
    "list": LIBRARY | set(MIDDLE) | {"daemon", "keys"},
    "ctl": LIBRARY | set(MIDDLE) | {"daemon"},
}

# Only these may include libre; everyone else sees a facade.
LIBRE = {"loop", "sip"}
LIBRE_HEADER = re.compile(r"^(re/|re\.h$|re_)")

# What a pure module may never see: sockets, clocks, files, processes, logs.
IMPURE = re.compile(
    r"^(sys/(socket|time|epoll|poll|select|stat|types|un|wait|mman|ioctl|resource|prctl)\.h|netinet/.*|arpa/.*|"
    r"netdb\.h|time\.h|poll\.h|unistd\.h|fcntl\.h|signal\.h|pthread\.h|syslog\.h|dirent\.h|sqlite3\.h|"
    r"curl/.*|microhttpd\.h|seccomp\.h)$")
# core/random.c asks the kernel for random octets; it is the one exception.
IMPURE_ALLOWED = {("src/core/random.c", "unistd.h")}
CLOCK_CALL = re.compile(r"\b(time|gettimeofday|clock_gettime|localtime|gmtime|printf|fprintf|puts|fopen|getenv)\s*\(")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


def check_include(path, module, kind, name):
    if kind == '"':
        other = name.split("/")[0] if "/" in name else None
        if other is None:
            return f"{path}: include \"{name}\" by its full path from src/"
        if other not in LAW:
            return f"{path}: includes {name}, a folder without a place in the layers"
        if other != module and other not in LAW[module]:
            return f"{path}: {module} may not include {name}"
        return None
    if LIBRE_HEADER.match(name) and module not in LIBRE:
        return f"{path}: only src/loop and src/sip may include libre ({name})"
    if module in PURE and IMPURE.match(name) and (path, name) not in IMPURE_ALLOWED:
        return f"{path}: {module} is pure and may not include <{name}>"
    return None


def main():
    faults = []
    for path in sources():
        module = path.split("/")[1]
        if module not in LAW:
            faults.append(f"{path}: folder {module} has no place in the layers")
            continue
        text = code_of(read(path), keep_strings=True)
        for kind, name in INCLUDE.findall(text):
            fault = check_include(path, module, kind, name)
            if fault:
                faults.append(fault)
        if module in PURE:
            for n, line in enumerate(code_of(text).splitlines(), 1):
                if CLOCK_CALL.search(line):
                    faults.append(f"{path}:{n}: {module} is pure: {line.strip()}")
    report(faults, "layers")


main()
