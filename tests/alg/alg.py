#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mediasec-alg between users and a core that both do what the test says: registration, media security,
identities, flows, and what strangers try."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from agent import Agent, Call, Silence, token  # noqa: E402
from alglab import Alg, base  # noqa: E402
from patience import until  # noqa: E402
from ports import release, reserve  # noqa: E402

BOTH = "msrp-tls;mediasec, bfcp-tls;mediasec"
CASES = []


def case(f):
    CASES.append(f)
    return f


def certificate(pem, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", pem, "-out", pem + ".crt", "-days", "1", "-subj", f"/CN={name}"],
                   check=True, capture_output=True)
    with open(pem, "a", encoding="ascii") as f:
        f.write(open(pem + ".crt", encoding="ascii").read())


class World:
    def __init__(self, folder, address="127.0.0.1", tls=False, **changes):
        os.makedirs(folder, exist_ok=True)
        self.address, port = address, reserve(1)
        self.pem = os.path.join(folder, "alg.pem") if tls else None
        if tls:
            certificate(self.pem, "alg")
        self.metrics = reserve(1)
        self.alg = Alg(folder, f"127.0.0.1:{port}", users=address, tls=self.pem, metrics=f"127.0.0.1:{self.metrics}", **changes)
        self.core = Agent(port=port, to=("127.0.0.1", self.alg.core))
        self.agents = [self.core]

    def user(self, kind="udp", address=None):
        a = Agent(kind, address or self.address, to=(self.address, self.alg.access + (kind == "tls")),
                  client=kind != "udp")
        self.agents.append(a)
        return a

    def register(self, user, name="alice", expires=600, headers=(), security=BOTH, status=200, answer=(), contact=None):
        """(what the core got, what the user got)"""
        call = Call(user, f"sip:{name}@one.example", name)
        more = list(headers) + [f"Expires: {expires}"]
        if security:
            more += [f"Security-Client: {security}", "Require: sec-agree", "Proxy-Require: sec-agree"]
        user.request("REGISTER", "sip:one.example", call=call, headers=more, contact=contact or name)
        m = self.core.expect("REGISTER")
        bound = [f"Contact: {m.get('Contact')};expires={expires}"] if expires else []
        self.core.respond(m, status, contact=None, headers=bound + [
            f"Service-Route: <sip:orig@{self.core.host};lr>",
            f"P-Associated-URI: <sip:{name}@one.example>, <tel:+4912345>"] + list(answer))
        return m, user.expect(status)

    def path(self, m):
        return m.get("Path")

    def status(self):
        return self.alg.control.ask("status")

    def registrations(self):
        return self.alg.control.ask("registrations")

    def close(self):
        for a in self.agents:
            a.close()
        self.alg.stop()


@case
def registers(w):
    user = w.user()
    m, ok = w.register(user)
    assert w.path(m).startswith("<sip:") and ";lr>" in w.path(m) and "path" in m.list("Require")
    assert not m.get("Security-Client") and "sec-agree" not in m.list("Require") + m.list("Proxy-Require")
    assert m.get("P-Visited-Network-ID") == '"visited.example"' and "icid-value=" in m.get("P-Charging-Vector")
    assert ok.get("Security-Server") == BOTH and ok.get("Service-Route")
    (r,) = w.registrations()
    assert r["identity"] == "sip:alice@one.example" and r["security"] == BOTH and 590 < r["expires_s"] <= 600
    _, ok = w.register(user, "bella", security="msrp-tls;mediasec, ipsec-3gpp;alg=x, sdes-srtp;mediasec, bfcp-tls")
    assert ok.get("Security-Server") == "msrp-tls;mediasec"  # each for itself; without the flag it is another thing
    _, ok = w.register(user, "carla", security="")
    assert not ok.get("Security-Server")
    assert [r["security"] for r in w.registrations()] == [BOTH, "msrp-tls;mediasec", ""]
    w.register(user, "bella", 0)  # the state goes with the contact
    assert len(w.registrations()) == 2
    w.register(user, "carla", 1)
    until(lambda: [r["identity"] for r in w.registrations()] == ["sip:alice@one.example"], 4, "Carla's has expired")


