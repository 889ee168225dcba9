#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A small floor control server written from RFC 4582 alone, sharing nothing with src/bfcp: the other side of
its tests. One conference, any floors; a floor has one holder, requests wait in the order they came.

    floor_server.py --port PORT [--host 127.0.0.1] [--conference 4711] [--connections N]

prints one JSON line for what happens, "listening" first.
"""
import argparse
import json
import socket
import struct
import sys
import threading

# RFC 4582 section 5.1, table 1
FLOOR_REQUEST, FLOOR_RELEASE, FLOOR_REQUEST_QUERY, FLOOR_REQUEST_STATUS, USER_QUERY, USER_STATUS, FLOOR_QUERY, \
    FLOOR_STATUS, CHAIR_ACTION, CHAIR_ACTION_ACK, HELLO, HELLO_ACK, ERROR = range(1, 14)
NAMES = ["", "FloorRequest", "FloorRelease", "FloorRequestQuery", "FloorRequestStatus", "UserQuery", "UserStatus",
         "FloorQuery", "FloorStatus", "ChairAction", "ChairActionAck", "Hello", "HelloAck", "Error"]
# section 5.2, table 2
BENEFICIARY_ID, FLOOR_ID, FLOOR_REQUEST_ID, PRIORITY, REQUEST_STATUS, ERROR_CODE, ERROR_INFO = range(1, 8)
SUPPORTED_ATTRIBUTES, SUPPORTED_PRIMITIVES = 10, 11
FLOOR_REQUEST_INFORMATION, FLOOR_REQUEST_STATUS_A, OVERALL_REQUEST_STATUS = 15, 17, 18
# section 5.2.5
PENDING, ACCEPTED, GRANTED, DENIED, CANCELLED, RELEASED, REVOKED = range(1, 8)
# section 5.2.6
NO_CONFERENCE, NO_USER, UNKNOWN_PRIMITIVE, UNKNOWN_MANDATORY, UNAUTHORIZED, NO_FLOOR, NO_REQUEST = range(1, 8)


def attribute(kind, value, mandatory=True):
    """Section 5.2: the length counts the two octets of the head, the padding it does not."""
    head = struct.pack("!BB", kind << 1 | mandatory, len(value) + 2)
    return head + value + bytes(-(len(value) + 2) % 4)


def grouped(kind, number, *parts):
    return attribute(kind, struct.pack("!H", number) + b"".join(parts))


def attributes(octets):
    found = []
    while octets:
        if len(octets) < 4:
            raise ValueError("attribute cut short")
        kind, length = octets[0] >> 1, octets[1]
        padded = length + -length % 4
        if length < 2 or padded > len(octets):
            raise ValueError("attribute length")
        found.append((kind, bool(octets[0] & 1), octets[2:length]))
        octets = octets[padded:]
    return found


def number(found, kind):
    for k, _, value in found:
        if k == kind:
            return struct.unpack("!H", value[:2])[0]
    return None


class Request:
    def __init__(self, ident, user, floors, client):
        self.ident, self.user, self.floors, self.client, self.state = ident, user, floors, client, PENDING


class Server:
    def __init__(self, conference):
        self.conference, self.lock, self.requests, self.next_id = conference, threading.RLock(), [], 1

    def say(self, **what):
        print(json.dumps(what), flush=True)

    def information(self, r):
        """FLOOR-REQUEST-INFORMATION of one request (section 5.2.15)."""
        waiting = [q for q in self.requests if q.state == ACCEPTED and set(q.floors) & set(r.floors)]
        position = waiting.index(r) + 1 if r in waiting else 0
        overall = grouped(OVERALL_REQUEST_STATUS, r.ident, attribute(REQUEST_STATUS, bytes([r.state, position])))
        floors = b"".join(grouped(FLOOR_REQUEST_STATUS_A, f) for f in r.floors)
        return grouped(FLOOR_REQUEST_INFORMATION, r.ident, overall, floors)

    def free(self, r):
        return not any(q.state == GRANTED and set(q.floors) & set(r.floors) for q in self.requests)

    def grant_next(self):
        for r in self.requests:
            if r.state == ACCEPTED and self.free(r):
                r.state = GRANTED
                self.say(event="granted", user=r.user, request=r.ident)
                r.client.send(FLOOR_REQUEST_STATUS, 0, r.user, self.information(r))

    def floor_request(self, client, tid, user, found):
        floors = [struct.unpack("!H", v[:2])[0] for k, _, v in found if k == FLOOR_ID]
        if not floors:
            return client.error(tid, user, NO_FLOOR)
        r = Request(self.next_id, user, floors, client)
        self.next_id += 1
        r.state = GRANTED if self.free(r) else ACCEPTED
        self.requests.append(r)
        self.say(event="request", user=user, request=r.ident, state=r.state)
        return client.send(FLOOR_REQUEST_STATUS, tid, user, self.information(r))

    def floor_release(self, client, tid, user, found):
        ident = number(found, FLOOR_REQUEST_ID)
        for r in self.requests:
            if r.ident == ident and r.user == user:
                r.state = RELEASED if r.state == GRANTED else CANCELLED
                self.say(event="released", user=user, request=ident, state=r.state)
                client.send(FLOOR_REQUEST_STATUS, tid, user, self.information(r))
                self.requests.remove(r)
                return self.grant_next()
        return client.error(tid, user, NO_REQUEST)

    def floor_query(self, client, tid, user, found):
        floor = number(found, FLOOR_ID)
        inside = b"".join(self.information(r) for r in self.requests if floor in r.floors)
        start = attribute(FLOOR_ID, struct.pack("!H", floor)) if floor is not None else b""
        client.send(FLOOR_STATUS, tid, user, start + inside)

    def user_query(self, client, tid, user, _found):
        client.send(USER_STATUS, tid, user, b"".join(self.information(r) for r in self.requests if r.user == user))

    def hello(self, client, tid, user, _found):
        body = attribute(SUPPORTED_PRIMITIVES, bytes(range(FLOOR_REQUEST, ERROR + 1)))
        body += attribute(SUPPORTED_ATTRIBUTES, bytes(k << 1 for k in range(BENEFICIARY_ID, OVERALL_REQUEST_STATUS + 1)))
        self.say(event="hello", user=user)
        client.send(HELLO_ACK, tid, user, body)

    def gone(self, client):
        with self.lock:
            self.requests = [r for r in self.requests if r.client is not client]
            self.grant_next()

    def handle(self, client, primitive, conference, tid, user, body):
        if conference != self.conference:
            return client.error(tid, user, NO_CONFERENCE)
        try:
            found = attributes(body)
        except ValueError:
            return client.error(tid, user, UNKNOWN_MANDATORY)
        known = {HELLO: self.hello, FLOOR_REQUEST: self.floor_request, FLOOR_RELEASE: self.floor_release,
                 FLOOR_QUERY: self.floor_query, USER_QUERY: self.user_query}
        if primitive not in known:
            return client.error(tid, user, UNKNOWN_PRIMITIVE)
        with self.lock:
            return known[primitive](client, tid, user, found)


class Client:
    def __init__(self, server, sock):
        self.server, self.sock = server, sock

    def send(self, primitive, tid, user, body):
        self.sock.sendall(struct.pack("!BBHIHH", 1 << 5, primitive, len(body) // 4, self.server.conference, tid, user) + body)

    def error(self, tid, user, code):
        self.server.say(event="error", user=user, code=code)
        self.send(ERROR, tid, user, attribute(ERROR_CODE, bytes([code])))

    def take(self, n):
        octets = b""
        while len(octets) < n:
            more = self.sock.recv(n - len(octets))
            if not more:
                raise EOFError
            octets += more
        return octets

    def run(self):
        try:
            while True:
                first, primitive, length, conference, tid, user = struct.unpack("!BBHIHH", self.take(12))
                body = self.take(length * 4)
                if first >> 5 != 1:
                    self.server.say(event="version", version=first >> 5)
                    break
                self.server.say(event="got", primitive=NAMES[primitive] if primitive < len(NAMES) else primitive, user=user)
                self.server.handle(self, primitive, conference, tid, user, body)
        except (EOFError, OSError):
            pass
        self.server.gone(self)
        self.server.say(event="closed")
        self.sock.close()


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--conference", type=int, default=4711)
    options.add_argument("--connections", type=int, default=0, help="end after so many")
    o = options.parse_args()
    listener = socket.create_server((o.host, o.port))
    server, threads = Server(o.conference), []
    server.say(event="listening", port=listener.getsockname()[1])
    while not o.connections or len(threads) < o.connections:
        sock, _ = listener.accept()
        threads.append(threading.Thread(target=Client(server, sock).run, daemon=True))
        threads[-1].start()
    for t in threads:
        t.join()
    return 0


if __name__ == "__main__":
    sys.exit(main())
