# SPDX-License-Identifier: Apache-2.0
"""Garbage, slow and greedy clients, while others are served as before; and who has what: the front
no key, the vault no network."""
import os
import pwd
import random
import re
import select
import socket
import threading
import time

from kms_lab import SANITIZED, Failed, check, run, wait_for
from patience import long, until

HEAD = (b"POST /keymanagement?requesttype=ticketrequest HTTP/1.1\r\nHost: kms\r\n"
        b"Content-Type: application/mikey\r\n")


def lab(make, **changes):
    kms = make(**changes).start()
    for name in ("alice", "bob"):
        kms.add_user(name)
    return kms, kms.client()


def median_time(c, n=60):
    times = []
    for i in range(n):
        start = time.perf_counter()
        if not c("request alice t%d sip:bob@example.com" % i)["ok"]:
            raise Failed("a good request was not served")
        times.append(time.perf_counter() - start)
    return sorted(times)[n // 2]


def garbage(make):
    """a thousand kinds of nonsense each get an answer or a closed connection"""
    kms, c = lab(make)
    dice = random.Random(int(os.environ.get("MS_SEED", 1)))
    c("request alice t sip:bob@example.com")
    c("save t " + kms.path("ticket"))
    with open(kms.path("ticket"), "rb") as f:
        ticket = f.read()
    quiet = median_time(c)
    codes = {}
    pids = kms.role_pids()
    for i in range(1000):
        kind = i % 5
        if kind == 0:
            body = dice.randbytes(dice.randrange(0, 2000))
        elif kind == 1:
            body = bytes([1, dice.choice((11, 12, 16, 17))]) + dice.randbytes(dice.randrange(600))
        elif kind == 2:
            body = bytes([1, 16, 5, 1]) + dice.randbytes(4) + b"\0\1" + ticket
        elif kind == 3:
            body = bytearray(bytes([1, 16, 5, 1, 0, 0, 0, 1, 0, 1]) + ticket)
            for _ in range(5):
                body[dice.randrange(len(body))] = dice.randrange(256)
            body = bytes(body)
        else:
            body = bytes([1, 11, 5, 1, 0, 0, 0, 1, 0, 1]) + b"\5\0" * 1000
        what = "ticketresolve" if len(body) > 1 and body[1] in (16, 17) else "ticketrequest"
        code = kms.http("POST", "/keymanagement?requesttype=" + what, body,
                        (("Content-Type", "application/mikey"),))[0]
        codes[code] = codes.get(code, 0) + 1
    print("codes:", codes)
    check(set(codes) <= {200, 400}, "each is answered: 400, or a MIKEY Error message")
    check(kms.role_pids() == pids, "no process died of it")
    wait_for(lambda: median_time(c) < 5 * quiet + 0.005, 5, "good requests are as fast as before")


def raw_nonsense(make):
    """bytes that are no HTTP"""
    kms, c = lab(make)
    dice = random.Random(int(os.environ.get("MS_SEED", 2)))
    pids = kms.role_pids()
    for i in range(200):
        with socket.create_connection(("127.0.0.1", kms.port), timeout=long(5)) as s:
            data = dice.choice([
                dice.randbytes(500),
                b"POST " + b"/" * 9000 + b" HTTP/1.1\r\n\r\n",
                HEAD + b"Content-Length: 99999999999999999999\r\n\r\n",
                HEAD + b"Content-Length: -1\r\n\r\n",
                HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
                HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
                HEAD + b"X: " + b"y" * 20000 + b"\r\n\r\n",
                b"\r\n" * 100, b"GET / HTTP/9.9\r\n\r\n", b"\0" * 100,
            ])
            try:
                s.sendall(data)
                s.shutdown(socket.SHUT_WR)
                answer = s.recv(65536)
            except ConnectionError:
                answer = b""
            if answer and not re.match(rb"HTTP/1\.1 (4\d\d|50[15]) ", answer):
                raise Failed("answer to %r: %r" % (data[:60], answer[:60]))
    check(kms.role_pids() == pids, "two hundred connections of nonsense, no process died")
    check(c("request alice t sip:bob@example.com")["ok"], "and a good request is served")


def slow_clients(make):
    """clients that stall are cut off and hold nobody up"""
    kms, c = lab(make, http__head_limit="500ms", http__body_limit="500ms", http__per_address=1000,
                 http__connections=1000)
    quiet = median_time(c)
    slow = []
    for i in range(200):
        s = socket.create_connection(("127.0.0.1", kms.port))
        s.sendall(HEAD[:40] if i % 2 else HEAD + b"Content-Length: 100\r\n\r\n\1\v")
        slow.append(s)
    # Who waited for one of them would have waited for their half second.
    check(median_time(c) < 5 * quiet + 0.1, "others are not held up by two hundred stalled ones")
    gone = 0
    for s in slow:
        s.settimeout(long(4))
        try:
            data = s.recv(1000)
            gone += data == b"" or b" 408 " in data
        except OSError:
            gone += 1
        s.close()
    check(gone == 200, "all two hundred were cut off (%d)" % gone)


def limits(make):
    """connections, rate and body size are limited for each address"""
    kms, c = lab(make, http__per_address=8, http__connections=100)
    check(c("request alice t sip:bob@example.com")["ok"], "served")
    held = [socket.create_connection(("127.0.0.1", kms.port)) for _ in range(12)]
    refused = set()

    def enough():
        for s in select.select(held, [], [], 0)[0]:
            if b" 503 " in s.recv(1000, socket.MSG_PEEK):
                refused.add(s)
        return len(refused) >= 4
    until(enough, 4, "connections over per_address get 503")
    for s in held:
        s.close()
    wait_for(lambda: c("request alice t sip:bob@example.com")["ok"], 4, "served again")
    kms.stop()
    kms.write_config(http__rate=2, http__rate_burst=20)
    kms.start()
    answers = [c("request alice r%d sip:bob@example.com" % i) for i in range(100)]
    many = sum(a.get("status") == 429 for a in answers)
    check(many > 40, "over the rate: 429 (%d of 100)" % many)
    check(any(a["ok"] for a in answers), "within it: served")


def overload(make):
    """more requests than the vault may have waiting: 503, and the rest is served"""
    kms, c = lab(make, http__in_flight=1)
    answers = []

    def ask(i):
        d = kms.client()
        for k in range(40):
            answers.append(d("request alice o%d-%d sip:bob@example.com" % (i, k)))
        d.close()

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    bad = [a for a in answers if not a["ok"] and a.get("status") != 503]
    check(not bad, "only 503 besides good answers (%s)" % bad[:2])
    check(sum(a["ok"] for a in answers) > 20, "most are served")


# ---- who has what ----

def maps_contain(pid, needle):
    """Is the secret anywhere in the process's memory?"""
    with open("/proc/%d/maps" % pid) as maps, open("/proc/%d/mem" % pid, "rb", 0) as mem:
        for line in maps:
            span, mode = line.split()[:2]
            start, end = (int(x, 16) for x in span.split("-"))
            if "r" not in mode or "[v" in line:
                continue
            try:
                mem.seek(start)
                while start < end:
                    data = mem.read(min(1 << 20, end - start))
                    if not data or any(n in data for n in needle):
                        if data:
                            return True
                        break
                    start += len(data)
            except (OSError, ValueError):
                continue
    return False


def sockets_of(pid):
    """Socket inodes of a process, and its other open files."""
    inodes, files = set(), []
    for fd in os.listdir("/proc/%d/fd" % pid):
        try:
            target = os.readlink("/proc/%d/fd/%s" % (pid, fd))
        except OSError:
            continue
        found = re.match(r"socket:\[(\d+)\]", target)
        if found:
            inodes.add(int(found[1]))
        else:
            files.append(target)
    return inodes, files


def network_inodes(pid):
    found = set()
    for table in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6", "packet", "netlink"):
        try:
            with open("/proc/%d/net/%s" % (pid, table)) as f:
                for line in f.read().splitlines()[1:]:
                    column = 8 if table == "packet" else 9
                    found.add(int(line.split()[column]))
        except (OSError, IndexError, ValueError):
            continue
    return found


def status_of(pid, name):
    with open("/proc/%d/status" % pid) as f:
        return re.search(r"(?m)^%s:\s+(\S+)" % name, f.read())[1]


def separation(make):
    """the front has no key, the vault no network; both are under seccomp"""
    kms, c = lab(make)
    for i in range(20):
        check_ok = c("request alice s%d sip:bob@example.com" % i)["ok"] and \
            c("resolve bob s%d" % i)["ok"]
        if not check_ok:
            raise Failed("not served")
    pids = kms.role_pids()
    check(set(pids) == {"front", "vault"}, "two roles")
    for role, pid in pids.items():
        check(status_of(pid, "Seccomp") == "2" or SANITIZED,
              "%s runs under a system call filter" % role)
        check(status_of(pid, "NoNewPrivs") == "1", "%s cannot gain privileges" % role)
        check(status_of(pid, "CoreDumping") == "0", "%s is not dumping" % role)
    inodes, files = sockets_of(pids["vault"])
    check(not inodes & network_inodes(pids["vault"]), "the vault has no network socket")
    check(any("kms.db" in f for f in files), "the vault has the store")
    inodes, files = sockets_of(pids["front"])
    check(inodes & network_inodes(pids["front"]), "the front has network sockets")
    check(not any(kms.dir in f and not f.endswith("/log") for f in files),
          "the front has no file of ours open: %s" % files)
    if os.geteuid() != 0 or SANITIZED:
        print("skip - reading memory of the roles needs root, and no sanitizer")
        return
    needles = []
    for _, _, key in kms.users.values():
        needles += [bytes.fromhex(key), key.encode()]
    with open(kms.path("master")) as f:
        master = bytes.fromhex(f.read())
    check(maps_contain(pids["vault"], needles), "the vault's memory has the users' keys")
    check(not maps_contain(pids["front"], needles + [master]), "the front's has none of them")
    check(not maps_contain(kms.process.pid, needles + [master]), "nor has the parent's")


def unprivileged(make):
    """started as root the roles become another user, the front without files to see"""
    if os.geteuid() != 0:
        print("skip - needs root")
        return
    kms = make(daemon__user="nobody", daemon__chroot="/var/empty")
    os.makedirs("/var/empty", exist_ok=True)
    os.chmod(kms.dir, 0o755)
    nobody = pwd.getpwnam("nobody").pw_uid
    for name in ("", "master"):
        os.chown(kms.path(name), nobody, -1)
    kms.start()
    for name in ("alice", "bob"):
        kms.add_user(name)
    c = kms.client()
    check(c("request alice t sip:bob@example.com")["ok"] and c("resolve bob t")["ok"], "it serves")
    pids = kms.role_pids()
    check(all(status_of(pid, "Uid") == str(nobody) for pid in pids.values()), "both roles are nobody")
    check(os.readlink("/proc/%d/root" % pids["front"]) == "/var/empty", "the front sees an empty directory")


run([garbage, raw_nonsense, slow_clients, limits, overload, separation, unprivileged])
