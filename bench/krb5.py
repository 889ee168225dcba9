# SPDX-License-Identifier: Apache-2.0
"""MIT krb5kdc as the named peer of the KMS: a private realm on loopback, no pre-authentication."""
import os
import subprocess
import time

from common import Server, client, program

REALM, CLIENT, PASSWORD, SERVICE, HOST = "BENCH.TEST", "alice", "secret", "host", "svc.bench.test"
PRINCIPALS = 2000

KDC_CONF = """[kdcdefaults]
    kdc_listen = 127.0.0.1:{port}
    kdc_tcp_listen = ""
[realms]
    BENCH.TEST = {{
        database_name = {run}/principal
        key_stash_file = {run}/stash
        acl_file = {run}/acl
        max_life = 10h
        master_key_type = aes128-cts-hmac-sha1-96
        supported_enctypes = aes128-cts-hmac-sha1-96:normal
        default_principal_flags = -preauth
    }}
[dbmodules]
    BENCH.TEST = {{
        db_library = db2
        database_name = {run}/principal
        disable_last_success = true
        disable_lockout = true
    }}
[logging]
    kdc = FILE:/dev/null
"""
KRB5_CONF = """[libdefaults]
    default_realm = BENCH.TEST
    dns_lookup_kdc = false
    dns_lookup_realm = false
    rdns = false
    dns_canonicalize_hostname = false
    default_tkt_enctypes = aes128-cts-hmac-sha1-96
    default_tgs_enctypes = aes128-cts-hmac-sha1-96
    permitted_enctypes = aes128-cts-hmac-sha1-96
[realms]
    BENCH.TEST = {{
        kdc = 127.0.0.1:{port}
    }}
"""


def sbin(name):
    for folder in ("/usr/sbin", "/usr/bin"):
        if os.path.exists(os.path.join(folder, name)):
            return os.path.join(folder, name)
    raise SystemExit(f"bench: {name} is not installed: scripts/setup bench")


class Kdc:
    def __init__(self, run, port=11088):
        self.run, self.port = run, port
        for name, text in (("kdc.conf", KDC_CONF), ("krb5.conf", KRB5_CONF)):
            with open(os.path.join(run, name), "w") as f:
                f.write(text.format(run=run, port=port))
        self.env = dict(os.environ, KRB5_CONFIG=f"{run}/krb5.conf", KRB5_KDC_PROFILE=f"{run}/kdc.conf",
                        KRB5CCNAME="MEMORY:")
        quiet = dict(env=self.env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        subprocess.run([sbin("kdb5_util"), "-r", REALM, "create", "-s", "-P", "master"], **quiet)
        commands = [f"addprinc -pw {PASSWORD} {CLIENT}", f"addprinc -randkey {SERVICE}/{HOST}"]
        commands += [f"addprinc -randkey u{i}" for i in range(PRINCIPALS)]
        subprocess.run([sbin("kadmin.local"), "-r", REALM], input="\n".join(commands) + "\n", text=True, **quiet)
        self.server = Server([sbin("krb5kdc"), "-n", "-r", REALM, "-P", f"{run}/pid"], env=self.env)
        time.sleep(0.5)

    def measure(self, kind, seconds):
        """Answers per CPU second of the server; kind is "as" or "tgs"."""
        before = self.server.cpu()
        out = client([program("kdc-load"), kind, str(self.port), str(seconds), REALM, CLIENT, PASSWORD, SERVICE, HOST],
                     env=self.env)
        answers, _, errors, lost = out.split()
        if int(errors) or not int(answers):
            raise SystemExit(f"bench: krb5kdc answered {answers} requests, {errors} errors, {lost} lost")
        return int(answers) / (self.server.cpu() - before)

    def stop(self):
        self.server.stop()
