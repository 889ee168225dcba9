# SPDX-License-Identifier: Apache-2.0
"""Tickets issued and resolved by the real server, and every reason to refuse one."""
import json
import os
import socket
import subprocess
import time

from kms_lab import CTL, check, run, wait_for


def lab(make, **changes):
    kms = make(**changes).start()
    kms.add_user("alice", "sip:alice@example.com", "sip:ally@example.com")
    kms.add_user("bob", "sip:bob@example.com", "sip:bobby@example.com")
    kms.add_user("carol")
    kms.add_user("server", "sip:server@example.com")
    return kms, kms.client()


def refused(kms, answer, reason, mikey):
    check(answer.get("mikey") == mikey and kms.reason() == reason,
          "refused as %s with MIKEY error %d (got %s, %s)" % (reason, mikey, answer, kms.reason()))


def main_job(make):
    """issue and resolve, raw and base64, several on one connection"""
    kms, c = lab(make)
    a = c("request alice t sip:bob@example.com")
    check(a["ok"] and a["responders"] == 1 and 86390 <= a["life"] <= 86400, "a ticket for a day")
    r = c("resolve bob t")
    check(r["ok"] and r["admitted"] == "sip:bob@example.com", "bob resolves it")
    check(r["initiator"] == "sip:alice@example.com", "and learns who asked for it")
    check(c("resolve bob t")["ok"], "and again, with a new message")
    check(c("request alice u sip:bob@example.com base64=1")["ok"], "a ticket in base64")
    check(c("resolve bob u base64=1")["ok"], "resolved in base64")
    check(c("request alice v sip:bob@example.com,sip:carol@example.com")["responders"] == 2,
          "a ticket for two")
    check(c("resolve bob v")["ok"] and c("resolve carol v")["ok"], "both resolve it")
    m = kms.metrics()
    check(m["mediasec_kms_tickets_issued_total"] == 3, "three issued, by the metrics")
    check(m["mediasec_kms_tickets_resolved_total"] == 5, "five resolved, by the metrics")
    check(m["mediasec_kms_front_answer_us_count"] == 8 and
          m['mediasec_kms_front_answer_us_bucket{le="+Inf"}'] == 8 and
          m["mediasec_kms_front_answer_us_sum"] > 0, "and how long they took")
    lines = [line for line in kms.audit() if " granted " in line]
    check(len(lines) == 8, "eight lines in the audit log")
    text = open(kms.audit_path).read() + kms.log()
    check(not any(key in text for _, _, key in kms.users.values()), "no key in audit log or log")


def a_long_list(make):
    """one ticket for a list of a thousand: every member resolves it, nobody else does"""
    kms, c = lab(make)
    members = ["sip:member%04d@example.com" % i for i in range(998)] + ["sip:bob@example.com", "sip:carol@example.com"]
    a = c("request server list " + ",".join(members) + " life=3600")
    check(a["ok"] and a["responders"] == 1000 and not a["altered"], "a ticket for a thousand (%s)" % a)
    check(c("resolve bob list")["ok"] and c("resolve carol list base64=1")["ok"], "members resolve it")
    refused(kms, c("resolve alice list"), "not_admitted", 12)
    check(c("request server text " + ",".join(members) + " base64=1")["ok"], "and in base64")
    more = members + ["sip:more%02d@example.com" % i for i in range(25)]
    refused(kms, c("request server more " + ",".join(more)), "too_many_responders", 12)
    m = kms.metrics()
    check(m["mediasec_kms_tickets_issued_total"] == 2 and m["mediasec_kms_tickets_resolved_total"] == 2,
          "by the metrics two tickets and two resolves")


