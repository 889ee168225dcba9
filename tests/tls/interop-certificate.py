#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Certificates known by fingerprint, with openssl s_client and s_server, gnutls-cli and gnutls-serv, both roles and versions.

    interop-certificate.py PARTNER TLS_PEER      PARTNER: openssl, gnutls
"""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
from partner import Process, check, results, skip  # noqa: E402
from ports import reserve  # noqa: E402

VERSIONS = {"only12": "TLSv1.2", "only13": "TLSv1.3"}


def make(folder, name, *key):
    """A PEM file with certificate and key, and the fingerprint openssl prints of it."""
    path = os.path.join(folder, name + ".pem")
    subprocess.run(["openssl", "req", "-x509", *key, "-nodes", "-days", "30", "-subj", "/CN=" + name, "-keyout", path + ".key",
                    "-out", path + ".crt"], check=True, capture_output=True)
    with open(path, "w", encoding="ascii") as out:
        for part in (".crt", ".key"):
            with open(path + part, encoding="ascii") as f:
                out.write(f.read())
    printed = subprocess.run(["openssl", "x509", "-in", path, "-noout", "-fingerprint", "-sha256"], check=True, capture_output=True,
                             text=True).stdout
    return path, "sha-256 " + printed.strip().partition("=")[2]


EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
RSA = ("-newkey", "rsa:2048")


class OpenSsl:
    name, address = "openssl", "127.0.0.1"
    switch = {"only12": "-tls1_2", "only13": "-tls1_3"}

    def server(self, port, version, pem, *more):
        return Process(["openssl", "s_server", "-accept", "127.0.0.1:%d" % port, "-cert", pem, "-key", pem, "-Verify", "1",
                        "-rev", "-naccept", "1", self.switch[version], *more], ready="ACCEPT")

    def client(self, port, version, pem, *more):
        own = ["-cert", pem, "-key", pem] if pem else []
        return Process(["openssl", "s_client", "-connect", "127.0.0.1:%d" % port, "-quiet", *own, self.switch[version], *more])


class GnuTls:
    name, address = "gnutls", "0.0.0.0"  # where its server listens: it cannot be told
    switch = {"only12": "NORMAL:-VERS-ALL:+VERS-TLS1.2", "only13": "NORMAL:-VERS-ALL:+VERS-TLS1.3"}

    def server(self, port, version, pem, *more):
        return Process(["gnutls-serv", "--port", str(port), "--x509certfile", pem, "--x509keyfile", pem, "--require-client-cert",
                        "--echo", "--priority", self.switch[version], *more], ready="listening")

    def client(self, port, version, pem, *more):
        own = ["--x509certfile", pem, "--x509keyfile", pem] if pem else []
        return Process(["gnutls-cli", "--port", str(port), "--insecure", "--priority", self.switch[version], *own, *more, "127.0.0.1"])


class Case:
    def __init__(self, partner, tool, folder):
        self.partner, self.tool = partner, tool
        self.ours, self.our_fp = make(folder, "ours", *EC)
        self.theirs, self.their_fp = make(folder, "theirs", *EC)
        self.rsa, self.rsa_fp = make(folder, "rsa", *RSA)

    def say(self, what, version):
        return "%s, %s, %s" % (self.partner.name, VERSIONS.get(version, version), what)

    def us(self, role, port, version, fp, *options, cert=None):
        return Process([self.tool, role, str(port), "cert=" + (cert or self.ours), version, *(["fp=" + fp] if fp else []), *options],
                       ready="listening" if role == "server" else None)

    def our_client(self, what, version, fp, works, *options, pem=None):
        port = reserve(1, self.partner.address)
        theirs = self.partner.server(port, version, pem or self.theirs)
        us = self.us("client", port, version, fp, *options)
        us.finish()
        theirs.stop()
        ok = (us.p.returncode == 0 and VERSIONS[version] in us.text() and "line " in us.text() if works is True else works in us.text())
        check(self.say("our client: " + what, version), ok, us, theirs)

    def our_server(self, what, version, fp, works, *options, pem=None, cert=None):
        port = reserve()
        us = self.us("server", port, version, fp, *options, cert=cert)
        theirs = self.partner.client(port, version, pem)
        theirs.send("hello mediasec\n")
        if works is True:
            ok = theirs.wait_for("echo hello mediasec") and us.wait_for(VERSIONS[version])
        else:
            ok = us.wait_for(works)
        theirs.stop()
        us.finish()
        check(self.say("our server: " + what, version), ok, us, theirs)

    def both(self, version):
        self.our_client("mutual, by fingerprint", version, self.their_fp, True)
        self.our_client("wrong fingerprint", version, self.our_fp, "failed tls_fingerprint_mismatch")
        self.our_client("late fingerprint", version, self.their_fp, True, "late")
        self.our_client("late fingerprint that is wrong", version, self.our_fp, "failed tls_fingerprint_mismatch", "late")
        self.our_client("a peer with RSA", version, self.rsa_fp, True, pem=self.rsa)
        self.our_server("mutual, by fingerprint", version, self.their_fp, True, pem=self.theirs)
        self.our_server("wrong fingerprint", version, self.our_fp, "failed tls_fingerprint_mismatch", pem=self.theirs)
        self.our_server("no certificate", version, self.their_fp, "failed tls_no_certificate")
        self.our_server("late fingerprint", version, self.their_fp, True, "late", pem=self.theirs)
        self.our_server("late fingerprint that is wrong", version, self.our_fp, "failed tls_fingerprint_mismatch", "late", pem=self.theirs)
        self.our_server("certificates not asked for", version, None, True)
        self.our_server("we have RSA", version, self.rsa_fp, True, pem=self.rsa, cert=self.rsa)


class OpenSslOnly(Case):
    def alert(self, version):
        """What the peer sees is bad_certificate."""
        port = reserve()
        us = self.us("server", port, version, self.our_fp)
        theirs = self.partner.client(port, version, self.theirs)
        us.finish()
        theirs.finish()
        check(self.say("a wrong fingerprint is the alert bad_certificate", version), "alert bad certificate" in theirs.text(), us, theirs)

    def renegotiation(self):
        port = reserve()
        us = self.us("server", port, "only12", self.their_fp)
        theirs = Process(["openssl", "s_client", "-connect", "127.0.0.1:%d" % port, "-cert", self.theirs, "-key", self.theirs, "-tls1_2"])
        theirs.wait_for("New, TLSv1.2")
        theirs.send("R\n")
        us.finish()
        theirs.stop()
        check(self.say("s_client renegotiates: refused", "TLSv1.2"), "failed tls_renegotiation" in us.text(), us, theirs)

    def key_updates(self):
        """s_client's commands: K asks for new keys of ours too, k does not."""
        port = reserve()
        us = self.us("server", port, "only13", self.their_fp)
        theirs = Process(["openssl", "s_client", "-connect", "127.0.0.1:%d" % port, "-cert", self.theirs, "-key", self.theirs, "-tls1_3"])
        ok = theirs.wait_for("New, TLSv1.3")
        for n, command in enumerate(("K", "k", "K", "K", "k")):
            theirs.send(command + "\n")
            ok = ok and theirs.wait_for("KEYUPDATE", times=n + 1) and self.echoed(theirs, "after %s %d" % (command, n))
        theirs.stop()
        us.finish()
        check(self.say("s_client updates keys", "TLSv1.3"), ok and theirs.text().count("KEYUPDATE") == 5, us, theirs)

    @staticmethod
    def echoed(theirs, line):
        """A command is one only at the start of what s_client reads at once: each waits for the end of what was before."""
        theirs.send(line + "\n")
        return theirs.wait_for("echo " + line)

    def downgrade(self):
        """A client that can do more but offers TLS 1.2 with the fallback signal is told so; older ones are refused."""
        for options, reason in ((["-tls1_2", "-fallback_scsv"], "failed tls_version"), (["-tls1_1"], "failed tls_version"),
                                (["-tls1_2", "-cipher", "AES128-SHA"], "failed tls_no_common_suite")):
            port = reserve()
            us = Process([self.tool, "server", str(port), "cert=" + self.rsa, "fp=" + self.rsa_fp], ready="listening")
            theirs = Process(["openssl", "s_client", "-connect", "127.0.0.1:%d" % port, "-quiet", "-cert", self.rsa, "-key", self.rsa,
                              "-legacy_renegotiation", *options, *(["-cipher", "ALL@SECLEVEL=0"] if "-tls1_1" in options else [])])
            us.finish()
            theirs.stop()
            check(self.say("refused: s_client " + " ".join(options), "any"), reason in us.text(), us, theirs)

    def legacy(self):
        """RFC 4975 section 14.1: TLS_RSA_WITH_AES_128_CBC_SHA, by switch."""
        for role in ("server", "client"):
            port = reserve()
            options = ("legacy", "suites=AES128-SHA")
            if role == "server":
                us = self.us("server", port, "only12", self.rsa_fp, *options, cert=self.rsa)
                theirs = self.partner.client(port, "only12", self.rsa, "-cipher", "AES128-SHA")
                theirs.send("hello mediasec\n")
                ok = theirs.wait_for("echo hello mediasec")
            else:
                theirs = self.partner.server(port, "only12", self.rsa, "-cipher", "AES128-SHA")
                us = self.us("client", port, "only12", self.rsa_fp, *options, cert=self.rsa)
                us.finish()
                ok = us.p.returncode == 0
            theirs.stop()
            us.finish()
            check(self.say("our %s: AES128-SHA" % role, "TLSv1.2"), ok and "open AES128-SHA" in us.text(), us, theirs)


def main():
    partner, tool = sys.argv[1:3]
    if not shutil.which("openssl") or partner == "gnutls" and not shutil.which("gnutls-serv"):
        skip("no " + partner)
    with tempfile.TemporaryDirectory() as folder:
        case = OpenSslOnly(OpenSsl(), tool, folder) if partner == "openssl" else Case(GnuTls(), tool, folder)
        for version in VERSIONS:
            case.both(version)
            if partner == "openssl":
                case.alert(version)
        if partner == "openssl":
            case.renegotiation()
            case.key_updates()
            case.downgrade()
            case.legacy()
    print("%d passed, %d failed" % (results.count(True), results.count(False)))
    sys.exit(0 if results and all(results) else 1)


main()
