# SPDX-License-Identifier: Apache-2.0
"""A capture of the lab's loopback, and what a listener on the wire makes of it: TCP streams and SIP
requests. dumpcap (Debian's wireshark-common) writes; the reading is done here, so that a check for
plaintext does not depend on what a dissector chooses to show."""
import os
import shutil
import socket
import struct
import subprocess
import time

from patience import deadline, long, over

PCAP_MAGIC = {0xA1B2C3D4: 1e-6, 0xA1B23C4D: 1e-9}


class CaptureError(Exception):
    pass


class Capture:
    def __init__(self, path, ports, address="127.0.0.1"):
        """Starts capturing TCP and UDP of the given ports at an address (None: any) on the loopback interface into `path`."""
        self.path = path
        dumpcap = shutil.which("dumpcap")
        if not dumpcap:
            raise CaptureError("dumpcap is not installed (scripts/setup demo)")
        names = [f"port {p}" if isinstance(p, int) else f"portrange {p}" for p in ports]
        # Others have the same ports at other addresses.
        wanted = " or ".join(f"({way} {name}{f' and {way} host {address}' if address else ''})" for name in names for way in ("src", "dst"))
        sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
        self.process = subprocess.Popen(sudo + [dumpcap, "-q", "-P", "-i", "lo", "-s", "0", "-B", "256", "-f", wanted, "-w", path],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.port = ports[0] if isinstance(ports[0], int) else int(ports[0].split("-")[1])
        end = deadline(10)
        # The file is there a moment before the socket listens.
        while not os.path.exists(path) or os.path.getsize(path) < 24 or not self._sees(0.3):
            if self.process.poll() is not None or over(end):
                self.process.kill()
                raise CaptureError(f"dumpcap did not start: {self.process.stderr.read().strip()}")
            time.sleep(0.02)

    def _sees(self, limit):
        """Is a connection that we try now in the file within these seconds? Then so is all before it."""
        before, end = os.path.getsize(self.path), time.monotonic() + limit
        with socket.socket() as s, open(self.path, "rb") as f:
            s.setblocking(False)
            s.bind(("127.0.0.1", 0))
            ends = struct.pack("!HH", s.getsockname()[1], self.port)
            s.connect_ex(("127.0.0.1", self.port))
            while time.monotonic() < end and self.process.poll() is None:
                f.seek(before)
                if ends in f.read():
                    return True
                time.sleep(0.02)
        return False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        if self.process.poll() is None:
            self._sees(long(5))
            self.process.terminate()
            self.process.wait(long(10))

    def stop(self):
        """Ends the capture and returns its packets."""
        self.end()
        return packets(self.path)


def packets(path):
    """(source, destination, protocol, sequence number, payload) for each packet; addresses are (ip, port)."""
    with open(path, "rb") as f:
        data = f.read()
    if len(data) < 24 or struct.unpack("<I", data[:4])[0] not in PCAP_MAGIC:
        raise CaptureError(f"{path} is not a pcap file")
    link = struct.unpack("<I", data[20:24])[0]
    at, found = 24, []
    while at + 16 <= len(data):
        length = struct.unpack("<I", data[at + 8:at + 12])[0]
        frame = data[at + 16:at + 16 + length]
        at += 16 + length
        parsed = parse_frame(frame, link)
        if parsed:
            found.append(parsed)
    return found


def parse_frame(frame, link):
    if link == 1:  # Ethernet, as the loopback interface has it
        kind, ip = struct.unpack("!H", frame[12:14])[0], frame[14:]
    elif link == 113:  # Linux cooked
        kind, ip = struct.unpack("!H", frame[14:16])[0], frame[16:]
    else:
        raise CaptureError(f"link type {link} is not known")
    if kind == 0x0800:
        header, protocol = (ip[0] & 15) * 4, ip[9]
        total = struct.unpack("!H", ip[2:4])[0] or len(ip)
        src, dst, body = ip[12:16], ip[16:20], ip[header:total]
    elif kind == 0x86DD:
        protocol, src, dst, body = ip[6], ip[8:24], ip[24:40], ip[40:]
    else:
        return None
    if protocol not in (6, 17) or len(body) < 8:
        return None
    sport, dport = struct.unpack("!HH", body[:4])
    if protocol == 17:
        return (src, sport), (dst, dport), "udp", 0, body[8:]
    return (src, sport), (dst, dport), "tcp", struct.unpack("!I", body[4:8])[0], body[(body[12] >> 4) * 4:]


def streams(found):
    """{(source, destination): octets} with TCP segments in order and repeats dropped."""
    segments = {}
    for src, dst, protocol, seq, payload in found:
        if payload:
            segments.setdefault((src, dst, protocol), []).append((seq, payload))
    result = {}
    for (src, dst, protocol), parts in segments.items():
        if protocol == "udp":
            result[(src, dst, protocol)] = b"".join(p for _, p in parts)
            continue
        near = parts[0][0]  # captured first, which on a machine with several cores need not be sent first
        parts = sorted(((seq - near + (1 << 31)) & 0xFFFFFFFF, payload) for seq, payload in parts)
        base, out, end = parts[0][0], [], 0
        for seq, payload in parts:
            off = seq - base
            if off + len(payload) > end:
                out.append(payload[max(0, end - off):])
                end = off + len(payload)
        result[(src, dst, protocol)] = b"".join(out)
    return result


def sip_requests(found, method):
    """Each SIP request of the method seen on the wire: (head as text, body as octets)."""
    seen = []
    for data in streams(found).values():
        at = 0
        while True:
            at = data.find(method.encode() + b" sip", at)
            if at < 0:
                break
            end = data.find(b"\r\n\r\n", at)
            if end < 0:
                break
            head = data[at:end].decode("utf-8", "replace")
            length = 0
            for line in head.split("\r\n"):
                name, _, value = line.partition(":")
                if name.strip().lower() in ("content-length", "l"):
                    length = int(value)
            seen.append((head, data[end + 4:end + 4 + length]))
            at = end + 4 + length
    return seen