registers.changes = {"access": {"visited_network": "visited.example", "charging": True}}


@case
def challenged(w):
    user = w.user()
    _, m = w.register(user, status=401, answer=['WWW-Authenticate: Digest realm="x", nonce="y"'])
    assert m.get("Security-Server") == BOTH and m.get("WWW-Authenticate") and not w.registrations()
    w.register(user, headers=['Authorization: Digest username="a"', f"Security-Verify: {BOTH}"])
    assert len(w.registrations()) == 1


@case
def bidding_down_is_noticed(w):
    user = w.user()
    w.register(user)
    call = Call(user, "sip:alice@one.example", "alice")
    for verify in ("msrp-tls;mediasec", "foo;mediasec"):
        user.request("REGISTER", "sip:one.example", call=call, contact="alice",
                     headers=[f"Security-Client: {BOTH}", f"Security-Verify: {verify}"])
        assert user.expect(494).get("Security-Server") == BOTH
    user.request("MESSAGE", "sip:bob@one.example", headers=["Security-Verify: bfcp-tls;mediasec"])
    assert user.expect(494)
    user.request("MESSAGE", "sip:bob@one.example")
    assert user.expect(494)  # it was told, so it must say
    user.request("MESSAGE", "sip:bob@one.example", headers=[f"Security-Verify: {BOTH}", "Require: sec-agree"])
    m = w.core.expect("MESSAGE")
    assert not m.get("Security-Verify") and not m.get("Require")


bidding_down_is_noticed.changes = {"access": {"verify": "require"}}


@case
def asked_whether_it_lives(w):
    user, name = w.user(), f"127.0.0.1:{w.alg.access}"
    for agent, uri in ((user, f"sip:{name}"), (w.core, f"sip:127.0.0.1:{w.alg.core}")):
        agent.request("OPTIONS", uri)
        ok = agent.expect(200)
        assert ok.tag("To") and "INVITE" in ok.list("Allow") and not ok.body
    w.alg.control.ask("drain")
    w.core.request("OPTIONS", f"sip:127.0.0.1:{w.alg.core}")
    assert w.core.expect(503).get("Retry-After")  # a dispatcher sends its calls elsewhere
    w.alg.control.ask("undrain")
    w.core.request("OPTIONS", f"sip:127.0.0.1:{w.alg.core}")
    w.core.expect(200)


@case
def metrics_by_http(w):
    port = w.metrics
    before = w.alg.scrape(port)
    assert before["mediasec_border_calls"] == 0 and 'mediasec_border_lines_total{choice="msrp_cema"}' in before
    w.user().request("INVITE", "sip:bob@one.example")
    deadline = time.time() + 10
    while w.alg.scrape(port)['mediasec_border_rejected_total{reason="not_registered"}'] != 1:
        assert time.time() < deadline


@case
def reloaded(w):
    user = w.user()
    assert w.register(user)[1].get("Security-Server") == BOTH
    w.alg.reload(access={"bfcp_tls": False, "visited_network": "there.example"})
    m, ok = w.register(user, "bella")
    assert ok.get("Security-Server") == "msrp-tls;mediasec" and m.get("P-Visited-Network-ID") == '"there.example"'
    for changes, key in (({"sip": {"requests": 77}}, "sip.requests"), ({"h248": {"mid": "other.example.net"}}, "h248.mid"),
                         ({"access": {"state": "/tmp/x"}}, "access.state"), ({"metrics": "127.0.0.1:9"}, "metrics")):
        try:
            w.alg.reload(**changes)
            raise AssertionError(f"{key} was changed")
        except base.LabError as e:
            assert f"{key} needs a restart; nothing was changed" in str(e), e
    try:
        w.alg.reload(access={"verify": "perhaps"})
        raise AssertionError("taken")
    except base.LabError as e:
        assert "access.verify" in str(e), e
    assert w.register(user, "carla")[1].get("Security-Server") == "msrp-tls;mediasec"  # as before
    w.alg.write(base.merge(w.alg.config, {"access": {"unregistered": "pass"}}))
    w.alg.process.send_signal(signal.SIGHUP)
    deadline = time.time() + 10
    while w.alg.text().count("mediasec-alg: main: reloaded") < 2:
        assert time.time() < deadline, w.alg.text()
        time.sleep(0.02)
    w.user().request("INVITE", "sip:bob@one.example")
    w.core.expect("INVITE")
    assert w.register(user, "dora")[1].get("Security-Server") == BOTH