def who_may_resolve(make):
    """wildcards, aliases, PSIs, and those who may not"""
    kms, c = lab(make)
    c("request alice any ?@?")
    check(c("resolve carol any")["admitted"] == "sip:carol@example.com", "?@? admits carol")
    c("request alice dom sip:?@example.com")
    check(c("resolve bob dom")["ok"], "sip:?@example.com admits bob")
    c("request alice other sip:?@example.org")
    refused(kms, c("resolve bob other"), "not_admitted", 12)
    c("request alice part sip:b?@example.com")
    check(c("resolve bob part")["ok"], "sip:b?@example.com admits bob")
    refused(kms, c("resolve carol part"), "not_admitted", 12)
    c("request alice alias sip:bobby@example.com")
    check(c("resolve bob alias")["admitted"] == "sip:bobby@example.com",
          "a ticket for bob's other identity: that identity is in the answer")
    refused(kms, c("resolve carol alias"), "not_admitted", 12)
    kms.ctl("psi", "add", "sip:team@example.com", "server")
    c("request alice psi sip:team@example.com")
    check(c("resolve server psi")["admitted"] == "sip:server@example.com",
          "the owner of a PSI resolves; the member is named, not the group")
    refused(kms, c("resolve bob psi"), "not_admitted", 12)
    members(kms, c)
    kms.ctl("psi", "remove", "sip:team@example.com")
    refused(kms, c("resolve server psi"), "not_admitted", 12)


def arbiters(make):
    """who judges proofs of origin resolves any ticket, as long as it is one of them"""
    kms, c = lab(make, ticket__arbiters="sip:arbiters@example.com")
    c("request alice t sip:bob@example.com")
    refused(kms, c("resolve carol t"), "not_admitted", 12)
    kms.ctl("psi", "add", "sip:arbiters@example.com", "carol")
    check(c("resolve carol t")["admitted"] == "sip:carol@example.com", "carol judges")
    check(' admitted="sip:carol@example.com"' in kms.audit()[-1], "which is in the audit log")
    refused(kms, c("resolve server t"), "not_admitted", 12)
    kms.ctl("psi", "remove", "sip:arbiters@example.com")
    refused(kms, c("resolve carol t"), "not_admitted", 12)


def set_members(kms, psi, *uris):
    path = os.path.join(kms.dir, "members")
    with open(path, "w", encoding="ascii") as f:
        f.writelines(uri + "\n" for uri in uris)
    return kms.ctl("psi", "members", psi, path)


def members(kms, c):
    team = "sip:team@example.com"
    told = set_members(kms, team, "sip:bob@example.com", "sip:carol@example.com", "sip:zoe@example.net")
    check(told == {"added": 2, "removed": 0, "unknown": ["sip:zoe@example.net"]}, "two members; who is not known is said")
    check(c("resolve bob psi")["admitted"] == "sip:bob@example.com", "a member of a PSI resolves, as himself")
    check(c("resolve carol psi")["admitted"] == "sip:carol@example.com", "so does another")
    uri, key_id, key = kms.users["bob"]
    c("user bobteam %s %s %s" % (team, key_id, key))
    refused(kms, c("request bobteam t sip:carol@example.com"), "identity_mismatch", 7)
    told = set_members(kms, team, "sip:carol@example.com")
    check((told["added"], told["removed"]) == (0, 1), "one goes, one stays")
    refused(kms, c("resolve bob psi"), "not_admitted", 12)
    kms.ctl("policy", "add", "sip:alice@example.com", "sip:carol@example.com", "--deny", "--id", "900")
    refused(kms, c("resolve carol psi"), "policy_denied", 12)
    kms.ctl("policy", "remove", "900")
    check(c("resolve carol psi")["ok"], "without the rule again")


