# SPDX-License-Identifier: Apache-2.0
"""nginx answering POSTs with a fixed body: what HTTP alone costs a good server."""
import os
import shutil
import time

from common import Server, client, program

CONNECTIONS = 64
CONFIG = """daemon off;
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


class Nginx:
    def __init__(self, run, port=11091):
        self.port = port
        path = shutil.which("nginx") or "/usr/sbin/nginx"
        if not os.path.exists(path):
            raise SystemExit("bench: nginx is not installed: scripts/setup bench")
        with open(f"{run}/nginx.conf", "w") as f:
            f.write(CONFIG.format(run=run, port=port, body="x" * 600))
        self.server = Server([path, "-c", f"{run}/nginx.conf"])
        time.sleep(0.5)

    def measure(self, seconds):
        """Answers per CPU second of the server."""
        before = self.server.cpu()
        out = client([program("http-post"), str(self.port), str(seconds), str(CONNECTIONS)])
        return int(out.split()[0]) / (self.server.cpu() - before)

    def stop(self):
        self.server.stop()
