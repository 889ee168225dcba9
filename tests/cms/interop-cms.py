#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""AuthEnvelopedData with a KEK recipient (RFC 5083, RFC 5084), both ways with an independent CMS.

    interop-cms.py openssl|bouncycastle CMS_TOOL
"""
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
KEK = {16: "00112233445566778899aabbccddeeff", 32: "00112233445566778899aabbccddeeff" * 2}
# A key identifier as long as a TRANSFER_INIT can be.
KEY_IDS = ["0a0b0c", "5a" * 1500]
ENTITIES = [b"Content-Type: text/plain\r\n\r\nMeet me at the usual place.\r\n",
            b"Content-Type: application/octet-stream\r\n\r\n" + bytes(range(256)) * 300]
results = []


def run(args, data=b""):
    return subprocess.run(args, input=data, capture_output=True, timeout=300)


def check(name, ok, *runs):
    results.append(ok)
    print("%s - %s" % ("ok" if ok else "not ok", name), flush=True)
    for r in () if ok else runs:
        print("---", " ".join(a[:80] for a in r.args), "->", r.returncode)
        print(r.stderr.decode(errors="replace")[:2000])


class Ours:
    def __init__(self, tool):
        self.tool = tool

    def seal(self, alg, mac_len, kek, key_id, entity):
        return run([self.tool, "seal", alg, str(mac_len), kek, key_id], entity)

    def open(self, kek, der):
        return run([self.tool, "open", kek], der)


class OpenSsl:
    name = "openssl cms"
    gcm_only = True

    def __init__(self, directory):
        self.file = os.path.join(directory, "in")

    def seal(self, alg, mac_len, kek, key_id, entity, *options):
        return run(["openssl", "cms", "-encrypt", "-binary", "-" + alg.lower(), "-secretkey", kek,
                    "-secretkeyid", key_id, "-outform", "DER", *options], entity)

    def open(self, kek, der, key_id):
        with open(self.file, "wb") as f:
            f.write(der)
        return run(["openssl", "cms", "-decrypt", "-inform", "DER", "-binary", "-secretkey", kek,
                    "-secretkeyid", key_id, "-in", self.file])


class BouncyCastle:
    name = "BouncyCastle"
    gcm_only = False

    def __init__(self, directory):
        jars = ["/usr/share/java/%s.jar" % j for j in ("bcprov", "bcutil", "bcpkix")]
        if not shutil.which("javac") or not all(os.path.exists(j) for j in jars):
            print("SKIP: no javac or no libbcpkix-java")
            sys.exit(77)
        subprocess.run(["javac", "-cp", ":".join(jars), "-d", directory,
                        os.path.join(HERE, "CmsPeer.java")], check=True)
        self.java = ["java", "-cp", ":".join([directory] + jars), "CmsPeer"]

    def seal(self, alg, mac_len, kek, key_id, entity, *options):
        return run([*self.java, "seal", alg, str(mac_len), kek, key_id, *options], entity)

    def open(self, kek, der, key_id):
        return run([*self.java, "open", kek], der)


def theirs_to_ours(ours, partner, alg, mac_len, kek, key_id, entity, *options):
    sealed = partner.seal(alg, mac_len, kek, key_id, entity, *options)
    opened = ours.open(kek, sealed.stdout)
    check("%s %s, %d octets of MAC, KEK %d, key id %d, entity %d %s: we open it" %
          (partner.name, alg, mac_len, len(kek) * 4, len(key_id) // 2, len(entity), " ".join(options)),
          opened.returncode == 0 and opened.stdout == entity and
          opened.stderr.decode().split() == [alg, key_id], sealed, opened)
    return sealed.stdout


def ours_to_theirs(ours, partner, alg, mac_len, kek, key_id, entity):
    sealed = ours.seal(alg, mac_len, kek, key_id, entity)
    opened = partner.open(kek, sealed.stdout, key_id)
    check("our %s, %d octets of MAC, KEK %d, key id %d, entity %d: %s opens it" %
          (alg, mac_len, len(kek) * 4, len(key_id) // 2, len(entity), partner.name),
          opened.returncode == 0 and opened.stdout == entity, sealed, opened)
    return sealed.stdout


def tampered(ours, der, kek):
    """Some octets of another writer's object; test-cms does every bit of our own."""
    taken = []
    for i in range(0, len(der), max(1, len(der) // 150)):
        bad = bytearray(der)
        bad[i] ^= 0x04
        r = ours.open(kek, bytes(bad))
        if r.returncode == 0:
            taken.append(i)
    where = der.find(bytes.fromhex(KEY_IDS[0]))
    outside = [i for i in taken if not where <= i < where + len(KEY_IDS[0]) // 2]
    check("altered octets are refused, but for the key identifier, which MIKEY protects", not outside)


def algorithms(partner):
    modes = ["GCM"] if partner.gcm_only else ["GCM", "CCM"]
    return ["AES-%d-%s" % (bits, mode) for mode in modes for bits in (128, 256)]


def both_ways(ours, partner):
    for alg in algorithms(partner):
        for kek in KEK.values():
            theirs_to_ours(ours, partner, alg, 16, kek, KEY_IDS[0], ENTITIES[0])
            ours_to_theirs(ours, partner, alg, 16, kek, KEY_IDS[0], ENTITIES[0])
        theirs_to_ours(ours, partner, alg, 16, KEK[16], KEY_IDS[1], ENTITIES[1][:60000])
        ours_to_theirs(ours, partner, alg, 16, KEK[16], KEY_IDS[1], ENTITIES[1][:60000])


def openssl(ours, partner):
    both_ways(ours, partner)
    der = theirs_to_ours(ours, partner, "AES-128-GCM", 16, KEK[16], KEY_IDS[0], ENTITIES[0], "-stream")
    check("openssl -stream writes indefinite lengths", der[:2] == b"\x30\x80")
    tampered(ours, der, KEK[16])
    for mac_len in (13, 14, 15):
        ours_to_theirs(ours, partner, "AES-128-GCM", mac_len, KEK[16], KEY_IDS[0], ENTITIES[0])
    # Known: OpenSSL wants aes-ICVlen spelt out, where DER wants its default left out.
    sealed = ours.seal("AES-128-GCM", 12, KEK[16], KEY_IDS[0], ENTITIES[0])
    opened = partner.open(KEK[16], sealed.stdout, KEY_IDS[0])
    check("openssl cms cannot read a MAC of the default length, 12 octets",
          opened.returncode != 0 and b"field missing" in opened.stderr, sealed, opened)
    sealed = ours.seal("AES-128-CCM", 16, KEK[16], KEY_IDS[0], ENTITIES[0])
    opened = partner.open(KEK[16], sealed.stdout, KEY_IDS[0])
    check("openssl cms cannot read CCM", opened.returncode != 0, sealed, opened)
    sealed = run(["openssl", "cms", "-encrypt", "-binary", "-aes-128-cbc", "-secretkey", KEK[16],
                  "-secretkeyid", "01", "-outform", "DER"], ENTITIES[0])
    opened = ours.open(KEK[16], sealed.stdout)
    check("EnvelopedData of openssl is refused by its type", opened.returncode == 1 and
          b"cms_type" in opened.stderr, sealed, opened)


def bouncycastle(ours, partner):
    both_ways(ours, partner)
    for alg, mac_len in (("AES-128-GCM", 12), ("AES-256-GCM", 13), ("AES-128-CCM", 12),
                         ("AES-256-CCM", 14), ("AES-128-CCM", 8)):
        if mac_len >= 12:
            theirs_to_ours(ours, partner, alg, mac_len, KEK[16], KEY_IDS[0], ENTITIES[0])
        ours_to_theirs(ours, partner, alg, mac_len, KEK[16], KEY_IDS[0], ENTITIES[0])
    for alg in ("AES-128-GCM", "AES-256-CCM"):
        der = theirs_to_ours(ours, partner, alg, 16, KEK[32], KEY_IDS[0], ENTITIES[0], "attributes")
        tampered(ours, der, KEK[32])
    sealed = ours.seal("AES-128-CCM", 16, KEK[16], KEY_IDS[0], ENTITIES[0])
    bad = bytearray(sealed.stdout)
    bad[-1] ^= 1
    opened = partner.open(KEK[16], bytes(bad), KEY_IDS[0])
    check("BouncyCastle refuses our object with an altered MAC", opened.returncode != 0, sealed, opened)


def main():
    ours = Ours(sys.argv[2])
    with tempfile.TemporaryDirectory() as directory:
        if sys.argv[1] == "openssl":
            if not shutil.which("openssl"):
                print("SKIP: no openssl command")
                sys.exit(77)
            openssl(ours, OpenSsl(directory))
        else:
            bouncycastle(ours, BouncyCastle(directory))
    print("%d passed, %d failed" % (results.count(True), results.count(False)))
    sys.exit(0 if results and all(results) else 1)


main()