def identities(make):
    """a request may use only the user's own identities"""
    kms, c = lab(make)
    uri, key_id, key = kms.users["alice"]
    c("user ally sip:ally@example.com %s %s" % (key_id, key))
    check(c("request ally t sip:bob@example.com")["ok"], "alice as sip:ally@example.com")
    check(c("resolve bob t")["initiator"] == "sip:ally@example.com", "is who bob sees")
    c("user thief sip:bob@example.com %s %s" % (key_id, key))
    refused(kms, c("request thief t2 sip:carol@example.com"), "identity_mismatch", 7)
    c("user wrongkey %s %s %s" % (uri, key_id, "00" * 32))
    refused(kms, c("request wrongkey t3 sip:carol@example.com"), "bad_mac", 0)
    c("user guess sip:bob@example.com %s %s" % (key_id, "00" * 32))
    refused(kms, c("request guess t3 sip:carol@example.com"), "bad_mac", 0)
    c("user nokey %s nosuch %s" % (uri, key))
    refused(kms, c("request nokey t4 sip:carol@example.com"), "unknown_psk", 0)
    check(' claims="%s"' % uri in kms.audit()[-1], "the audit log has the name in it")
    c("user nameless -%s %s %s" % (uri, key_id, key))
    check(c("request nameless t5 sip:bob@example.com")["ok"], "identities left out")
    kms.ctl("user", "identity", "add", "alice", "sip:new@example.com")
    c("user new sip:new@example.com %s %s" % (key_id, key))
    check(c("request new t6 sip:bob@example.com")["ok"], "an identity added while it runs")
    kms.ctl("user", "identity", "remove", "alice", "sip:new@example.com")
    refused(kms, c("request new t7 sip:bob@example.com"), "identity_mismatch", 7)
    kms.ctl("psi", "add", "sip:psi@example.com", "alice")
    c("user psi sip:psi@example.com %s %s" % (key_id, key))
    check(c("request psi t8 sip:bob@example.com")["ok"], "the owner of a PSI may speak as the PSI")
    check(c("resolve bob t8")["initiator"] == "sip:psi@example.com", "and bob sees the PSI")
    kms.ctl("revoke", "user", "alice")
    refused(kms, c("resolve bob t8"), "user_revoked", 12)
    check(c("request psi t9 sip:bob@example.com")["ok"], "a new ticket as the PSI")
    kms.ctl("user", "disable", "alice")
    refused(kms, c("resolve bob t9"), "initiator_gone", 12)
    p = kms.ctl("psi", "add", "sip:bob@example.com", "server", ok=False)
    check("user's own identity" in p.stderr, "a user's identity is no PSI")
    p = kms.ctl("user", "identity", "add", "bob", "sip:psi@example.com", ok=False)
    check("is a PSI" in p.stderr, "nor a PSI a user's identity")


def taken_away(make):
    """disabled, removed, revoked, expired"""
    kms, c = lab(make)
    check(c("request alice t sip:bob@example.com")["ok"], "a ticket")
    kms.ctl("user", "disable", "bob")
    refused(kms, c("resolve bob t"), "user_disabled", 0)
    kms.ctl("user", "enable", "bob")
    check(c("resolve bob t")["ok"], "enabled again")
    kms.ctl("user", "disable", "alice")
    refused(kms, c("request alice t2 sip:bob@example.com"), "user_disabled", 0)
    refused(kms, c("resolve bob t"), "initiator_gone", 12)
    kms.ctl("user", "enable", "alice")
    check(c("resolve bob t")["ok"], "the ticket is good again")
    kms.ctl("revoke", "user", "alice")
    refused(kms, c("resolve bob t"), "user_revoked", 12)
    check(c("request alice t3 sip:bob@example.com")["ok"], "a ticket asked for afterwards")
    check(c("resolve bob t3")["ok"], "is good")
    check(c("save t3 " + kms.path("ticket"))["ok"], "saved")
    show = json.loads(subprocess.run([CTL, "kms", "--json", "ticket", "show", kms.path("ticket")],
                                     check=True, capture_output=True).stdout)
    check(show["responders"] == ["sip:bob@example.com"] and show["kms"] == "kms.example.com",
          "ticket show has its policy")
    check(any(show["ticket"] in line for line in kms.audit()), "and the id of the audit log")
    kms.ctl("revoke", "ticket", show["ticket"])
    refused(kms, c("resolve bob t3"), "ticket_revoked", 12)
    kms.stop()
    kms.start()
    refused(kms, c("resolve bob t"), "user_revoked", 12)
    refused(kms, c("resolve bob t3"), "ticket_revoked", 12)
    c("request alice short sip:bob@example.com life=4")
    check(c("resolve bob short")["ok"], "a ticket of four seconds")
    time.sleep(4.2)
    refused(kms, c("resolve bob short skew=-20"), "ticket_expired", 12)
    c("request carol t4 sip:bob@example.com")
    kms.ctl("user", "remove", "carol")
    refused(kms, c("resolve bob t4"), "initiator_gone", 12)
    refused(kms, c("request carol t5 sip:bob@example.com"), "unknown_psk", 0)
    kms.add_user("gba", key_id="btid", more=("--gba", "--lifetime", "4"))
    c("user gba %s %s %s" % kms.users["gba"])
    check(c("request gba t6 sip:bob@example.com")["ok"], "a ticket with a GBA key")
    time.sleep(4.2)
    refused(kms, c("request gba t7 sip:bob@example.com"), "key_expired", 0)


