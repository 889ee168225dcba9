# SPDX-License-Identifier: Apache-2.0
"""mediasec-mgw under a controller nobody here wrote a codec for: relays, TLS at the gateway, faults.

Last line: "N passed, N failed".
"""
import hashlib
import json
import os
import re
import select
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
from mgc import (Gateway, Mgc, addresses, context, local, remote, stream, terminations)  # noqa: E402
from patience import long, until  # noqa: E402
from ports import reserve  # noqa: E402

BUILD = os.environ.get("MS_BUILD_DIR", "build")
CORE, ACCESS, FAR = "127.0.66.1", "127.0.66.2", "127.0.66.9"
MEDIA_PORTS = 40


def check(condition, what):
    if not condition:
        raise AssertionError(what)


class World:
    """A gateway in service with its first controller."""

    def __init__(self, folder, access=ACCESS, media="", **options):
        self.folder = folder
        self.ports = [reserve(1, "127.0.0.1"), reserve(1, "127.0.0.1")]
        self.first, self.second = Mgc(self.ports[0]), Mgc(self.ports[1], "mgc2.example.net")
        self.far_port = reserve(1, FAR)
        self.far = socket.create_server((FAR, self.far_port))
        self.far.settimeout(long(5))
        low = reserve(MEDIA_PORTS, access.strip("[]"))
        self.gateway = Gateway(BUILD, folder, self.ports, CORE, access, low=low, high=low + MEDIA_PORTS - 1,
                               media=media.format(folder=folder), **options)
        self.first.wait_request("ServiceChange", 10)

    def close(self):
        status = self.gateway.stop([self.first, self.second])
        for s in (self.first, self.second, self.far):
            s.close()
        check(status == 0, "the gateway ended with status %s:\n%s" % (status, self.gateway.tail()))

    def accept(self):
        s = self.far.accept()[0]
        s.settimeout(long(5))
        return s

    def plain_pair(self, events="g/cause"):
        """A context in which a connection to the access side is forwarded to the far server."""
        return self.first.ask("Context=${Add=${%s,Events=1{%s}},Add=${%s,Events=2{%s}}}" % (
            stream("core", local("TCP"), remote("TCP", FAR, self.far_port)), events,
            stream("access", local("TCP"), control=",xem/tcpin=forward"), events))


def connect(address):
    s = socket.create_connection(address, long(5))
    s.settimeout(long(5))
    return s


def relay(w):
    reply = w.plain_pair()
    ue = connect(addresses(reply)[1])
    far = w.accept()
    for a, b, text in ((ue, far, b"to the core"), (far, ue, b"to the user")):
        a.sendall(text)
        check(b.recv(100) == text, "octets did not pass")
    ue.shutdown(socket.SHUT_WR)
    check(far.recv(100) == b"", "a FIN is passed on as one")
    far.sendall(b"still open")
    check(ue.recv(100) == b"still open", "the other direction stays open")
    far.close()
    check(ue.recv(100) == b"", "both ended")
    told = w.first.wait_request("g/cause")
    check("Generalcause = NR" in told, told)
    reply = w.first.ask("Context=%s{Subtract=*}" % context(reply))
    check(reply.count("nt/os") == 2 and "nt/or = 11" in reply, reply)
    check(reply.count("xem/tcpest = 1") == 2 and reply.count("xem/tlsest = 0") == 2, reply)


def closed_gate(w):
    reply = w.first.ask("Context=${Add=${%s}}" % stream("access", local("TCP"), mode="Inactive"))
    try:
        connect(addresses(reply)[0])
        check(False, "a port was open although its gate is closed")
    except OSError:
        pass
    w.first.ask("Context=%s{Subtract=*{Audit{}}}" % context(reply))


def msrp(port, path, address="$"):
    return "v=0\nc=IN IP4 %s\nm=message %s TCP/MSRP *\na=path:%s\n" % (address, port, path)


def receive_message(s):
    """One MSRP message: (transaction identifier, text)."""
    text = b""
    while not re.search(rb"\r\n-------[^\r]+\$\r\n", text):
        more = s.recv(4096)
        check(more, "the connection ended after %r" % text)
        text += more
    return text.split(b" ")[1].decode(), text.decode()


