# SPDX-License-Identifier: Apache-2.0
"""The KMS as it is deployed: parent, front and vault on one core, durable replay protection on, a
million replay records present, audit log written; beside MIT krb5kdc in the same run.

  python3 bench/kms.py [--rounds N] [--messages N] [--without-peer]

`requests` stand beside krb5kdc's AS, `resolves` beside its TGS requests: a ticket from a long-term
key, and a use of a ticket that the server must open.
"""
import argparse
import json
import os
import socket
import struct
import subprocess
import time

from common import BUILD, Server, Table, TemporaryFolder, build, client, program

PORT, METRICS, IDENTITY, USERS = 11080, 11081, "kms.example.com", 1000
BUCKET = 60 * 10**6

CONFIG = """daemon:
  control: {run}/kms.sock
  log_level: notice
identity: {identity}
http:
  listen: ["127.0.0.1:{port}"]
  per_address: 4096
vault:
  control: {run}/vault.sock
  store: {run}/kms.db
  master_key: {run}/master
replay:
  dir: {run}/replay
  sync: {sync}
audit:
  file: {run}/audit.log
"""


class Kms:
    def __init__(self, run, records=1000000, sync="interval"):
        self.run = run
        self.exe = os.path.join(BUILD, "src/kms/mediasec-kms")
        subprocess.run([self.exe, "--make-master", f"{run}/master"], check=True)
        with open(f"{run}/kms.yaml", "w") as f:
            f.write(CONFIG.format(run=run, identity=IDENTITY, port=PORT, sync=sync))
        self.fill(records)
        self.server = Server([self.exe, "-f", "-c", f"{run}/kms.yaml"])
        self.wait()
        self.provision()

    def fill(self, records):
        """Journals as a server leaves them that has seen so many messages."""
        os.mkdir(f"{self.run}/replay", 0o700)
        first, per_bucket = int(time.time() * 1e6) // BUCKET, records // 10
        for number in range(first + 1, first + 11):
            with open(f"{self.run}/replay/bucket.{number}", "wb") as f:
                f.write(b"MSREPLAY" + struct.pack(">IIQQ", 1, 16, BUCKET, number) + os.urandom(16 * per_bucket))

    def wait(self):
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", PORT)).close()
                with socket.socket(socket.AF_UNIX) as s:
                    s.connect(f"{self.run}/vault.sock")
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit("bench: mediasec-kms does not start")

    def ask(self, stream, command, **args):
        stream.write(json.dumps({"command": command, "args": args}) + "\n")
        stream.flush()
        answer = json.loads(stream.readline())
        if not answer["ok"]:
            raise SystemExit(f"bench: {command}: {answer['error']}")
        return answer["result"]

    def provision(self):
        with socket.socket(socket.AF_UNIX) as s, open(f"{self.run}/users", "w") as out:
            s.connect(f"{self.run}/vault.sock")
            with s.makefile("rw") as stream:
                for i in range(USERS):
                    key = os.urandom(32).hex()
                    self.ask(stream, "user.add", name=f"u{i}", identities=[f"sip:u{i}@bench.example"],
                             key_id=f"k{i}", key=key)
                    out.write(f"u{i} sip:u{i}@bench.example k{i} {key}\n")
                self.records = self.ask(stream, "status")["replay_records"]

    def measure(self, mode, messages):
        """(answers per CPU second, the generator's line). Messages are built before the server works."""
        before = self.server.cpu()
        out = client([program("kms-load"), "--port", str(PORT), "--users", f"{self.run}/users", "--kms", IDENTITY,
                      "--mode", mode, "--messages", str(messages), "--rounds", "1"])
        return messages / (self.server.cpu() - before), out.splitlines()[0]

    def stop(self):
        self.server.stop()


def rounds(args, run, realm, requests, resolves, started):
    kms, kdc = Kms(run, sync=args.sync), None
    started.append(kms)
    if not args.without_peer:
        from krb5 import Kdc
        kdc = Kdc(realm)
        started.append(kdc)
    print(f"replay records present: {kms.records:,}; journal sync: {args.sync}")
    for _ in range(args.rounds):
        for table, mode, kind in ((requests, "request", "as"), (resolves, "resolve", "tgs")):
            figure, line = kms.measure(mode, args.messages)
            print(f"{mode}: {line}")
            table.add("mediasec-kms", figure)
            if kdc:
                table.add(table.reference, kdc.measure(kind, 2))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--messages", type=int, default=60000)
    parser.add_argument("--without-peer", action="store_true")
    parser.add_argument("--sync", default="interval", choices=("never", "interval", "batch"))
    parser.add_argument("--no-build", action="store_true")
    args = parser.parse_args()
    if not args.no_build:
        build()
    requests = Table("ticket requests", "answers per server CPU second", "krb5kdc AS, UDP")
    resolves = Table("ticket resolves", "answers per server CPU second", "krb5kdc TGS, UDP")
    with TemporaryFolder() as run, TemporaryFolder() as realm:
        started = []
        try:
            rounds(args, run, realm, requests, resolves, started)
        finally:
            for server in started:
                server.stop()
    requests.show()
    resolves.show()


if __name__ == "__main__":
    main()