@case
def a_certificate_is_replaced(w):
    def subject():
        shown = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{w.alg.access + 1}"], input=b"", capture_output=True,
                               timeout=20, check=False).stdout.decode()
        return next(line for line in shown.splitlines() if line.startswith("subject="))
    user = w.user("tls")
    w.register(user)
    assert "CN = alg" in subject()
    certificate(w.pem, "newer")
    w.alg.reload()
    assert "CN = newer" in subject()
    with open(w.pem, "w", encoding="ascii") as f:
        f.write("nonsense")
    try:
        w.alg.reload()
        raise AssertionError("taken")
    except base.LabError as e:
        assert "could not be put in force: " in str(e) and w.pem in str(e), e
    assert "CN = newer" in subject()
    w.register(user, "bella")  # who is connected stays so


a_certificate_is_replaced.tls = True


@case
def strangers_do_not_call(w):
    user = w.user()
    user.request("INVITE", "sip:bob@one.example")
    assert user.expect(403)
    user.request("OPTIONS", f"sip:127.0.0.1:{w.alg.access}")
    assert user.expect(200)
    assert w.alg.counter('mediasec_border_rejected_total{reason="not_registered"}') == 1
    w.core.nothing("INVITE")


@case
def identities_are_asserted(w):
    user = w.user()
    w.register(user)
    user.request("MESSAGE", "sip:bob@one.example", routes=["<sip:evil@192.0.2.99;lr>"],
                 headers=["P-Asserted-Identity: <sip:boss@one.example>", "P-Charging-Vector: icid-value=forged"])
    m = w.core.expect("MESSAGE")
    assert m.all("P-Asserted-Identity") == ["<sip:alice@one.example>"] and not m.get("P-Charging-Vector")
    assert m.list("Route") == [f"<sip:orig@{w.core.host};lr>"]  # the registrar's way, not the user's
    for wish, said in (("<tel:+4912345>", "<tel:+4912345>"), ("<sip:boss@one.example>", "<sip:alice@one.example>")):
        user.request("MESSAGE", "sip:bob@one.example", headers=[f"P-Preferred-Identity: {wish}"])
        m = w.core.expect("MESSAGE")
        assert m.get("P-Asserted-Identity") == said and not m.get("P-Preferred-Identity")
    user.request("MESSAGE", "sip:bob@one.example", headers=["Proxy-Require: mediasec, sec-agree", "Require: mediasec, x, sec-agree"])
    m = w.core.expect("MESSAGE")
    assert not m.get("Proxy-Require") and m.list("Require") == ["x"]
    user.request("MESSAGE", "sip:bob@one.example", headers=["Proxy-Require: privacy"])
    assert user.expect(420).get("Unsupported") == "privacy"