def aware(w):
    """MSRP-aware endpoints: each peer sees the paths of its own leg, in requests and responses."""
    ue_path, far_path = "msrp://127.0.0.1:7001/ue;tcp", "msrp://%s:%d/far;tcp" % (FAR, w.far_port)
    reply = w.first.ask("Context=${Add=${%s},Add=${%s}}" % (
        stream("core", "Local{%s}" % msrp("$", "$"), "Remote{%s}" % msrp(w.far_port, far_path, FAR)),
        stream("access", "Local{%s}" % msrp("$", "$"), "Remote{%s}" % msrp(9, ue_path, "127.0.0.1"),
               control=",xem/tcpin=forward")))
    core_own, access_own = re.findall(r"a=path:(\S+)", reply)
    ue = connect(addresses(reply)[1])
    far = w.accept()
    ue.sendall(("MSRP aaaa SEND\r\nTo-Path: %s\r\nFrom-Path: %s\r\nMessage-ID: 1234\r\nContent-Type: text/plain\r\n"
                "\r\nhello\r\n-------aaaa$\r\n" % (access_own, ue_path)).encode())
    tid, text = receive_message(far)
    check(tid != "aaaa" and "To-Path: %s\r\nFrom-Path: %s\r\n" % (far_path, core_own) in text, text)
    check("\r\n\r\nhello\r\n-------%s$\r\n" % tid in text, text)
    far.sendall(("MSRP %s 200 OK\r\nTo-Path: %s\r\nFrom-Path: %s\r\n-------%s$\r\n" % (tid, core_own, far_path, tid))
                .encode())
    tid, text = receive_message(ue)
    check(tid == "aaaa" and "200 OK\r\nTo-Path: %s\r\nFrom-Path: %s\r\n" % (ue_path, access_own) in text, text)
    ue.sendall(("MSRP bbbb SEND\r\nTo-Path: %s\r\nFrom-Path: %s\r\nMessage-ID: 1234\r\n-------bbbb$\r\n"
                % (core_own, ue_path)).encode())
    check(" 481 " in receive_message(ue)[1], "a path of the other side is none of this session")
    w.first.ask("Context=%s{W-Subtract=*{Audit{}}}" % context(reply))


def own_certificate(folder, name):
    key, cert = os.path.join(folder, name + ".key"), os.path.join(folder, name + ".pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-subj", "/CN=" + name, "-keyout", key, "-out", cert, "-days", "2"],
                   check=True, capture_output=True)
    text = subprocess.run(["openssl", "x509", "-in", cert, "-noout", "-fingerprint", "-sha256"],
                          check=True, capture_output=True, text=True).stdout
    return cert, key, text.split("=")[1].strip()


def tls_add(w, fingerprint):
    """A context whose access side is a TLS server that knows the user by this fingerprint."""
    return w.first.ask("Context=${Add=${%s,Events=1{g/cause}},Add=${%s,Events=2{g/cause,tlsbsc/BNCChange}}}" % (
        stream("core", local("TCP"), remote("TCP", FAR, w.far_port)),
        stream("access", local("TCP/TLS", "a=setup:passive\na=fingerprint:SHA-256 $\n"),
               remote("TCP/TLS", "127.0.0.1", 9, "a=fingerprint:SHA-256 %s\n" % fingerprint),
               control=",xem/tcpin=forward")))


def client_context(cert, key):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.verify_mode = ssl.CERT_NONE
    c.load_cert_chain(cert, key)
    return c


def tls(w):
    cert, key, fingerprint = own_certificate(w.gateway.folder, "ue")
    reply = tls_add(w, fingerprint)
    ue = client_context(cert, key).wrap_socket(connect(addresses(reply)[1]))
    shown = hashlib.sha256(ue.getpeercert(True)).hexdigest().upper()
    told = reply.split("a=fingerprint:SHA-256 ")[1].split()[0].replace(":", "")
    check(shown == told, "the certificate is not the one whose fingerprint was told")
    far = w.accept()
    ue.sendall(b"in a tunnel")
    check(far.recv(100) == b"in a tunnel", "plaintext did not arrive")
    far.sendall(b"and back")
    check(ue.recv(100) == b"and back", "plaintext did not return")
    check("Type = Est" in w.first.wait_request("tlsbsc/BNCChange"), "the session was not reported")
    ue.close()
    w.first.wait_request("g/cause")
    w.first.ask("Context=%s{W-Subtract=*{Audit{}}}" % context(reply))


