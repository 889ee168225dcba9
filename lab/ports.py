# SPDX-License-Identifier: Apache-2.0
"""Ports for servers of tests and of the lab: below 12000, so never handed out by the kernel, and each held at an
address by one process at a time. Tests run side by side; a port that is merely free when one looks is not one's own."""
import fcntl
import os
import random
import socket
import tempfile

FIRST, LAST = 3000, 11999
ANY = "0.0.0.0"  # who listens there needs the port at every address
FOLDER = os.path.join(tempfile.gettempdir(), f"mediasec-ports-{os.getuid()}")
files, held = {}, set()  # an open file for each address, whose octets stand for ports; (address, port) of this process


class NoPorts(Exception):
    pass


def lock(name, port, kind):
    if name not in files:
        files[name] = open(os.path.join(FOLDER, name), "a+")
    fcntl.lockf(files[name], kind | fcntl.LOCK_NB, 1, port)


def unlock(name, port):
    fcntl.lockf(files[name], fcntl.LOCK_UN, 1, port)


def take(port, address):
    """Makes the port ours; False if somebody has it."""
    if any(p == port and (a == address or ANY in (a, address)) for a, p in held):
        return False
    try:
        lock(ANY, port, fcntl.LOCK_EX if address == ANY else fcntl.LOCK_SH)
    except OSError:
        return False
    try:
        if address != ANY:
            lock(address, port, fcntl.LOCK_EX)
    except OSError:
        if not any(p == port for _, p in held):
            unlock(ANY, port)
        return False
    held.add((address, port))
    return True


def give_back(ports):
    for address, port in ports:
        held.discard((address, port))
        unlock(address, port)
        if address != ANY and not any(p == port for _, p in held):
            unlock(ANY, port)


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
    """The first of n ports in a row, ours until this process ends or gives them back."""
    os.makedirs(FOLDER, mode=0o700, exist_ok=True)
    for _ in range(2000):
        first, taken = random.randrange(FIRST, LAST + 2 - n), []
        for port in range(first, first + n):
            if not take(port, address):
                break
            taken.append((address, port))
            if not is_free(port, address):
                break
        else:
            return first
        give_back(taken)
    raise NoPorts(f"no {n} free ports in a row between {FIRST} and {LAST}")


def release():
    """Gives back all that this process has reserved: what used them has ended."""
    give_back(list(held))