def terminating(w, user, name="alice"):
    m, _ = w.register(user, name)
    contact = m.get("Contact").strip("<>")
    call = Call(w.core, f"sip:{name}@one.example", "bob")
    record = f"<sip:{w.core.host};lr>"
    w.core.request("INVITE", contact, call=call, routes=[w.path(m)], contact="scscf",
                   headers=[f"Record-Route: {record}", "P-Charging-Vector: icid-value=1", "Privacy: id",
                            "P-Asserted-Identity: <sip:bob@one.example>"])
    invite = user.expect("INVITE")
    assert invite.uri == contact and not invite.get("P-Charging-Vector") and not invite.get("P-Asserted-Identity")
    assert not invite.all("Route") and len(invite.list("Record-Route")) == 3
    user.respond(invite, 200, tag="callee", headers=["P-Preferred-Identity: <tel:+4912345>"])
    ok = w.core.expect(200)
    assert ok.get("P-Asserted-Identity") == "<tel:+4912345>"
    routes = list(reversed(ok.list("Record-Route")))
    assert routes[0] == record
    call.answered(ok)
    call.routes = routes[1:]
    call.send("ACK", 1)
    user.expect("ACK")
    back = Call.incoming(user, invite, "callee")
    back.send("INFO", 1)
    info = w.core.expect("INFO")
    assert info.list("Route") == [record]
    w.core.respond(info, 200)
    user.expect(200)
    call.send("BYE", 2)
    bye = user.expect("BYE")
    user.respond(bye, 200)
    w.core.expect(200)
    return call


@case
def called_over_udp(w):
    terminating(w, w.user())


@case
def called_over_tcp(w):
    user = w.user("tcp")
    call = terminating(w, user)
    user.conn.close()
    user.buffers.clear()
    until(lambda: w.registrations() == [], 4, "gone with the connection")
    call.send("INFO", 3)
    assert w.core.expect(430)
    assert w.alg.counter("mediasec_sip_flow_failed_total") == 1


@case
def called_over_tls(w):
    terminating(w, w.user("tls"))


called_over_tls.tls = True


@case
def called_over_ipv6(w):
    terminating(w, w.user())
    terminating(w, w.user("tcp"), "bella")


called_over_ipv6.address = "::1"


@case
def tokens_are_ours(w):
    user = w.user()
    m, _ = w.register(user)
    path = w.path(m)
    digit = "0" if path[20] != "0" else "1"
    w.core.request("MESSAGE", user.uri("alice"), routes=[path[:20] + digit + path[21:]])
    assert w.core.expect(403)
    assert w.alg.counter("mediasec_sip_token_forged_total") == 1
    w.core.request("MESSAGE", user.uri("alice"))  # an address alone is no way to a user
    assert w.core.expect(404)
    w.core.request("MESSAGE", user.uri("alice"), routes=[path])
    assert user.expect("MESSAGE")


@case
def nobody_relays_by_us(w):
    user = w.user()
    w.register(user)
    inside = Call(user, "sip:x@y>;tag=1;a=<b", "alice")
    for routes in ([], ["<sip:192.0.2.1;lr>"], [f"<sip:127.0.0.1:{w.alg.access};lr>", "<sip:192.0.2.1;lr>"]):
        user.request("BYE", "sip:victim@127.0.0.77:9", call=inside, routes=routes)
        assert user.expect(403, 400)
    w.core.nothing("BYE")


@case
def restarted_with_its_key(w):
    user = w.user()
    m, _ = w.register(user)
    w.alg.stop()
    w.alg.start()
    w.core.request("MESSAGE", user.uri("alice"), routes=[w.path(m)])
    assert user.expect("MESSAGE")  # by UDP the way holds


