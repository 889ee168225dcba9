# SPDX-License-Identifier: Apache-2.0
"""A controller in a few lines: H.248 text over UDP, and a gateway started beside it.

It reads no more of a message than its kind, transaction number and text, so that what it checks is what
the gateway really wrote, not what a codec of ours made of it.
"""
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
from patience import deadline  # noqa: E402


def pieces(message):
    """The transactions of a message with long tokens: (kind, number, text) of each."""
    rest = message
    while True:
        found = re.search(r"(TransactionResponseAck|Transaction|Reply|Pending)\s*=?\s*(\d*)\s*\{", rest)
        if not found:
            return
        depth, at = 1, found.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(rest[at], 0)
            at += 1
        yield found.group(1), found.group(2), rest[found.start():at]
        rest = rest[at:]


class Mgc:
    """One controller. Requests of the gateway are answered as they come and kept in `requests`."""

    def __init__(self, port, mid="mgc1.example.net", address="127.0.0.1"):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)  # a thousand may report at once
        self.sock.bind((address, port))
        self.mid = mid
        self.peer = None
        self.next = 100
        self.requests = []
        self.refuse = None  # error answered to everything, e.g. 'Error=505{"?"}'
        self.silent = False
        self.seen = set()

    def close(self):
        self.sock.close()

    def _send(self, text, to=None):
        self.sock.sendto(text.encode(), to or self.peer)

    def _answer(self, text, number, source):
        context = re.search(r"(?:Context|C)\s*=\s*([^\s{]+)", text).group(1)
        command = re.search(r"(Notify|ServiceChange|N|SC)\s*=\s*([^\s{,}]+)", text)
        inside = self.refuse or ""
        if command.group(1) in ("ServiceChange", "SC") and not self.refuse:
            inside = "Services{Version=2}"
        self._send("MEGACO/2 <%s> Reply=%s{Context=%s{%s=%s%s}}" % (
            self.mid, number, context, command.group(1), command.group(2),
            "{%s}" % inside if inside else ""), source)

    def _take(self, limit):
        """The transactions of one message: [(kind, number, text)]."""
        if not select.select([self.sock], [], [], max(0, limit))[0]:
            return []
        octets, source = self.sock.recvfrom(65536)
        if self.silent:
            return []
        got = []
        for kind, number, text in pieces(octets.decode()):
            got.append((kind, number, text))
            if kind != "Transaction":
                continue
            self.peer = source
            self._answer(text, number, source)
            if number not in self.seen:
                self.seen.add(number)
                self.requests.append(text)
        return got

    def wait_request(self, part, limit=5):
        """The first request of the gateway that has `part` in it; it is taken out."""
        end = deadline(limit)
        while True:
            for r in self.requests:
                if part in r:
                    self.requests.remove(r)
                    return r
            left = end - time.monotonic()
            if left <= 0:
                raise AssertionError("no request with %r; there were %r" % (part, self.requests))
            self._take(left)

    def ask(self, actions, limit=5):
        """A transaction; the text of its reply."""
        self.next += 1
        number = str(self.next)
        self._send("MEGACO/2 <%s> Transaction=%s{%s}" % (self.mid, number, actions))
        end = deadline(limit)
        while time.monotonic() < end:
            for kind, got, text in self._take(end - time.monotonic()):
                if kind == "Reply" and got == number:
                    return text
        raise AssertionError("no reply to " + actions)


def local(proto, extra=""):
    return "Local{v=0\nc=IN IP4 $\nm=- $ %s -\n%s}" % (proto, extra)


def remote(proto, address, port, extra=""):
    return "Remote{v=0\nc=IN IP4 %s\nm=- %d %s -\n%s}" % (address, port, proto, extra)


def stream(realm, *descriptors, mode="SendReceive", control=""):
    return 'Media{Stream=1{LocalControl{Mode=%s,ipdc/realm="%s"%s},%s}}' % (
        mode, realm, control, ",".join(descriptors))


def terminations(reply):
    """Their names, in order."""
    return re.findall(r"(?:Add|A|Modify|Subtract|AuditValue)\s*=\s*(ip/[^\s{,}]+)", reply)


def addresses(reply):
    """(address, port) of every Local in a reply."""
    return [(a, int(p)) for a, p in
            re.findall(r"c=IN IP[46] (\S+)\s+m=\S+ (\d+)", reply)]


def context(reply):
    return re.search(r"Context\s*=\s*(\d+)", reply).group(1)


CONFIG = """daemon: {{ control: {dir}/mgw.sock }}
h248:
  mid: "<mgw1.example.net>:2944"
  avalanche: 0s
  retry: 1s
  controllers:
{controllers}
{h248}
realms:
  - {{ name: core, address: "{core}:0", port_min: {low}, port_max: {high} }}
  - {{ name: access, address: "{access}:0", port_min: {low}, port_max: {high} }}
media: {{ workers: {workers}{media} }}
"""


class Gateway:
    """mediasec-mgw as it is installed, with all its processes."""

    def __init__(self, build, folder, ports, core="127.0.66.1", access="127.0.66.2", workers=1,
                 h248="", media="", low=10000, high=10999, output=None, encodings=("pretty", "pretty")):
        """`output`: where its log goes, if not into the folder."""
        self.build, self.folder = build, folder
        self.control = os.path.join(folder, "mgw.sock")
        path = os.path.join(folder, "mgw.yaml")
        with open(path, "w") as f:
            f.write(CONFIG.format(dir=folder, core=core, access=access, workers=workers, h248=h248, media=media,
                                  low=low, high=high, controllers="\n".join(
                                      '    - {{ address: "{}", encoding: {} }}'.format(
                                          p if isinstance(p, str) else "127.0.0.1:%d" % p, e)
                                      for p, e in zip(ports, encodings))))
        self.log = open(output or os.path.join(folder, "mgw.log"), "w")
        self.process = subprocess.Popen(
            [os.path.join(build, "src/mgw/mediasec-mgw"), "-f", "-c", path],
            stdout=self.log, stderr=subprocess.STDOUT)

    def workers(self):
        """Process ids of the media workers."""
        pids = []
        children = "/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)
        with open(children) as f:
            for pid in f.read().split():
                with open("/proc/%s/cmdline" % pid) as c:
                    if "--role=media" in c.read():
                        pids.append(int(pid))
        return pids

    def stop(self, controllers=()):
        """Ends it; the controllers answer its last words. Its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        end = deadline(10)
        while self.process.poll() is None and time.monotonic() < end:
            for c in controllers:
                c._take(0)
            time.sleep(0.02)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()
        return self.process.returncode

    def tail(self):
        if self.log.name != os.path.join(self.folder, "mgw.log"):
            return ""
        with open(self.log.name) as f:
            return f.read()[-4000:]
