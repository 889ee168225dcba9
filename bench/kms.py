# SPDX-License-Identifier: Apache-2.0
"""mediasec-kms as it ships (front and vault apart, durable replay protection, seccomp), with users of its
own; and nginx answering POSTs with a fixed body, as what HTTP alone costs."""
import json
import os
import re
import shutil
import subprocess
import time

from common import BUILD, Server, client, program

IDENTITY = "kms.example.com"
USERS = 500
CONNECTIONS = 64

CONFIG = """daemon:
  control: "{run}/kms.sock"
  log_level: warning
identity: "{identity}"
http:
  listen: ["127.0.0.1:{port}"]
  connections: 4096
  per_address: 4096
vault:
  control: "{run}/vault.sock"
  store: "{run}/kms.db"
  master_key: "{run}/master"
replay:
  dir: "{run}/replay"
  max_records: 8000000
audit:
  file: "{run}/audit"
"""

NGINX_CONF = """daemon off;
worker_processes 1;
pid {run}/nginx.pid;
error_log /dev/null;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {run}/body;
    proxy_temp_path {run}/proxy;
    fastcgi_temp_path {run}/fastcgi;
    uwsgi_temp_path {run}/uwsgi;
    scgi_temp_path {run}/scgi;
    keepalive_requests 100000000;
    server {{
        listen 127.0.0.1:{port};
        location / {{ default_type application/mikey; return 200 "{body}"; }}
    }}
}}
"""


class Kms:
    def __init__(self, run, port=11090):
        self.run, self.port = run, port
        with open(f"{run}/kms.yaml", "w") as f:
            f.write(CONFIG.format(run=run, port=port, identity=IDENTITY))
        kms, self.ctl_program = f"{BUILD}/src/kms/mediasec-kms", f"{BUILD}/src/ctl/mediasec"
        subprocess.run([kms, "--make-master", f"{run}/master"], check=True)
        self.server = Server([kms, "-f", "-c", f"{run}/kms.yaml"])
        for _ in range(100):
            if os.path.exists(f"{run}/vault.sock"):
                break
            time.sleep(0.05)
        with open(f"{run}/users", "w") as users:
            for i in range(USERS):
                name, identity = f"user{i}", f"sip:user{i}@example.com"
                self.ctl("user", "add", name, "--identity", identity, "--key-id", f"key{i}", "--generate", f"{run}/psk")
                with open(f"{run}/psk") as f:
                    users.write(f"{name} {identity} key{i} {f.read().strip()}\n")
                os.unlink(f"{run}/psk")

    def ctl(self, *words):
        return subprocess.run([self.ctl_program, "kms", "-s", f"{self.run}/vault.sock", "--json", *words], check=True,
                              capture_output=True, text=True).stdout

    def replay_records(self):
        found = re.search(r'"replay[a-z_]*records"\s*:\s*(\d+)', self.ctl("status"))
        return int(found.group(1)) if found else -1

    def load(self, mode, messages, rounds=1):
        """One run of the generator; answers per CPU second of all of the server's processes."""
        before = self.server.cpu()
        out = client([program("kms-load"), "--port", str(self.port), "--users", f"{self.run}/users", "--kms", IDENTITY,
                      "--mode", mode, "--messages", str(messages), "--rounds", str(rounds), "--connections",
                      str(CONNECTIONS), "--pids", ",".join(map(str, self.server.pids()))], timeout=600)
        used = self.server.cpu() - before
        return messages * rounds / used, out

    def stop(self):
        self.server.stop()


class Nginx:
    def __init__(self, run, port=11091):
        self.port = port
        path = shutil.which("nginx") or "/usr/sbin/nginx"
        if not os.path.exists(path):
            raise SystemExit("bench: nginx is not installed: scripts/setup bench")
        with open(f"{run}/nginx.conf", "w") as f:
            f.write(NGINX_CONF.format(run=run, port=port, body="x" * 600))
        self.server = Server([path, "-c", f"{run}/nginx.conf"])
        time.sleep(0.5)

    def measure(self, seconds):
        before = self.server.cpu()
        out = client([program("http-post"), str(self.port), str(seconds), str(CONNECTIONS)])
        return int(out.split()[0]) / (self.server.cpu() - before)

    def stop(self):
        self.server.stop()
