#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""TLS-PSK with independent peers, both roles, on 127.0.0.1. TS 33.328 annex H asks for an empty
identity; what a peer cannot do is a test too.

    interop-tls.py PARTNER TLS_PEER [GNUTLS_PEER]      PARTNER: openssl, gnutls, bouncycastle, erlang
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
from partner import WAIT, Process, check, results, skip  # noqa: E402
from ports import reserve  # noqa: E402

KEY = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
WRONG = KEY[:-2] + "ff"
SUITES = ["PSK-AES128-GCM-SHA256", "PSK-AES256-GCM-SHA384", "PSK-AES128-CBC-SHA256",
          "PSK-AES256-CBC-SHA384", "PSK-AES128-CBC-SHA", "PSK-AES256-CBC-SHA"]
class Ours:
    def __init__(self, tool):
        self.tool = tool

    def client(self, port_, key=KEY, *options):
        p = Process([self.tool, "client", str(port_), key, *options])
        p.finish()
        return p

    def server(self, port_, key=KEY, *options):
        return Process([self.tool, "server", str(port_), key, *options], ready="listening")


def both_roles(name, ours, start_server, start_client, client_identity=""):
    """The plain conversation: our client to their server and the other way round."""
    n = reserve()
    theirs = start_server(n, KEY)
    us = ours.client(n)
    theirs.finish()
    check("our client, %s server, empty identity" % name,
          us.p.returncode == 0 and "closed" in us.text() and "line " in us.text(), us, theirs)
    theirs = start_server(port_free := reserve(), WRONG)
    us = ours.client(port_free)
    theirs.stop()
    check("our client, %s server with another key: refused" % name,
          us.p.returncode == 1 and "failed tls_" in us.text() and "open" not in us.text(), us, theirs)
    n = reserve()
    us = ours.server(n)
    theirs = start_client(n, KEY, client_identity)
    theirs.finish()
    us.finish()
    check("%s client, our server, %s identity" % (name, "named" if client_identity else "empty"),
          us.p.returncode == 0 and "line hello mediasec" in us.text() and "closed" in us.text() and
          "line echo hello mediasec" in theirs.text(), us, theirs)
    n = reserve()
    us = ours.server(n)
    theirs = start_client(n, WRONG, client_identity)
    theirs.finish()
    us.finish()
    check("%s client with another key, our server: refused" % name,
          us.p.returncode == 1 and "failed tls_psk_mismatch" in us.text(), us, theirs)


class OpenSsl:
    def __init__(self, ours):
        self.ours = ours

    def server(self, n, *args):
        return Process(["openssl", "s_server", "-accept", "127.0.0.1:%d" % n, "-nocert", "-naccept", "1",
                        *args], ready="ACCEPT")

    def client(self, n, *args):
        return Process(["openssl", "s_client", "-connect", "127.0.0.1:%d" % n, *args])

    def suite(self, suite):
        n = reserve()
        theirs = self.server(n, "-psk", KEY, "-tls1_2", "-cipher", suite, "-rev")
        us = self.ours.client(n)
        theirs.stop()
        check("our client, openssl s_server, %s" % suite, us.p.returncode == 0 and
              "open %s TLSv1.2" % suite in us.text() and "line cesaidem olleh" in us.text(), us, theirs)
        n = reserve()
        us = self.ours.server(n)
        theirs = self.client(n, "-psk", KEY, "-psk_identity", "", "-tls1_2", "-cipher", suite, "-quiet",
                             "-no_ign_eof")
        theirs.send("hello mediasec\n")
        ok = theirs.wait_for("echo hello mediasec")
        theirs.p.stdin.close()
        theirs.finish(5)
        us.finish()
        check("openssl s_client with an empty identity, our server, %s" % suite, ok and
              "open %s TLSv1.2 \n" % suite in us.text(), us, theirs)

    def refused_suites(self):
        for suite in ("PSK-NULL-SHA256:@SECLEVEL=0", "DHE-PSK-AES128-GCM-SHA256",
                      "ECDHE-PSK-AES128-CBC-SHA256"):
            n = reserve()
            us = self.ours.server(n)
            theirs = self.client(n, "-psk", KEY, "-psk_identity", "", "-tls1_2", "-cipher", suite)
            us.finish()
            theirs.stop()
            check("openssl s_client with only %s: refused" % suite,
                  "failed tls_no_common_suite" in us.text(), us, theirs)

    def hint(self):
        n = reserve()
        theirs = self.server(n, "-psk", KEY, "-psk_hint", "think of me", "-tls1_2", "-rev")
        us = self.ours.client(n)
        theirs.stop()
        check("our client ignores the hint of openssl s_server", us.p.returncode == 0, us, theirs)

    def wrong_key(self):
        n = reserve()
        theirs = self.server(n, "-psk", WRONG, "-tls1_2", "-rev")
        us = self.ours.client(n)
        theirs.stop()
        check("openssl s_server with another key: refused",
              us.p.returncode == 1 and "failed tls_psk_mismatch" in us.text(), us, theirs)
        n = reserve()
        us = self.ours.server(n)
        theirs = self.client(n, "-psk", WRONG, "-psk_identity", "", "-tls1_2")
        us.finish()
        theirs.stop()
        check("openssl s_client with another key: refused", "failed tls_psk_mismatch" in us.text(), us,
              theirs)

    def versions(self):
        n = reserve()
        us = self.ours.server(n)
        theirs = self.client(n, "-psk", KEY, "-psk_identity", "")
        us.finish()
        theirs.stop()
        check("openssl s_client offering TLS 1.3 too cannot send an empty identity",
              us.p.returncode == 1 and "open" not in us.text(), us, theirs)
        n = reserve()
        us = self.ours.server(n)
        theirs = self.client(n, "-psk", KEY, "-psk_identity", "name", "-quiet")
        theirs.send("hello mediasec\n")
        ok = theirs.wait_for("echo hello mediasec")
        theirs.stop()
        us.finish()
        check("openssl s_client offering TLS 1.3 too, with a name: TLS 1.2 is agreed", ok and
              "TLSv1.2 name" in us.text(), us, theirs)
        n = reserve()
        us = self.ours.server(n)
        theirs = self.client(n, "-psk", KEY, "-psk_identity", "name", "-tls1_3")
        us.finish()
        theirs.stop()
        check("openssl s_client with TLS 1.3 only: refused", "failed tls_version" in us.text(), us,
              theirs)

    def tls13(self):
        n = reserve()
        theirs = self.server(n, "-psk", KEY, "-psk_identity", "s1", "-tls1_3", "-ciphersuites",
                             "TLS_AES_128_GCM_SHA256", "-rev")
        us = self.ours.client(n, KEY, "tls13", "identity=s1")
        theirs.stop()
        check("our client, openssl s_server, TLS 1.3 external PSK", us.p.returncode == 0 and
              "TLSv1.3" in us.text(), us, theirs)
        n = reserve()
        us = self.ours.server(n, KEY, "tls13", "identity=s1")
        theirs = self.client(n, "-psk", KEY, "-psk_identity", "s1", "-tls1_3", "-ciphersuites",
                             "TLS_AES_128_GCM_SHA256", "-quiet")
        theirs.send("hello mediasec\n")
        ok = theirs.wait_for("echo hello mediasec")
        theirs.stop()
        check("openssl s_client, our server, TLS 1.3 external PSK", ok, us, theirs)
        us.stop()

    def renegotiation(self):
        for option, want in (((), False), (("reneg",), True)):
            n = reserve()
            us = self.ours.server(n, KEY, *option)
            theirs = self.client(n, "-psk", KEY, "-psk_identity", "", "-tls1_2")
            theirs.wait_for("New, TLSv1.2")
            theirs.send("R\n")
            theirs.wait_for("RENEGOTIATING")
            time.sleep(0.5)
            theirs.send("after\n")
            ok = theirs.wait_for("echo after", WAIT if want else 3) == want
            theirs.stop()
            us.finish()
            check("openssl s_client renegotiates: %s" % ("done" if want else "refused"), ok, us, theirs)

    def run(self):
        for suite in SUITES:
            self.suite(suite)
        self.refused_suites()
        self.hint()
        self.wrong_key()
        self.versions()
        self.tls13()
        self.renegotiation()


