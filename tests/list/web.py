#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lists managed over HTTP: documents of RFC 4826, entity tags, who may, and documents that bite."""
import http.client
import os
import sys
import urllib.parse

SOURCE = os.environ.get("MS_SOURCE_DIR") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path[:0] = [os.path.join(SOURCE, "tests", "ue"), os.path.join(SOURCE, "lab")]
import scenario  # noqa: E402
from lists import ListLab  # noqa: E402
from ports import reserve  # noqa: E402
from scenario import has, same  # noqa: E402

scenario.Lab = ListLab
TYPE = "application/resource-lists+xml"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<resource-lists xmlns="urn:ietf:params:xml:ns:resource-lists"><list>'
TAIL = "</list></resource-lists>\n"
ALICE, ROOT = "alice-0123456789abcdef", "root-0123456789abcdef"


def document(*uris):
    return HEAD + "".join(f'<entry uri="{uri}"/>' for uri in uris) + TAIL


class Web:
    def __init__(self, lab):
        self.port = reserve(2, lab.list_address)
        self.address = lab.list_address
        self.tokens = os.path.join(lab.dir, "tokens")
        with open(os.open(self.tokens, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as f:
            f.write(f"# who may\n{ALICE} {lab.uri('alice')}\n{ROOT} *\n")

    def config(self):
        return {"listen": f"{self.address}:{self.port}", "metrics": f"{self.address}:{self.port + 1}", "token_file": self.tokens,
                "rate": 0}

    def ask(self, method, query="", body=None, token=ALICE, port=None, path="/lists", **fields):
        """(status, ETag, body)"""
        c = http.client.HTTPConnection(self.address, port or self.port, timeout=20)
        headers = {name.replace("_", "-"): value for name, value in fields.items()}
        if token:
            headers["Authorization"] = "Bearer " + token
        if body is not None:
            headers.setdefault("Content-Type", TYPE)
        c.request(method, path + query, body, headers)
        r = c.getresponse()
        answer = r.status, r.getheader("ETag"), r.read().decode()
        c.close()
        return answer


def documents(lab):
    """a list is made, read, changed under its tag, used, and removed"""
    web = Web(lab)
    lab.start("alice", "bob", "carol", http=web.config())
    friends = lab.list_uri("friends")
    lab.ctl("psi", "add", friends, "list")
    one = "?uri=" + friends
    same(web.ask("GET", one)[0], 404, "before it is there")
    status, tag, _ = web.ask("PUT", one + "&post=owner&show=members", document(lab.uri("bob"), lab.uri("bob")))
    same(status, 201, "made")
    status, got, text = web.ask("GET", one)
    same((status, got, text.count("<entry "), lab.uri("bob") in text), (200, tag, 1, True), "what it is")
    same(web.ask("GET", one, If_None_Match=tag)[0], 304, "unchanged")
    same(web.ask("PUT", one, document(lab.uri("carol")), If_None_Match="*")[0], 412, "made a second time")
    same(web.ask("PUT", one, document(lab.uri("carol")), If_Match='"1"')[0], 412, "changed under another tag")
    status, newer, _ = web.ask("PUT", one, document(lab.uri("bob"), lab.uri("carol")), If_Match=tag)
    same((status, newer != tag), (200, True), "changed under its tag")
    same(web.ask("PUT", one, document(lab.uri("bob")), If_Match=tag)[0], 412, "the old tag is old")
    same(friends in web.ask("GET")[2], True, "it is among the lists")
    bob = lab.online("bob")
    lab.ue("alice", "send", friends, "by HTTP").finish(0)
    has(bob.wait("message"), text="by HTTP", peer=friends, author=lab.uri("alice"))
    same(has_line(web, "mediasec_list_accepted_total 1"), True, "metrics")
    lab.server.kill()
    lab.restart_server(http=web.config())
    same(web.ask("GET", one)[:2], (200, newer), "after a kill")
    same(web.ask("DELETE", one, If_Match=tag)[0], 412, "removed under an old tag")
    same(web.ask("DELETE", one, If_Match=newer)[0], 200, "removed")
    same(web.ask("DELETE", one)[0], 404, "removed twice")


def entries(lab):
    """one member read, added, renamed and removed by its path in the document (RFC 4825), under the list's tag"""
    web = Web(lab)
    lab.start("alice", "bob", "carol", http=web.config())
    friends = lab.list_uri("friends")
    lab.ctl("psi", "add", friends, "list")
    one, kind = "?uri=" + friends, "application/xcap-el+xml"

    def ask(method, who, body=None, selector="resource-lists/list/entry[@uri=\"{}\"]", **more):
        node = urllib.parse.quote(selector.format(who), safe="/~@=:")
        return web.ask(method, one, body, path="/lists/~~/" + node, Content_Type=kind, **more)

    bob, carol = lab.uri("bob"), lab.uri("carol")
    same([ask(m, bob, b)[0] for m, b in (("GET", None), ("DELETE", None))], [404, 404], "before the list is there")
    status, _, text = ask("PUT", bob, f'<entry uri="{bob}"/>')
    same((status, "no-parent" in text), (409, True), "a member of no list")
    status, tag, _ = web.ask("PUT", one, document(bob))
    same(status, 201, "made")
    status, newer, _ = ask("PUT", carol, f'<entry uri="{carol}"><display-name>Caro &amp; Co</display-name></entry>', If_Match=tag)
    same((status, newer != tag), (201, True), "added under the list's tag")
    same(ask("PUT", carol, f'<entry uri="{carol}"/>', If_Match=tag)[0], 412, "under an old tag")
    status, got, text = ask("GET", carol)
    same((status, got, text.strip()), (200, newer, f'<entry uri="{carol}"><display-name>Caro &amp; Co</display-name></entry>'), "read")
    same(ask("GET", carol, If_None_Match=newer)[0], 304, "unchanged")
    same(ask("GET", carol, selector="resource-lists/list[1]/entry[@uri='{}']")[0], 200, "in other words")
    same(ask("PUT", carol, f'<entry uri="{carol}"><display-name>Carol</display-name></entry>')[0], 200, "renamed")
    text = web.ask("GET", one)[2]
    same(("Carol</display-name>" in text, text.count("<entry "), text.index(bob) < text.index(carol)), (True, 2, True), "the list now")
    there = lab.online("carol")
    lab.ue("alice", "send", friends, "one by one").finish(0)
    has(there.wait("message"), text="one by one", peer=friends)
    for name, body in (("another", f'<entry uri="{bob}"/>'), ("two", 2 * f'<entry uri="{carol}"/>'), ("none", ""),
                       ("half of it", f'<entry uri="{carol}"'), ("a way out", f'<entry uri="{carol}"/></list><list><external anchor="x"/>'),
                       ("a bomb", '<!DOCTYPE l [<!ENTITY a "b">]><entry uri="&a;"/>'), ("octets", "\x00\x01"), ("much", " " * 20000)):
        status, _, text = ask("PUT", carol, body)
        same((status, "xcap-error" in text), (409, True), f"put {name}")
    same(web.ask("PUT", one, "<entry/>", path="/lists/~~/resource-lists/list/entry%5B@uri=%22" + carol + "%22%5D")[0], 415, "another type")
    for selector in ("", "resource-lists", "resource-lists/list", "resource-lists/list/entry", "resource-lists/list/entry[1]",
                     "resource-lists/list/entry[@uri=\"{}\"]/display-name", "resource-lists/list[2]/entry[@uri=\"{}\"]",
                     "resource-lists/list/entry[@uri=\"{}']", "resource-lists/list/entry[@uri=\"]", "*/*/entry[@uri=\"{}\"]",
                     "resource-lists/list/entry[@uri=\"" + 1100 * "x" + "\"]", "resource-lists/list/entry[@uri=\"nobody\"]"):
        same(ask("GET", carol, selector=selector)[0], 404, f"GET of {selector[:60]}")
    same([web.ask("GET", one, path=path)[0] for path in ("/lists/", "/lists/x", "/listsx", "/lists/~~", "/lists/~~/%zz")], [200] + 4 * [404],
         "other paths")
    same(ask("DELETE", carol, If_Match=newer)[0], 412, "removed under an old tag")
    same([ask("DELETE", carol)[0] for _ in range(2)], [200, 404], "removed, and again")
    same((carol in web.ask("GET", one)[2], bob in web.ask("GET", one)[2]), (False, True), "who is left")
    lab.ask("list.set", f"list={friends}", f"owner={bob}")
    same([ask(m, bob, b)[0] for m, b in (("GET", None), ("PUT", f'<entry uri="{bob}"/>'), ("DELETE", None))], 3 * [403], "of another's list")


def has_line(web, line):
    return line in web.ask("GET", token=None, port=web.port + 1, path="/metrics")[2].splitlines()


def who_may(lab):
    """no token, another's list, an owner of one's own choice: refused; members see what they may see"""
    web = Web(lab)
    lab.start("alice", "bob", http=dict(web.config(), lists_owner=1))
    theirs = "?uri=" + lab.list_uri("theirs")
    same(web.ask("GET", token=None)[0], 401, "without a token")
    same(web.ask("GET", token="x" * 22)[0], 401, "with another token")
    same(web.ask("GET", token=ALICE[:-1])[0], 401, "with a part of it")
    same(web.ask("PUT", theirs + f"&owner={lab.uri('bob')}", document(), token=ROOT)[0], 201, "made for bob")
    for method, body in (("GET", None), ("PUT", document()), ("DELETE", None)):
        same(web.ask(method, theirs, body)[0], 403, f"{method} of another's list")
    same(lab.list_uri("theirs") in web.ask("GET")[2], False, "nor does it show")
    for show, status in (("members", 200), ("owner", 403)):
        lab.ask("list.set", f"list={lab.list_uri('theirs')}", f"show={show}")
        same(web.ask("GET", theirs)[0], 403, f"of one who is no member, shown to the {show}")
        lab.ask("member.add", f"list={lab.list_uri('theirs')}", f"uri={lab.uri('alice')}")
        same(web.ask("GET", theirs)[0], status, f"of a member, shown to the {show}")
        same(web.ask("PUT", theirs, document())[0], 403, "changed by a member")
        lab.ask("member.remove", f"list={lab.list_uri('theirs')}", f"uri={lab.uri('alice')}")
    same(web.ask("PUT", "?uri=" + lab.list_uri("a") + f"&owner={lab.uri('bob')}", document())[0], 400, "made for another")
    for uri, what in ((lab.uri("bob"), "a user"), (lab.list_uri("many"), "the service"), ("sip:x@lists.example.org.evil.example", "nobody"),
                      ("tel:+4930123", "a number")):
        same(web.ask("PUT", "?uri=" + uri.replace("+", "%2B"), document())[0], 403, f"a list at the URI of {what}")
    same(web.ask("PUT", "?uri=" + lab.list_uri("a"), document())[0], 201, "one list")
    same(web.ask("PUT", "?uri=" + lab.list_uri("b"), document())[0], 409, "one too many")
    same(lab.ask("counters")["mediasec_list_http_denied_total"], 3, "counted")


def that_bite(lab):
    """bombs, 100,000 entries, loops, references, garbage: a clear answer, the list as it was, the server goes on"""
    web = Web(lab)
    lab.start("alice", "bob", http=dict(web.config(), body_max="8M"))
    one = "?uri=" + lab.list_uri("friends")
    same(web.ask("PUT", one, document(lab.uri("bob")))[0], 201, "made")
    before = web.ask("GET", one)
    laughs = ('<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">' +
              "".join(f'<!ENTITY {chr(98 + i)} "{("&" + chr(97 + i) + ";") * 10}">' for i in range(9)) +
              f']><resource-lists xmlns="urn:ietf:params:xml:ns:resource-lists"><list><entry uri="&j;"/></list></resource-lists>')
    external = ('<?xml version="1.0"?><!DOCTYPE l [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
                '<resource-lists xmlns="urn:ietf:params:xml:ns:resource-lists"><list><entry uri="&f;"/></list></resource-lists>')
    for name, body in (("a thousand million laughs", laughs), ("an external entity", external),
                       ("100,000 entries", document(*(f"sip:u{i}@example.org" for i in range(100000)))),
                       ("itself", document(lab.list_uri("friends"))), ("no identity", document("mailto:bob@example.org")),
                       ("a reference", HEAD + '<external anchor="http://example.org/"/>' + TAIL),
                       ("depth", HEAD + "<list>" * 1000 + "</list>" * 1000 + TAIL), ("half of it", document(lab.uri("bob"))[:-20]),
                       ("nothing", ""), ("octets", "\x00\x01")):
        status, _, text = web.ask("PUT", one, body)
        same((status, "xcap-error" in text), (409, True), f"status of {name}")
    same(web.ask("PUT", one, document(*(f"sip:u{i}@example.org" for i in range(300000))))[0], 413, "status of too long a one")
    same(web.ask("PUT", one, "x", Content_Type="text/plain")[0], 415, "status of another type")
    for query in ("?uri=", "?uri=nobody", "?uri=sip:a@b&uri=sip:c@d", "?uri=%zz", one + "&post=everybody"):
        same(web.ask("PUT", query, document())[0], 400, f"status of {query}")
    same(web.ask("POST", one, document())[0], 405, "status of another method")
    same(web.ask("GET", one), before, "the list as it was")
    members = [f"sip:u{i}@example.org" for i in range(10000)]
    same(web.ask("PUT", one, document(*members))[0], 200, "10,000 are allowed")
    same(len(lab.ask("list.show", f"list={lab.list_uri('friends')}")["members"]), 10000, "and there")


scenario.main(documents, entries, who_may, that_bite)
