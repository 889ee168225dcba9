# SPDX-License-Identifier: Apache-2.0
"""Ports for servers of tests and of the lab: below 12000, so never handed out by the kernel, and each held at an
address by one process at a time. Tests run side by side; a port that is merely free when one looks is not one's own."""
import fcntl
import os
import random
import socket
import tempfile

FIRST, LAST = 3000, 11999
FOLDER = os.path.join(tempfile.gettempdir(), f"mediasec-ports-{os.getuid()}")
held = []  # open files: their locks go with the process


class NoPorts(Exception):
    pass


def take(port, address):
    """An open file that keeps the port ours, or None if another process has it."""
    f = open(os.path.join(FOLDER, f"{address}-{port}"), "w")
    try:
        fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return f
    except OSError:
        f.close()
        return None


def is_free(port, address="127.0.0.1"):
    """Nobody has it at this address; at 0.0.0.0: at any."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(family, kind) as s:
            if kind == socket.SOCK_STREAM:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind((address, port))
            except OSError:
                return False
    return True


def reserve(n=1, address="127.0.0.1"):
    """The first of n ports in a row, ours until this process ends."""
    os.makedirs(FOLDER, mode=0o700, exist_ok=True)
    for _ in range(2000):
        first = random.randrange(FIRST, LAST + 2 - n)
        files = []
        for port in range(first, first + n):
            f = take(port, address)
            if f:
                files.append(f)
            if not f or not is_free(port, address):
                break
        else:
            held.extend(files)
            return first
        for f in files:
            f.close()
    raise NoPorts(f"no {n} free ports in a row between {FIRST} and {LAST}")


def release():
    """Gives back all that this process has reserved: what used them has ended."""
    while held:
        held.pop().close()
