# SPDX-License-Identifier: Apache-2.0
"""The lab with a list server: an application server behind Kamailio at lists.example.org, owner of its lists' PSIs.

    with ListLab(folder) as lab:
        lab.start("alice", "bob", "carol")
        lab.make_list("friends", "alice", ["bob", "carol"])
        lab.ue("alice", "send", lab.list_uri("friends"), "hello").finish(0)
"""
import json
import os
import socket
import subprocess

from edge import Daemon
from lab import Lab, LabError, merge, program
from ports import reserve

LIST = "list"


class ListServer(Daemon):
    def ask(self, *words):
        """mediasec ask: a command of its control socket, KEY=VALUE ..."""
        done = subprocess.run([program("mediasec"), "ask", "--json", self.control, *words], capture_output=True, text=True, timeout=30,
                              check=False)
        if done.returncode:
            raise LabError(f"{' '.join(words)}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def check_sanitizers(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            text = f.read()
        if "Sanitizer" in text or "runtime error:" in text:
            raise LabError(f"{self.log}:\n{text[-6000:]}")

    def command(self, name, **args):
        """The same without a process in between, and with arguments that are no text."""
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self.control)
            s.sendall(json.dumps({"command": name, "args": args}).encode() + b"\n")
            answer = json.loads(s.makefile().readline())
        if not answer["ok"]:
            raise LabError(f"{name}: {answer['error']}")
        return answer.get("result")


class ListLab(Lab):
    """Kamailio trusts the list server by its address. Its key at the KMS is that of the user "list", who has an account, too:
    so a test can do what a curious server would do."""

    def __init__(self, folder, list_address="127.0.0.7", **more):
        super().__init__(folder, **more)
        self.list_address = list_address
        self.list_port = reserve(1, list_address)
        self.lists = f"{list_address}:{self.list_port}"
        self.server, self.server_changes = None, {}

    def list_uri(self, name):
        return f"sip:{name}@lists.{self.domain}"

    def list_config(self):
        def at(name):
            return os.path.join(self.home(LIST), name)
        return {"sip": {"listen": [{"transport": "tcp", "address": self.lists},
                                   {"transport": "udp", "address": self.lists}],
                        "core": f"{self.host}:{self.sip_port}", "core_transport": "tcp"},
                "kms": {"url": f"http://{self.host}:{self.kms_port}", "identity": "sip:kms@example.org", "psk_id": LIST,
                        "psk_file": at("psk"), "retry": "300ms"},
                "store": {"file": at("list.db"), "replay": at("seen")},
                "uri_list": {"service": self.list_uri("many")},
                "delivery": {"retry_first": "200ms", "retry_max": "1s", "away_retry": "0s"}}

    def start(self, *names, **changes):
        """The system with these users; `changes` of the list server's configuration."""
        super().start(*names, LIST)
        folder = self.home(LIST)
        self.ctl("psi", "add", self.list_uri("many"), LIST)
        self.server = ListServer(LIST, "mediasec-list", folder, merge(self.list_config(), changes))
        self.server.start()

    def configure(self, name, **changes):
        return super().configure(name, **merge({"message": {"list_service": self.list_uri("many")}}, changes))

    def restart_server(self, **changes):
        """After a kill, or with other settings."""
        self.server.stop()
        self.server = ListServer(LIST, "mediasec-list", self.home(LIST), merge(self.list_config(), changes))
        self.server.start()

    def make_list(self, name, owner, members, **options):
        self.ctl("psi", "add", self.list_uri(name), LIST)
        words = [f"{key}={value}" for key, value in options.items()]
        self.ask("list.add", f"list={self.list_uri(name)}", f"owner={self.uri(owner)}", *words)
        for member in members:
            self.ask("member.add", f"list={self.list_uri(name)}", f"uri={self.uri(member)}")

    def add_members(self, name, uris):
        self.server.command("member.add", list=self.list_uri(name), uris=uris)

    def ask(self, *words):
        return self.server.ask(*words)

    def queue(self):
        return self.ask("queue")

    def check_sanitizers(self):
        super().check_sanitizers()
        if self.server:
            self.server.check_sanitizers()

    def logs(self, lines=25):
        text = super().logs(lines)
        return text + (self.server.tail(lines) if self.server else "")

    def stop(self):
        try:
            if self.server:
                self.server.stop()
        finally:
            super().stop()