def rotation(w):
    """A new certificate every second; who was told an old one's fingerprint still sees that."""
    cert, key, fingerprint = own_certificate(w.folder, "ue")
    def told(reply):
        return reply.split("a=fingerprint:SHA-256 ")[1].split()[0].replace(":", "")

    def another():
        reply = tls_add(w, fingerprint)
        if told(reply) != told(first):
            return reply
        w.first.ask("Context=%s{W-Subtract=*{Audit{}}}" % context(reply))
        time.sleep(0.1)
        return None
    first = tls_add(w, fingerprint)
    for reply in (first, until(another, 5, "another certificate")):
        ue = client_context(cert, key).wrap_socket(connect(addresses(reply)[1]))
        shown = hashlib.sha256(ue.getpeercert(True)).hexdigest().upper()
        check(shown == told(reply), "the certificate is not the one whose fingerprint was told")
        ue.close()
        w.first.ask("Context=%s{W-Subtract=*{Audit{}}}" % context(reply))


def wrong_fingerprint(w):
    cert, key, _ = own_certificate(w.gateway.folder, "mallory")
    _, _, expected = own_certificate(w.gateway.folder, "alice")
    reply = tls_add(w, expected)
    ue = client_context(cert, key)
    try:
        s = ue.wrap_socket(connect(addresses(reply)[1]))
        s.sendall(b"who am I")
        check(s.recv(10) == b"", "somebody else's certificate was taken")
    except (ssl.SSLError, ConnectionError):
        pass
    told = w.first.wait_request("tlsbsc/BNCChange")
    check("Type = EstFail" in told and "fpmismatch" in told, told)
    w.first.ask("Context=%s{W-Subtract=*{Audit{}}}" % context(reply))


def psk_add(w, key):
    """A context whose access side is a TLS server with this pre-shared key, as an MRFP has it."""
    return w.first.ask("Context=${Add=${%s,Events=1{g/cause}},Add=${%s,Events=2{g/cause,tlsbsc/BNCChange}}}" % (
        stream("core", local("TCP"), remote("TCP", FAR, w.far_port)),
        stream("access", local("TCP/TLS", "a=setup:passive\n"), remote("TCP/TLS", "127.0.0.1", 9),
               control=",xem/tcpin=forward,xem/psk=\"%s\"" % key)))