def policy(make):
    """who may ask for whom, for how long, with how many keys"""
    kms, c = lab(make, ticket__max_keys=4, ticket__lifetime="2h", ticket__max_responders=3)
    a = c("request alice t sip:bob@example.com life=86400")
    check(a["altered"] == 1 and 7190 <= a["life"] <= 7200, "a longer wish is shortened, K is set")
    a = c("request alice t sip:bob@example.com life=600")
    check(a["altered"] == 0 and a["life"] <= 600, "a shorter wish is granted as it is")
    check(c("request alice t sip:bob@example.com keys=4")["ok"], "four keys")
    refused(kms, c("request alice t sip:bob@example.com keys=5"), "too_many_keys", 12)
    refused(kms, c("request alice t " + ",".join("sip:u%d@a" % i for i in range(4))),
            "too_many_responders", 12)
    rule = kms.ctl("policy", "add", "sip:alice@example.com", "sip:carol@example.com", "--deny")
    refused(kms, c("request alice t sip:carol@example.com"), "policy_denied", 12)
    check(' to="sip:carol@example.com"' in kms.audit()[-1], "the audit log says for whom it was")
    refused(kms, c("request alice t sip:bob@example.com,sip:carol@example.com"),
            "policy_denied", 12)
    check(c("request bob t sip:carol@example.com")["ok"], "bob may")
    for wide in ("?@?", "sip:car?@example.com"):
        check(c("request alice t " + wide)["ok"], "a ticket for " + wide)
        refused(kms, c("resolve carol t"), "policy_denied", 12)
        check(c("resolve bob t")["ok"] or "car" in wide, "which does not open it for carol")
    kms.ctl("policy", "add", "sip:bob@example.com", "?@?", "--lifetime", "60", "--max-keys", "1")
    check(c("request bob t ?@? life=7000")["life"] <= 60, "a rule's own lifetime")
    refused(kms, c("request bob t ?@? keys=2"), "too_many_keys", 12)
    kms.ctl("policy", "remove", str(rule["id"]))
    check('policy.remove "%d"' % rule["id"] in kms.audit()[-1], "the audit log says which rule went")
    kms.ctl("policy", "add", "*", "*", "--id", str(2**31 - 1))
    rule = kms.ctl("policy", "add", "*", "*")
    kms.ctl("policy", "remove", str(rule["id"]))
    kms.ctl("policy", "remove", str(2**31 - 1))
    check(c("request alice t sip:carol@example.com")["ok"], "the rule is gone")
    check(len(kms.ctl("policy", "list")["rules"]) == 1, "one rule left")
    kms.write_config(ticket__default="deny")
    kms.process.send_signal(1)
    wait_for(lambda: "reload" in kms.log(), 5, "reload in the log")
    wait_for(lambda: not c("request alice t sip:carol@example.com")["ok"], 5, "deny by default")
    kms.ctl("policy", "add", "*", "sip:?@example.com")
    check(c("request alice t sip:carol@example.com")["ok"], "what a rule allows")
    refused(kms, c("request alice t ?@?"), "policy_denied", 12)
    check(c("request alice t sip:?@example.com")["ok"], "a wildcard within the rule's")


def clocks_and_replay(make):
    """wrong clocks, and a message that comes twice: at once, after a restart, after a kill"""
    kms, c = lab(make)
    refused(kms, c("request alice t sip:bob@example.com skew=400"), "stale_timestamp", 1)
    refused(kms, c("request alice t sip:bob@example.com skew=-400"), "stale_timestamp", 1)
    check(c("request alice t sip:bob@example.com skew=200")["ok"], "within the skew")
    refused(kms, c("again"), "replay", 1)
    kms.stop()
    kms.start()
    refused(kms, c("again"), "replay", 1)
    check(c("resolve bob t")["ok"], "resolved")
    refused(kms, c("again"), "replay", 1)
    kms.kill()
    kms.start()
    refused(kms, c("again"), "replay", 1)
    check(kms.metrics()["mediasec_kms_replays_total"] == 1, "counted since the start")
    check(c("resolve bob t")["ok"], "the ticket survived restart and kill")
    for skew in (600, 200):
        kms.stop()
        kms.write_config(profile__clock_skew_s=skew)
        kms.start()
        refused(kms, c("again"), "replay", 1)


