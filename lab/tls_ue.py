# SPDX-License-Identifier: Apache-2.0
"""Media of users nobody here wrote: a certificate made by openssl(1), TLS by `openssl s_client` and
`openssl s_server`, plain TCP by Python's socket. What they carry is a string of octets to each of them."""
import os
import re
import selectors
import socket
import ssl
import subprocess

from patience import deadline, long, over


class MediaError(Exception):
    pass


def make_certificate(folder, name, days=30):
    """(PEM file with key and certificate, fingerprint as it stands in SDP). Negative days: it has ended."""
    path = os.path.join(folder, f"{name}.pem")
    subprocess.run(["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                    f"/CN={name}", "-keyout", path + ".key", "-out", path + ".csr"], check=True, capture_output=True)
    subprocess.run(["openssl", "x509", "-req", "-in", path + ".csr", "-signkey", path + ".key", "-days", str(days),
                    "-out", path + ".crt"], check=True, capture_output=True)
    with open(path, "w", encoding="ascii") as out:
        for part in (".key", ".crt"):
            with open(path + part, encoding="ascii") as f:
                out.write(f.read())
    with open(path + ".crt", encoding="ascii") as f:
        return path, fingerprint(f.read())


def fingerprint(pem):
    """Of the first certificate in a text (RFC 8122)."""
    m = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", pem, re.S)
    if not m:
        raise MediaError(f"no certificate in: {pem[-800:]}")
    import hashlib
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(m.group(0) + "\n")).hexdigest().upper()
    return "SHA-256 " + ":".join(digest[i:i + 2] for i in range(0, 64, 2))


class Openssl:
    """A running `openssl s_client` or `s_server`: what it decrypts stands in its output."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(["openssl", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.seen = b""

    def send(self, octets):
        self.process.stdin.write(octets)
        self.process.stdin.flush()

    def _read(self, wait):
        with selectors.DefaultSelector() as s:
            s.register(self.process.stdout, selectors.EVENT_READ)
            if s.select(wait):
                more = self.process.stdout.read(65536)
                self.seen += more or b""
                return more != b""
        return True

    def expect(self, octets, timeout=10):
        end = deadline(timeout)
        while octets not in self.seen:
            if over(end) or not self._read(0.1) and octets not in self.seen:
                raise MediaError(f"{octets!r} did not come; came: {self.seen[-1500:].decode('utf-8', 'replace')}")

    def peer_fingerprint(self):
        return fingerprint(self.seen.decode("utf-8", "replace"))

    def ended(self, timeout=10):
        """Its exit status once the connection is gone."""
        end = deadline(timeout)
        while not over(end):
            self._read(0.1)
            if self.process.poll() is not None:
                return self.process.returncode
        raise MediaError("still connected")

    def close(self):
        self.process.stdin.close()

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for f in (self.process.stdin, self.process.stdout):
            if not f.closed:
                try:
                    f.close()
                except BrokenPipeError:
                    pass


def s_client(host, port, pem=None, *more):
    own = ["-cert", pem, "-key", pem] if pem else []
    return Openssl("s_client", "-connect", f"{host}:{port}", "-nocommands", "-showcerts", *own, *more)


def s_server(port, pem, *more, host="127.0.0.1"):
    server = Openssl("s_server", "-accept", f"{host}:{port}", "-cert", pem, "-key", pem, "-Verify", "1", "-naccept", "1",
                     "-no_ticket", *more)
    server.expect(b"ACCEPT")
    return server


class Plain:
    """One plain TCP connection."""

    def __init__(self, sock):
        self.sock, self.seen = sock, b""
        sock.settimeout(0.2)

    def send(self, octets):
        self.sock.sendall(octets)

    def expect(self, octets, timeout=10):
        end = deadline(timeout)
        while octets not in self.seen:
            try:
                more = self.sock.recv(65536)
            except TimeoutError:
                more = None
            except ConnectionResetError:
                more = b""
            if more == b"" or over(end):
                raise MediaError(f"{octets!r} did not come; came: {self.seen[-800:]!r}")
            self.seen += more or b""

    def ended(self, timeout=10):
        """"fin" or "rst"."""
        end = deadline(timeout)
        while not over(end):
            try:
                more = self.sock.recv(65536)
            except TimeoutError:
                continue
            except ConnectionResetError:
                return "rst"
            if not more:
                return "fin"
            self.seen += more
        raise MediaError("still connected")

    def close(self):
        self.sock.close()

    stop = close


class PlainServer:
    def __init__(self, host="127.0.0.1", port=0):
        self.sock = socket.create_server((host, port))
        self.port = self.sock.getsockname()[1]

    def accept(self, timeout=10):
        self.sock.settimeout(long(timeout))
        try:
            return Plain(self.sock.accept()[0])
        except TimeoutError:
            raise MediaError(f"nobody connected to port {self.port}") from None

    def close(self):
        self.sock.close()


def plain_client(host, port, source=None):
    return Plain(socket.create_connection((host, port), timeout=long(10), source_address=source))


# ---- what an SDP says ----

def media_line(sdp, index=0):
    """(kind, port, proto, {attribute: [values]}, address) of one m= line."""
    sections = sdp.replace("\r", "").split("\nm=")
    address = re.search(r"^c=IN IP[46] (\S+)", sections[0], re.M)
    lines = sections[1 + index].split("\n")
    kind, port, proto = lines[0].split()[:3]
    attributes = {}
    for line in lines[1:]:
        if line.startswith("a="):
            name, _, value = line[2:].partition(":")
            attributes.setdefault(name, []).append(value.strip())
        if line.startswith("c="):
            address = re.match(r"c=IN IP[46] (\S+)", line)
    return kind, int(port), proto, attributes, address.group(1) if address else None


def msrp_sdp(port, proto="TCP/MSRP", setup="active", session="s1", host="127.0.0.1", lines=(), cema=True):
    path_host = "x.invalid:9" if cema else f"{host}:{port}"
    scheme = "msrps" if "TLS" in proto else "msrp"
    text = ["v=0", f"o=- 1 1 IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0", f"m=message {port} {proto} *",
            "a=accept-types:text/plain", f"a=path:{scheme}://{path_host}/{session};tcp", f"a=setup:{setup}"]
    return "\n".join(text + (["a=msrp-cema"] if cema else []) + list(lines))


def msrp_send(to_path, from_path, text, tid="t1d2e3f4"):
    return (f"MSRP {tid} SEND\r\nTo-Path: {to_path}\r\nFrom-Path: {from_path}\r\nMessage-ID: m{tid}\r\n"
            f"Byte-Range: 1-{len(text)}/{len(text)}\r\nContent-Type: text/plain\r\n\r\n{text}\r\n-------{tid}$\r\n").encode()
