# SPDX-License-Identifier: Apache-2.0
"""Running msrp-peer programs, and the little that the scripts of this folder share."""
import hashlib
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../lab"))
from ports import reserve  # noqa: E402, F401

TIMEOUT = 120.0
checks = []


def check(name, ok, detail=""):
    """Records one named check; the script fails at its end if any failed."""
    checks.append(ok)
    print(("ok      " if ok else "NOT OK  ") + name + (f"  ({detail})" if detail and not ok else ""), flush=True)


def finish():
    print(f"{sum(checks)} passed, {len(checks) - sum(checks)} failed")
    sys.exit(0 if checks and all(checks) else 1)


def skip(reason):
    print("skipped:", reason)
    sys.exit(77)


def program():
    return os.path.join(os.environ["MS_BUILD_DIR"], "tests", "msrp", "msrp-peer")


class Peer:
    """One msrp-peer: commands in, events out."""

    def __init__(self, mode, host, port, uri, *options):
        self.uri = uri
        self.backlog = []
        self.events = queue.Queue()
        self.process = subprocess.Popen([program(), mode, host, str(port), uri, *map(str, options)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        encoding="latin-1", bufsize=1)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.events.put(line.rstrip("\n").split("\t"))
        self.events.put(None)

    def do(self, *fields):
        self.process.stdin.write("\t".join(map(str, fields)) + "\n")
        self.process.stdin.flush()

    def expect(self, *wanted):
        """The first event not yet asked for that begins with these fields."""
        wanted = list(map(str, wanted))
        end = time.monotonic() + TIMEOUT
        while True:
            for i, event in enumerate(self.backlog):
                if event[:len(wanted)] == wanted:
                    return self.backlog.pop(i)
            try:
                event = self.events.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                raise SystemExit(f"{self.uri}: waited in vain for {wanted}; has {self.backlog[-10:]}")
            if event is None:
                raise SystemExit(f"{self.uri}: ended; waited for {wanted}; has {self.backlog[-10:]}")
            self.backlog.append(event)

    def quit(self):
        try:
            self.do("quit")
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        return self.process.wait(TIMEOUT)


def pair(port, *options):
    """Two peers connected to each other: the active one, the passive one."""
    b = Peer("listen", "127.0.0.1", port, f"msrp://127.0.0.1:{port}/bob;tcp", *options)
    b.expect("listening")
    a = Peer("connect", "127.0.0.1", port, f"msrp://127.0.0.1:{port + 1}/alice;tcp", *options)
    a.expect("connected")
    b.expect("connected")
    return a, b


def sample(size, seed=b"x"):
    """`size` octets that look random, the same each time."""
    out, block = bytearray(), seed
    while len(out) < size:
        block = hashlib.sha256(block).digest()
        out += block * 16 + b"\r\n-------"
    return bytes(out[:size])


def folder():
    return tempfile.TemporaryDirectory(prefix="msrp-interop-")


def selector(path, media_type):
    """a=file-selector of a file (RFC 5547 section 6), made here and not by what is tested."""
    def colons(digest):
        return ":".join(f"{o:02X}" for o in digest)
    with open(path, "rb") as f:
        octets = f.read()
    return (f"type:{media_type} size:{len(octets)} hash:sha-1:{colons(hashlib.sha1(octets).digest())} "
            f"hash:sha-256:{colons(hashlib.sha256(octets).digest())}")


def rolling(octets):
    """The sum that msrp-peer prints of a message's body."""
    total = 0
    for o in octets:
        total = (total * 31 + o) & (2**64 - 1)
    return total