def transport(make):
    """what HTTP answers"""
    kms, c = lab(make, http__body_max="4k")
    q = "/keymanagement?requesttype="
    mikey = (("Content-Type", "application/mikey"),)

    def status(*args, **kw):
        return kms.http(*args, **kw)[0]

    check(status("POST", "/other" + "?requesttype=ticketrequest", b"\1\v", mikey) == 404, "404")
    code, head, _ = kms.http("GET", q + "ticketrequest")
    check(code == 405 and "Allow: POST" in head, "405 with Allow")
    check(status("POST", q + "ticketrequest", b"\1\v", (("Content-Type", "text/plain"),)) == 415,
          "415 for another media type")
    check(status("POST", q + "ticketrequest", b"\1\v") == 415, "415 without a media type")
    check(status("POST", q + "ticketrequest", b"\1\v" * 4000, mikey) == 413, "413")
    check(status("POST", q + "other", b"\1\v", mikey) == 400, "400 for another request type")
    check(status("POST", "/keymanagement", b"\1\v", mikey) == 400, "400 without request type")
    check(status("POST", q + "ticketrequest", b"", mikey) == 400, "400 for an empty body")
    check(status("POST", q + "ticketrequest", b"nonsense!", mikey) == 400, "400 for garbage")
    check(status("POST", q + "ticketrequest", b"\1\v" + b"\xff" * 100, mikey) in (200, 400),
          "an answer for garbage behind a header")
    check(status("POST", q + "ticketresolve", b"\1\v\0\0\0\0\0\0\0\1", mikey) == 400,
          "400 for a message of the other request type")
    check(c("request alice t sip:bob@example.com query=ticketresolve")["status"] == 400,
          "400 for a good message of the other request type")
    check(c("request alice t sip:bob@example.com corrupt=2")["status"] == 400, "400: data type")
    check(c("request alice t sip:bob@example.com")["ok"], "and a good one is served")


def make_certificate(kms, name, days=30):
    """RSA key and certificate: NAME.key and NAME.pem, and both in DER"""
    key, pem = kms.path(name + ".key"), kms.path(name + ".pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", pem,
                    "-subj", "/CN=" + name, "-days", str(days)], check=True, capture_output=True)
    subprocess.run(["openssl", "x509", "-in", pem, "-outform", "DER", "-out", pem + ".der"], check=True)
    subprocess.run(["openssl", "pkey", "-in", key, "-outform", "DER", "-out", key + ".der"], check=True,
                   capture_output=True)
    os.chmod(key, 0o600)


