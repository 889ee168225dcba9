# SPDX-License-Identifier: Apache-2.0
"""The KMS as it is deployed: parent, front and vault on one core, durable replay protection on, a
million replay records present, audit log written; in the same run MIT krb5kdc, nginx answering POSTs with a
fixed body, and the exchange alone in memory.

  python3 bench/kms.py [--rounds N] [--messages N] [--sync never|interval|batch]

`requests` stand beside krb5kdc's AS, `resolves` beside its TGS requests: a ticket from a long-term
key, and a use of a ticket that the server must open.
"""
import argparse
import json
import os
import re
import socket
import struct
import subprocess
import time

from common import BUILD, Server, Table, TemporaryFolder, build, client, on_server_core, program
from krb5 import Kdc
from nginx import Nginx

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


def micro():
    """{"request": n, "resolve": n}: exchanges a second of the engine alone, on the server's core."""
    out = on_server_core([program("mikey-micro")])
    return {m.group(1): float(m.group(2)) for m in re.finditer(r"^256 ticket (\w+): (\d+)/s", out, re.M)}


def rounds(count, servers, messages, tables):
    for _ in range(count):
        floor, posts = micro(), servers["nginx"].measure(2)
        for mode, kind in (("request", "as"), ("resolve", "tgs")):
            figure, line = servers["kms"].measure(mode, messages)
            print(f"{mode}: {line}", flush=True)
            table = tables[mode]
            table.add("mediasec-kms", figure)
            table.add(table.reference, servers["kdc"].measure(kind, 2))
            table.add("nginx, a POST with a fixed answer", posts)
            table.add("the exchange alone, in memory", floor[mode])


def measure(count, messages=60000, sync="interval"):
    """Tables of requests and resolves."""
    tables = {"request": Table("ticket requests", "answers per server CPU second", "krb5kdc AS, UDP"),
              "resolve": Table("ticket resolves", "answers per server CPU second", "krb5kdc TGS, UDP")}
    with TemporaryFolder() as run, TemporaryFolder() as realm, TemporaryFolder() as web:
        servers = {}
        try:
            servers["kms"] = Kms(run, sync=sync)
            servers["kdc"] = Kdc(realm)
            servers["nginx"] = Nginx(web)
            print(f"replay records present: {servers['kms'].records:,}; journal sync: {sync}", flush=True)
            rounds(count, servers, messages, tables)
        finally:
            for server in servers.values():
                server.stop()
    return list(tables.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--messages", type=int, default=60000)
    parser.add_argument("--sync", default="interval", choices=("never", "interval", "batch"))
    args = parser.parse_args()
    build()
    for table in measure(args.rounds, args.messages, args.sync):
        table.show()


if __name__ == "__main__":
    main()
