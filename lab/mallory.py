# SPDX-License-Identifier: Apache-2.0
"""Mallory: a registered user of the same core with a tap on the wire and no manners. She sends SIP
requests octet by octet as she likes them; the core lets her, as many do."""
import hashlib
import re
import secrets
import socket

from patience import long


class SipError(Exception):
    pass


def digest_answer(challenge, method, uri, user, password):
    fields = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
    md5 = lambda text: hashlib.md5(text.encode()).hexdigest()  # what SIP digest has (RFC 2617)
    ha1 = md5(f"{user}:{fields['realm']}:{password}")
    ha2 = md5(f"{method}:{uri}")
    extra = ""
    if "qop" in fields:
        cnonce = secrets.token_hex(8)
        response = md5(f"{ha1}:{fields['nonce']}:00000001:{cnonce}:auth:{ha2}")
        extra = f', qop=auth, nc=00000001, cnonce="{cnonce}"'
    else:
        response = md5(f"{ha1}:{fields['nonce']}:{ha2}")
    return (f'Digest username="{user}", realm="{fields["realm"]}", nonce="{fields["nonce"]}", uri="{uri}", '
            f'response="{response}", algorithm=MD5{extra}')


class Mallory:
    def __init__(self, proxy, user, password):
        """proxy: (address, port) of the core's TCP listener."""
        self.proxy, self.user, self.password = proxy, user, password

    def message(self, to, sender, body, content_type, extra=""):
        """Sends a MESSAGE with any From and body; answers the core's challenge with her own name.
        Returns the final status code."""
        with socket.create_connection(self.proxy, timeout=long(10)) as s:
            status, head = self._try(s, to, sender, body, content_type, extra, 1)
            if status in (401, 407):
                name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
                challenge = re.search(rf"^{name}:\s*(.*)$", head, re.M | re.I)
                if not challenge:
                    raise SipError("challenge without a header")
                answer = digest_answer(challenge.group(1), "MESSAGE", to, self.user, self.password)
                header = ("Authorization: " if status == 401 else "Proxy-Authorization: ") + answer + "\r\n"
                status, _ = self._try(s, to, sender, body, content_type, extra + header, 2)
            return status

    def _try(self, s, to, sender, body, content_type, extra, cseq):
        host, port = s.getsockname()[:2]
        if cseq == 1:
            self.call_id, self.tag = secrets.token_hex(8), secrets.token_hex(4)
        head = (f"MESSAGE {to} SIP/2.0\r\n"
                f"Via: SIP/2.0/TCP {host}:{port};branch=z9hG4bK{secrets.token_hex(8)};rport;alias\r\n"
                f"Max-Forwards: 70\r\nFrom: <{sender}>;tag={self.tag}\r\nTo: <{to}>\r\nCall-ID: {self.call_id}\r\n"
                f"CSeq: {cseq} MESSAGE\r\n{extra}Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n")
        s.sendall(head.encode() + body)
        return self._answer(s)

    def _answer(self, s):
        data = b""
        while True:
            end = data.find(b"\r\n\r\n")
            if end >= 0:
                head = data[:end].decode("utf-8", "replace")
                length = re.search(r"^(?:Content-Length|l):\s*(\d+)", head, re.M | re.I)
                need = end + 4 + (int(length.group(1)) if length else 0)
                if len(data) >= need:
                    status = int(head.split(" ", 2)[1])
                    if status >= 200:
                        return status, head
                    data = data[need:]
                    continue
            more = s.recv(65536)
            if not more:
                raise SipError("the core closed the connection")
            data += more