def gnutls(ours, peer):
    both_roles("GnuTLS", ours,
               lambda n, key: Process([peer, "server", str(n), key], ready="listening"),
               lambda n, key, name: Process([peer, "client", str(n), key, name]), "name")
    n = reserve()
    us = ours.server(n)
    theirs = Process([peer, "client", str(n), KEY, ""])
    theirs.finish()
    us.finish()
    check("GnuTLS client cannot send an empty identity", theirs.p.returncode != 0 and
          "failed handshake" in theirs.text() and "open" not in us.text(), us, theirs)
    with tempfile.NamedTemporaryFile("w", suffix=".psk") as f:
        f.write("mediasec:%s\n" % KEY)
        f.flush()
        for options, works in (((), False), (("identity=mediasec",), True)):
            n = reserve()
            theirs = Process([peer, "server", str(n), KEY, f.name], ready="listening")
            us = ours.client(n, KEY, *options)
            theirs.finish()
            check("GnuTLS server with a password file %s" %
                  ("takes our named identity" if works else "cannot take an empty identity"),
                  ("closed" in us.text()) == works, us, theirs)


def bouncycastle(ours):
    jars = ["/usr/share/java/%s.jar" % j for j in ("bctls", "bcprov", "bcutil", "bcpkix")]
    if not shutil.which("javac") or not all(os.path.exists(j) for j in jars):
        skip("no javac or no libbctls-java")
    with tempfile.TemporaryDirectory() as out:
        subprocess.run(["javac", "-cp", ":".join(jars), "-d", out, os.path.join(HERE, "TlsPskPeer.java")],
                       check=True)
        java = ["java", "-cp", ":".join([out] + jars), "TlsPskPeer"]
        both_roles("BouncyCastle", ours,
                   lambda n, key: Process([*java, "server", str(n), key], ready="listening"),
                   lambda n, key, name: Process([*java, "client", str(n), key, name]))


def erlang(ours):
    if not shutil.which("escript"):
        skip("no erlang")
    script = os.path.join(HERE, "tls_psk_peer.escript")
    start_server = lambda n, key: Process(["escript", script, "server", str(n), key], ready="listening")
    start_client = lambda n, key, name: Process(["escript", script, "client", str(n), key, name])
    both_roles("Erlang", ours, start_server, start_client, "name")
    n = reserve()
    us = ours.server(n)
    theirs = start_client(n, KEY, "")
    theirs.finish()
    us.stop()
    check("Erlang client of OTP 25 cannot send an empty identity", theirs.p.returncode != 0 and
          "failed" in theirs.text(), us, theirs)


def main():
    partner, tool = sys.argv[1:3]
    ours = Ours(tool)
    if partner == "openssl":
        if not shutil.which("openssl"):
            skip("no openssl command")
        OpenSsl(ours).run()
    elif partner == "gnutls":
        gnutls(ours, sys.argv[3])
    elif partner == "bouncycastle":
        bouncycastle(ours)
    elif partner == "erlang":
        erlang(ours)
    else:
        sys.exit("unknown partner " + partner)
    print("%d passed, %d failed" % (results.count(True), results.count(False)))
    sys.exit(0 if results and all(results) else 1)


main()