def psk_client(address, key, text):
    """openssl s_client with a pre-shared key; what it got to read."""
    client = subprocess.Popen(
        ["openssl", "s_client", "-connect", "%s:%d" % address, "-tls1_2", "-psk", key, "-cipher", "PSK-AES128-GCM-SHA256",
         "-quiet"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    client.stdin.write(text)
    client.stdin.flush()
    return client


def pre_shared_key(w):
    """TLS ends at the gateway by a key that the controller gave; no audit shows it."""
    key = "00112233445566778899aabbccddeeff"
    reply = psk_add(w, key)
    client = psk_client(addresses(reply)[1], key, b"by a shared key")
    try:
        far = w.accept()
        check(far.recv(100) == b"by a shared key", "plaintext did not arrive")
        check("Type = Est" in w.first.wait_request("tlsbsc/BNCChange"), "the session was not reported")
        audit = w.first.ask("Context=%s{AuditValue=%s{Audit{Media}}}" % (context(reply), terminations(reply)[1]))
        check(key not in audit.lower() and "xem/tcpin" in audit, audit)
    finally:
        client.kill()
        client.communicate()
    w.first.ask("Context=%s{W-Subtract=*{Audit{}}}" % context(reply))


def wrong_key(w):
    reply = psk_add(w, "00112233445566778899aabbccddeeff")
    client = psk_client(addresses(reply)[1], "ff" * 16, b"?")
    try:
        told = w.first.wait_request("tlsbsc/BNCChange")
        check("Type = EstFail" in told and "badpsk" in told, told)
    finally:
        client.kill()
        client.communicate()
    w.first.ask("Context=%s{W-Subtract=*{Audit{}}}" % context(reply))


def ipv6_access(w):
    """Users with IPv6, a core with IPv4."""
    reply = w.first.ask("Context=${Add=${%s,Events=1{g/cause}},Add=${%s,Events=2{g/cause}}}" % (
        stream("core", local("TCP"), remote("TCP", FAR, w.far_port)),
        stream("access", local("TCP").replace("IP4", "IP6"), control=",xem/tcpin=forward")))
    check(addresses(reply)[1][0] == "::1" and addresses(reply)[0][0] == CORE, reply)
    ue = connect(addresses(reply)[1])
    far = w.accept()
    ue.sendall(b"from the new world")
    check(far.recv(100) == b"from the new world", "octets did not arrive")
    far.sendall(b"and back")
    check(ue.recv(100) == b"and back", "octets did not return")
    w.first.ask("Context=%s{W-Subtract=*{Audit{}}}" % context(reply))


def inactive(w):
    """Nothing passes for a second: adid/ipstop, once; the bearer stays."""
    reply = w.plain_pair("g/cause,adid/ipstop{dt=1}")
    ue = connect(addresses(reply)[1])
    far = w.accept()
    ue.sendall(b"first")
    check(far.recv(100) == b"first", "octets did not arrive")
    w.first.wait_request("adid/ipstop", 4)
    ue.sendall(b"still here")
    check(far.recv(100) == b"still here", "the bearer was ended")
    w.first.ask("Context=%s{W-Subtract=*{Audit{}}}" % context(reply))


def key_log(w):
    """The laboratory's switch: what is logged is what a client of the same session logs."""
    cert, key, fingerprint = own_certificate(w.folder, "ue")
    reply = tls_add(w, fingerprint)
    client = client_context(cert, key)
    client.keylog_filename = os.path.join(w.folder, "client.keys")
    ue = client.wrap_socket(connect(addresses(reply)[1]))
    far = w.accept()
    ue.sendall(b"in a tunnel")
    check(far.recv(100) == b"in a tunnel", "plaintext did not arrive")

    def secrets(name):
        with open(os.path.join(w.folder, name)) as f:
            return sorted(line for line in f.read().splitlines() if "TRAFFIC_SECRET_0" in line or "CLIENT_RANDOM" in line)
    check(secrets("client.keys") and secrets("client.keys") == secrets("gateway.keys"), "the secrets differ")
    check(os.stat(os.path.join(w.folder, "gateway.keys")).st_mode & 0o077 == 0, "everybody may read them")
    ue.close()
    w.first.ask("Context=%s{W-Subtract=*{Audit{}}}" % context(reply))


def active(w):
    """Both sides are opened by the gateway when it is told to."""
    other_port = reserve(1, FAR)
    other = socket.create_server((FAR, other_port))
    other.settimeout(long(5))
    reply = w.first.ask(
        "Context=${Add=${%s,Signals{tcpbcc/EstBNC{Stream=1}},Events=1{tcpbcc/BNCChange}},"
        "Add=${%s,Signals{tcpbcc/EstBNC{Stream=1}}}}" % (
            stream("core", local("TCP"), remote("TCP", FAR, w.far_port)),
            stream("access", local("TCP"), remote("TCP", FAR, other_port))))
    far = w.accept()
    ue = other.accept()[0]
    check("Type = Est" in w.first.wait_request("tcpbcc/BNCChange"), "the connection was not reported")
    check(far.getpeername() == addresses(reply)[0], "it came from another address than Local says")
    ue.sendall(b"x" * 1000)
    got = b""
    while len(got) < 1000:
        got += far.recv(1000)
    w.first.ask("Context=%s{Modify=%s{Signals{tcpbcc/RelBNC{Stream=1,Reset=on}}}}" % (
        context(reply), terminations(reply)[0]))
    try:
        check(far.recv(10) == b"", "released")
    except ConnectionResetError:
        pass
    w.first.ask("Context=%s{W-Subtract=*{Audit{}}}" % context(reply))
    other.close()


def refused_connection(w):
    reply = w.first.ask("Context=${Add=${%s,Signals{tcpbcc/EstBNC{Stream=1}},Events=7{tcpbcc/BNCChange}}}" %
                        stream("core", local("TCP"), remote("TCP", FAR, reserve(1, FAR))))
    told = w.first.wait_request("tcpbcc/BNCChange")
    check("Type = EstFail" in told and "ObservedEvents = 7" in told, told)
    w.first.ask("Context=%s{W-Subtract=*{Audit{}}}" % context(reply))


def worker_killed(w):
    reply = w.plain_pair()
    ue = connect(addresses(reply)[1])
    far = w.accept()
    os.kill(w.gateway.workers()[0], signal.SIGKILL)
    told = w.first.wait_request("worker-lost")
    check("Generalcause = FT" in told, told)
    for s in (ue, far):
        try:
            check(s.recv(10) == b"", "the connection went with its worker")
        except ConnectionResetError:
            pass
    w.first.ask("Context=%s{W-Subtract=*{Audit{}}}" % context(reply))

    def served():
        reply = w.plain_pair()
        return reply if "Error" not in reply else None
    reply = until(served, 10, "a new worker takes its place")
    ue = connect(addresses(reply)[1])
    far = w.accept()
    ue.sendall(b"again")
    check(far.recv(10) == b"again", "the new worker relays")
    w.first.ask("Context=%s{W-Subtract=*{Audit{}}}" % context(reply))


def only_one_commands(w):
    w.second.peer = w.first.peer
    reply = w.second.ask("Context=${Add=${%s}}" % stream("core", local("TCP")))
    check("Error = 504" in reply, reply)


def failover(w):
    """The controller falls silent; media go on; the next one learns of the calls by an audit."""
    reply = w.plain_pair()
    ue = connect(addresses(reply)[1])
    far = w.accept()
    w.first.ask("Context=-{Modify=ROOT{Events=1{it/ito{mit=50}}}}")
    w.first.silent = True
    told = w.second.wait_request("ServiceChange", 15)
    check("Failover" in told and "909" in told, told)
    ue.sendall(b"without a controller")
    check(far.recv(100) == b"without a controller", "media go on")
    audit = w.second.ask("Context=*{AuditValue=*{Audit{}}}")
    check(context(audit) == context(reply) and terminations(audit) == terminations(reply), audit)
    reply = w.second.ask("Context=%s{W-Subtract=*{Audit{}}}" % context(reply))
    check("Error" not in reply, reply)
    check(ue.recv(10) == b"", "released")


def two_encodings(w):
    """Controllers of two encodings over UDP, and one port of ours (h248.listen): the second encoding has another one."""
    relay(w)
    w.first.ask("Context=-{Modify=ROOT{Events=1{it/ito{mit=50}}}}")
    w.first.silent = True
    octets, source = b"", None
    end = time.monotonic() + long(20)
    while not octets.startswith(b"!/"):  # compact text; nobody answers it
        w.first._take(0.01)
        if select.select([w.second.sock], [], [], 0.1)[0]:
            octets, source = w.second.sock.recvfrom(65536)
        check(time.monotonic() < end, "the second controller is asked")
    check(source[0] == LISTEN[0] and source[1] != LISTEN[1], source)
    w.first.silent = False


def log_disk_full(w):
    """Nobody can write the log: calls, refusals and reports go on."""
    relay(w)
    wrong_fingerprint(w)


def reloads(w):
    """A level of the log is taken over; any other key is refused by its name, and calls go on."""
    path = os.path.join(w.folder, "mgw.yaml")
    with open(path, encoding="utf-8") as f:
        good = f.read()

    def reload(old, new):
        with open(path, "w", encoding="utf-8") as f:
            f.write(good.replace(old, new))
        return subprocess.run([os.path.join(BUILD, "src/ctl/mediasec"), "ask", w.gateway.control, "reload"],
                              capture_output=True, text=True)

    for old, new, key in (("retry: 1s", "retry: 2s", "h248.retry"), ("workers: 1", "workers: 2", "media.workers"),
                          ("name: core", "name: inner", "realms"), ("daemon: {", "daemon: { pid_file: /tmp/x,", "daemon.pid_file")):
        done = reload(old, new)
        check(done.returncode and key + " needs a restart; nothing was changed" in done.stdout + done.stderr, done)
    done = reload("daemon: {", "daemon: { log_level: debug,")
    check(done.returncode == 0, done)
    relay(w)


def ctl(w, *words):
    """What `mediasec mgw --json WORDS...` prints, read."""
    done = subprocess.run([os.path.join(BUILD, "src/ctl/mediasec"), "mgw", "-s", w.gateway.control, "--json", *words],
                          capture_output=True, text=True)
    check(done.returncode == 0, done)
    return json.loads(done.stdout)


def refusals(w):
    """A command that must be refused; how many refusals the log tells of after it."""
    check("Error = 449" in w.first.ask("Context=${Add=${%s}}" % stream("nowhere", local("TCP"))), "a realm that is none")
    with open(os.path.join(w.folder, "mgw.log"), encoding="utf-8") as f:
        return f.read().count("of 127.0.0.1:%d refused: 449" % w.ports[0])


def levels(w):
    """Levels of the log reach the roles: by command, by SIGHUP, and those that are started later."""
    def grows():
        before = refusals(w)
        return refusals(w) > before

    check(grows(), "a refusal is told, with who asked for it")
    check({"main", "h248", "media"} <= {c["category"] for c in ctl(w, "log")}, "categories of the roles")
    ctl(w, "log", "level", "warning")
    until(lambda: not grows(), 10, "the control role has the level")
    path = os.path.join(w.folder, "mgw.yaml")
    with open(path, encoding="utf-8") as f:
        text = f.read().replace("daemon: {", "daemon: { log_levels: [{category: h248, level: info}],")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    w.gateway.process.send_signal(signal.SIGHUP)
    until(grows, 10, "and that of the configuration")


def counted(w):
    """The counters of all processes together, as JSON and as Prometheus reads them."""
    relay(w)
    got = ctl(w, "counters")
    for name, value in (("mediasec_mgw_media_tcp_accepted_total", 1), ("mediasec_mgw_media_tcp_connected_total", 1),
                        ("mediasec_mgw_commands_total", 4), ("mediasec_mgw_in_service", 1), ("mediasec_mgw_contexts", 0)):
        check(got.get(name) == value, (name, got.get(name)))
    check(got["mediasec_daemon_control_requests_total"] >= 1, got)
    done = subprocess.run([os.path.join(BUILD, "src/ctl/mediasec"), "ask", w.gateway.control, "metrics"],
                          capture_output=True, text=True)
    for line in ("mediasec_mgw_media_tcp_accepted_total 1", "# TYPE mediasec_mgw_in_service gauge",
                 "mediasec_daemon_reloads_total{outcome=\"done\"} 0"):
        check(line in done.stdout, (line, done))


FRIEND = "127.0.66.40"
LISTEN = ("127.0.66.7", reserve(1, "127.0.66.7"))


def connect_from(source, address):
    s = socket.create_connection(address, long(5), source_address=(source, 0))
    s.settimeout(long(5))
    return s


def filtered_pair(w, signals=""):
    """The access side is for FRIEND alone (gm/saf)."""
    return w.first.ask("Context=${Add=${%s},Add=${%s%s}}" % (
        stream("core", local("TCP"), remote("TCP", FAR, w.far_port)),
        stream("access", local("TCP"), remote("TCP", FRIEND, 9, "a=setup:active\n"), control=",xem/tcpin=forward,gm/saf=ON"),
        signals))


def passes(w, ue):
    far = w.accept()
    ue.sendall(b"from a friend")
    check(far.recv(100) == b"from a friend", "octets did not pass")
    ue.close()
    far.close()


def filtered(w):
    """Another host than the Remote one is refused by RST and counted; the right one may still come."""
    reply = filtered_pair(w)
    try:
        got = connect(addresses(reply)[1]).recv(10)
        check(False, "a stranger was let in: %r" % got)
    except ConnectionResetError:
        pass
    passes(w, connect_from(FRIEND, addresses(reply)[1]))
    check(ctl(w, "counters")['mediasec_mgw_media_refused_total{limit="source_filter"}'] == 1, "it is counted")
    w.first.ask("Context=%s{W-Subtract=*{Audit{}}}" % context(reply))


def latched(w):
    """With ipnapt/latch the first who comes is the one, whatever Remote says (H.248.37)."""
    reply = filtered_pair(w, ",Signals{ipnapt/latch{Stream=1,napt=LATCH}}")
    passes(w, connect_from("127.0.66.41", addresses(reply)[1]))
    w.first.ask("Context=%s{W-Subtract=*{Audit{}}}" % context(reply))


def marked(w):
    """ds/dscp: what the gateway sends carries it."""
    reply = w.first.ask("Context=${Add=${%s},Add=${%s}}" % (
        stream("core", local("TCP"), remote("TCP", FAR, w.far_port), control=",ds/dscp=2E"),
        stream("access", local("TCP"), control=",xem/tcpin=forward")))
    ue, far = connect(addresses(reply)[1]), w.accept()
    far.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
    control = far.getsockopt(socket.IPPROTO_IP, 9, 64)  # IP_PKTOPTIONS: of the SYN
    check(control[16:17] == bytes([0x2e << 2]), "octets are marked: %r" % control)
    ue.close()
    far.close()
    w.first.ask("Context=%s{W-Subtract=*{Audit{}}}" % context(reply))


def hanging(w):
    """A termination that nobody speaks of is asked about; one that the controller does not know is released."""
    reply = w.plain_pair("hangterm/thb{timerx=1}")
    told = w.first.wait_request("hangterm/thb", 10)
    check("Context = " + context(reply) in told, told)
    check(len(ctl(w, "contexts")) == 2, "it is known, so it stays")
    w.first.refuse = 'Error=430{"?"}'

    def gone():
        w.first._take(0.05)
        return ctl(w, "contexts") == []
    until(gone, 10, "both are released")
    w.first.refuse = None
    check(ctl(w, "counters")['mediasec_mgw_events_total{event="orphan_released"}'] == 2, "they are counted")


def other_names(w):
    """A package that the configuration calls otherwise (h248.packages): that name counts, the other one does not."""
    reply = w.plain_pair("tcpx/BNCChange{Stream=1}")
    ue, far = connect(addresses(reply)[1]), w.accept()
    told = w.first.wait_request("BNCChange")
    check("tcpx/BNCChange" in told and "Type = Up" in told, told)
    ue.close()
    far.close()
    w.first.ask("Context=%s{W-Subtract=*{Audit{}}}" % context(reply))
    check("Error = 440" in w.plain_pair("tcpbcc/BNCChange{Stream=1}"), "the name of before")


SCENARIOS = [
    (relay, {}), (aware, {}), (closed_gate, {}), (tls, {}), (wrong_fingerprint, {}), (active, {}),
    (refused_connection, {}), (only_one_commands, {}), (worker_killed, {}),
    (rotation, {"media": ", certificate_rotate: 1s"}),
    (ipv6_access, {"access": "[::1]"}), (inactive, {}), (key_log, {"media": ", keylog: {folder}/gateway.keys"}),
    (pre_shared_key, {"h248": "  profile: mp"}), (wrong_key, {"h248": "  profile: mp"}),
    (levels, {}), (counted, {}), (filtered, {}), (latched, {}), (marked, {}), (hanging, {}),
    (other_names, {"h248": "  packages: [{path: tcpbcc, value: tcpx}, {path: tcpbcc/BNCChange/Type/Est, value: Up}]"}),
    (two_encodings, {"h248": "  t_max: 1s\n  listen: \"%s:%d\"" % LISTEN, "encodings": ("pretty", "compact")}),
    (failover, {"h248": "  t_max: 1s"}), (reloads, {}), (log_disk_full, {"output": "/dev/full"}),
]


def main():
    passed = failed = 0
    for scenario, options in SCENARIOS:
        with tempfile.TemporaryDirectory() as folder:
            world = None
            try:
                world = World(folder, **options)
                scenario(world)
                world.close()
                passed += 1
                print("ok", scenario.__name__, flush=True)
            except Exception as e:  # noqa: BLE001 a failed scenario must not keep from the next
                failed += 1
                print("FAILED", scenario.__name__, type(e).__name__, e, flush=True)
                if world:
                    world.gateway.stop()
                    print(world.gateway.tail(), flush=True)
                    for s in (world.first, world.second, world.far):
                        s.close()
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