def key_file(folder):
    path = os.path.join(folder, "token")
    os.makedirs(folder, exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as f:
        f.write(os.urandom(32))
    return {"sip": {"token_key": path}}


restarted_with_its_key.prepare = key_file


def state_files(folder):
    return {"sip": {**key_file(folder)["sip"], "state": os.path.join(folder, "calls")},
            "access": {"state": os.path.join(folder, "contacts")}}


def called(w, user):
    """An answered call to the user: (the caller's, the callee's)."""
    m, _ = w.register(user)
    call = Call(w.core, "sip:alice@one.example", "bob")
    w.core.request("INVITE", m.get("Contact").strip("<>"), call=call, routes=[w.path(m)], contact="scscf")
    invite = user.expect("INVITE")
    user.respond(invite, 200, tag="callee", contact="alice")
    call.answered(w.core.expect(200))
    call.send("ACK", 1)
    user.expect("ACK")
    return call, Call.incoming(user, invite, "callee")


@case
def calls_are_known_after_a_crash(w):
    user, other = w.user("tcp"), w.user()
    call, _ = called(w, user)
    called(w, other)
    gone, _ = called(w, other)
    gone.send("BYE", 2)
    other.respond(other.expect("BYE"), 200)
    w.core.expect(200)
    before = w.alg.control.ask("sessions")
    assert len(before) == 2
    w.alg.kill()
    w.alg.start()
    assert w.alg.control.ask("sessions") == before
    # He comes back by another connection, and is found by his Contact.
    user.buffers.clear()
    user.conn.close()
    user.sock = None
    again = Agent("tcp", to=(w.address, w.alg.access), client=True)
    again.port = user.port
    w.agents.remove(user)
    w.agents.append(again)
    w.register(again)
    call.send("INFO", 5)
    info = again.expect("INFO")
    again.respond(info, 200)
    w.core.expect(200)
    w.alg.control.ask("session.release", id=before[0]["id"])
    bye = again.expect("BYE")
    assert bye.cseq > 5 and w.core.expect("BYE").get("Call-ID") == call.id
    again.respond(bye, 200)
    w.alg.kill()
    w.alg.start()
    assert len(w.alg.control.ask("sessions")) == 1


calls_are_known_after_a_crash.prepare = state_files


@case
def users_of_udp_are_known_after_a_crash(w):
    user, other, gone = w.user(), w.user("tcp"), w.user()
    w.register(user)
    w.register(other, "bella")
    w.register(gone, "carla", 1)
    m, _ = w.register(gone, "dora")
    w.register(gone, "dora", 0)
    before = w.registrations()[0]
    w.alg.kill()
    time.sleep(1)
    w.alg.start()
    (after,) = w.registrations()  # not those of connections, expired or gone
    before["expires_s"] = after["expires_s"] = 0
    assert after == before
    user.request("MESSAGE", "sip:bob@one.example")
    assert w.core.expect("MESSAGE").get("P-Asserted-Identity") == "<sip:alice@one.example>"
    assert m


users_of_udp_are_known_after_a_crash.prepare = state_files


@case
def a_flood_of_users_ends(w):
    user = w.user()
    for i in range(4):
        w.register(user, f"user{i}")
    other = w.user("tcp")
    for i in range(3):
        w.register(other, f"other{i}")
    assert len(w.registrations()) == 4 + 3
    w.register(user, "user9")  # over one flow only so many
    assert len(w.registrations()) == 4 + 3


a_flood_of_users_ends.changes = {"access": {"contacts_user": 4}}


def run(f, folder):
    changes = f.prepare(folder) if hasattr(f, "prepare") else getattr(f, "changes", {})
    world = World(folder, getattr(f, "address", "127.0.0.1"), getattr(f, "tls", False), **changes)
    try:
        f(world)
    finally:
        world.close()


def main():
    work, failed = tempfile.mkdtemp(prefix="ms-alg-"), []
    wanted = [f for f in CASES if not sys.argv[1:] or f.__name__ in sys.argv[1:]]
    for f in wanted:
        release()  # of the case before
        folder = os.path.join(work, f.__name__)
        try:
            run(f, folder)
            print(f"ok   {f.__name__}", flush=True)
        except (AssertionError, Silence, OSError, base.LabError, subprocess.SubprocessError, IndexError, KeyError, ValueError):
            failed.append(f.__name__)
            print(f"FAIL {f.__name__}\n{traceback.format_exc()}", flush=True)
            log = os.path.join(folder, "alg.log")
            if os.path.exists(log):
                print(open(log, encoding="utf-8", errors="replace").read()[-3000:], flush=True)
    shutil.rmtree(work, ignore_errors=True)
    print(f"{len(wanted) - len(failed)} of {len(wanted)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
