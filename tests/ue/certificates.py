#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Users who share no key even with the key management server: certificates (RFC 6043 sections 4.2.1.3, 4.2.3.3)."""
import os
import subprocess

from scenario import has, main, same
from lab import merge, program, yaml_of


def make_certificate(folder, name):
    key, pem = os.path.join(folder, name + ".key"), os.path.join(folder, name + ".pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", pem, "-subj", "/CN=" + name,
                    "-days", "30"], check=True, capture_output=True)
    os.chmod(key, 0o600)
    return {"certificate": pem, "private_key": key}


def with_certificates(lab, *names):
    """A key management server with a certificate, and these users with certificates in place of keys."""
    server = make_certificate(lab.kms_dir, "kms")
    lab.stop_kms()
    with open(os.path.join(lab.kms_dir, "kms.yaml"), "w", encoding="utf-8") as f:
        f.write(yaml_of(merge(lab._kms_config(), {"vault": server})))
    lab.start_kms()
    for name in names:
        own = make_certificate(lab.home(name), name)
        lab.ctl("user", "cert", "add", name, own["certificate"])
        os.unlink(os.path.join(lab.home(name), "psk"))
        lab.configure(name, kms={"psk_id": "", "psk_file": "", "server_certificate": server["certificate"], **own})


def talk(lab):
    """messages and a chat between a user with a certificate and one with a pre-shared key, both ways; tickets are kept"""
    lab.start("alice", "bob")
    with_certificates(lab, "alice")
    bob, alice = lab.online("bob"), lab.online("alice")
    alice.type("/msg bob signed")
    has(bob.wait("message"), text="signed", peer=lab.uri("alice"), verified=True)
    bob.type("/msg alice with a key")
    has(alice.wait("message"), text="with a key", peer=lab.uri("bob"), verified=True)
    bob.type("/chat alice")
    has(alice.wait("call-established", "call-failed"), event="call-established", peer=lab.uri("bob"))
    alice.stop()
    ue = lab.ue("alice", "send", "bob", "again")
    has(ue.wait("ticket"), source="cache")
    ue.finish(0)
    has(bob.wait("message"), text="again", peer=lab.uri("alice"))
    with open(os.path.join(lab.kms_dir, "audit.log"), encoding="utf-8") as f:
        same(sum(" granted " in line and 'user="alice"' in line for line in f), 3, "what alice was granted")


def refused(lab):
    """a certificate that the server does not have, or of somebody else: exit 3; files that do not fit: by name of the key"""
    lab.start("alice", "bob", "eve")
    with_certificates(lab, "alice", "bob")
    bob = {"certificate": os.path.join(lab.home("bob"), "bob.pem"), "private_key": os.path.join(lab.home("bob"), "bob.key")}
    server = os.path.join(lab.kms_dir, "kms.pem")
    none = {"psk_id": "", "psk_file": "", "server_certificate": server}
    lab.configure("alice", kms={**none, **bob})  # Bob's key, Alice's name
    ue = lab.ue("alice", "send", "bob", "as alice")
    ue.wait("kms-error")
    ue.finish(3)
    lab.configure("eve", kms={**none, **make_certificate(lab.home("eve"), "eve")})
    ue = lab.ue("eve", "send", "bob", "who is this")
    ue.wait("kms-error")
    ue.finish(3)
    old, signer, csr = (os.path.join(lab.dir, name) for name in ("old.pem", "signer.pem", "old.csr"))
    key = os.path.join(lab.home("alice"), "alice.key")
    for words in (f"req -new -key {key} -out {csr} -subj /CN=old", f"x509 -req -in {csr} -signkey {key} -days 0 -out {old}",
                  f"req -x509 -key {key} -out {signer} -subj /CN=s -addext keyUsage=digitalSignature"):
        subprocess.run(["openssl", *words.split()], check=True, capture_output=True)
    own = {"certificate": os.path.join(lab.home("alice"), "alice.pem"), "private_key": os.path.join(lab.home("alice"), "alice.key")}
    for kms, key in (({**none, **own, "private_key": bob["private_key"]}, "kms.certificate"), ({**none, **own, "psk_file": "psk"}, "kms.certificate"),
                     ({**none, "certificate": own["certificate"]}, "kms.certificate"), ({**none, "server_certificate": ""}, "kms.psk_file"),
                     ({**none, **own, "private_key": own["certificate"]}, "kms.private_key"),
                     ({**none, **own, "certificate": lab.kms_dir}, "kms.certificate"),
                     ({**none, **own, "certificate": old}, "kms.certificate"), ({**none, **own, "server_certificate": old}, "kms.server_certificate"),
                     ({**none, **own, "server_certificate": signer}, "kms.server_certificate")):
        path = lab.configure("alice", kms=kms)
        done = subprocess.run([program("mediasec-ue"), "-c", path, "-n"], capture_output=True, text=True, timeout=100, check=False)
        same((done.returncode, f": {key}: " in done.stderr), (1, True), f"{kms}: {done.stderr}")


if __name__ == "__main__":
    main(talk, refused)