def certificates(make):
    """the public-key variants: a certificate in the store instead of a key"""
    kms = make()
    for name in ("kms", "dora", "emil", "stranger"):
        make_certificate(kms, name)
    kms.write_config(vault__certificate=kms.path("kms.pem"), vault__private_key=kms.path("kms.key"))
    kms.start()
    kms.add_user("alice")
    for name in ("dora", "emil"):
        kms.ctl("user", "add", name, "--identity", "sip:%s@example.com" % name)
        kms.ctl("user", "cert", "add", name, kms.path(name + ".pem"))
    c = kms.client()
    for name in ("dora", "emil", "stranger"):
        check(c("certuser %s sip:%s@example.com %s.der %s.der %s.der" % (
            name, name, kms.path(name + ".key"), kms.path(name + ".pem"), kms.path("kms.pem")))["ok"],
            name + " has a certificate")
    check(c("request dora t sip:emil@example.com,sip:alice@example.com")["ok"], "a ticket by signature")
    check(c("resolve emil t")["initiator"] == "sip:dora@example.com", "resolved by signature")
    check(c("resolve alice t")["ok"], "resolved by a pre-shared key")
    check(c("request alice u sip:dora@example.com")["ok"] and c("resolve dora u")["ok"], "and the other way")
    refused(kms, c("again"), "replay", 1)
    a = c("request stranger v sip:emil@example.com")
    check(not a["ok"] and kms.reason() == "certificate_unknown", "a certificate that is not in the store")
    c("certuser thief sip:emil@example.com %s.der %s.der %s.der" % (
        kms.path("dora.key"), kms.path("dora.pem"), kms.path("kms.pem")))
    refused(kms, c("request thief w sip:alice@example.com"), "identity_mismatch", 7)
    # One that ends at the moment it begins.
    for words in ("req -new -key {0}.key -out {0}.csr -subj /CN=old", "x509 -req -in {0}.csr -signkey {0}.key -days 0 -out {0}.pem",
                  "x509 -in {0}.pem -outform DER -out {0}.pem.der"):
        subprocess.run(["openssl", *words.format(kms.path("stranger")).split()], check=True, capture_output=True)
    kms.ctl("user", "add", "old", "--identity", "sip:old@example.com")
    kms.ctl("user", "cert", "add", "old", kms.path("stranger.pem"))
    check(c("certuser old sip:old@example.com %s.der %s.der %s.der" % (
        kms.path("stranger.key"), kms.path("stranger.pem"), kms.path("kms.pem")))["ok"], "an old certificate")
    a = c("request old y sip:emil@example.com")
    check(not a["ok"] and kms.reason() == "certificate_expired", "is refused as expired")
    shown = kms.ctl("user", "show", "dora")["certificates"][0]
    kms.ctl("user", "cert", "remove", shown["fingerprint"])
    a = c("request dora x sip:emil@example.com")
    check(not a["ok"] and kms.reason() == "certificate_unknown", "a certificate that was removed")
    kms.stop()
    os.chmod(kms.path("kms.key"), 0o644)
    kms.start(ready=False)
    check(kms.ended() != 0, "a private key that others may read: no start")
    wait_for(lambda: "kms.key: unreadable, or others may read it" in kms.log(), 3, "and the log says why")


def audit_to_syslog(make):
    """the audit log at a syslog daemon that is started again meanwhile"""
    kms = make()

    def daemon():
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        s.bind(kms.path("syslog"))
        s.settimeout(5)
        return s

    log = daemon()
    kms.write_config(audit__target="syslog", audit__syslog=kms.path("syslog"))
    kms.start()
    kms.add_user("alice")
    check(b"mediasec-kms-audit:" in log.recv(4096), "the operator's change")
    c = kms.client()
    check(c("request alice t sip:bob@example.com")["ok"], "a ticket")
    line = log.recv(4096)
    check(line.startswith(b"<86>") and b'issue granted user="alice"' in line, "its line: %r" % line)
    log.close()
    os.unlink(kms.path("syslog"))
    check(c("request alice u sip:bob@example.com")["ok"], "without a syslog daemon tickets are issued")
    check(kms.metrics()["mediasec_kms_audit_errors_total"] == 1, "and the loss is counted")
    log = daemon()
    check(c("request alice v sip:bob@example.com")["ok"] and b"issue granted" in log.recv(4096),
          "connected again to the next one")
    check("killed" not in kms.log(), "under the system call filter")
    log.close()
    kms.stop()
    os.unlink(kms.path("syslog"))
    kms.start(ready=False)
    check(kms.ended() != 0, "no syslog daemon at the start: no start")


def two_addresses(make):
    """IPv4 and IPv6 at once"""
    kms = make()
    kms.write_config(http__listen=["127.0.0.1:%d" % kms.port, "[::1]:%d" % kms.port])
    kms.start()
    check(kms.http("GET", "/x", host="::1")[0] == 404, "over ::1")
    check(kms.http("GET", "/x")[0] == 404, "over 127.0.0.1")


def configured_names(make):
    """path, query and the MIKEY numbers are the operator's to set"""
    kms = make(profile__kms_path="/kms", profile__kms_request="ask", profile__kms_resolve="open")
    kms.start()
    kms.add_user("alice")
    c = kms.client()
    check(c("request alice t sip:bob@example.com path=/kms query=ask")["ok"], "own names")
    check(c("request alice t sip:bob@example.com")["status"] == 404, "the defaults are gone")


run([main_job, a_long_list, who_may_resolve, arbiters, identities, taken_away, policy, clocks_and_replay, transport,
     certificates, audit_to_syslog, two_addresses,
     configured_names])
