# SPDX-License-Identifier: Apache-2.0
"""Users nobody here wrote: SIPp for SIP, `openssl s_client` and `openssl s_server` for TLS, a handful of lines
for MSRP. Each scenario is one SIPp run at the user's own UDP port:

    alice = SippUe(lab, "alice", proxy="127.0.0.1:9000", security="msrp-tls;mediasec")
    alice.register()
    served = bob.serve(sdp)                           # served.offer() is the SDP that came
    call = alice.call(bob_uri, sdp, hangs_up=True)    # call.answer() is the SDP that came back
    call.hang_up()
"""
import os
import re
import socket
import subprocess
import time

from patience import deadline, long, over, until
from ports import reserve

HEAD = '<?xml version="1.0" encoding="ISO-8859-1" ?>\n<!DOCTYPE scenario SYSTEM "sipp.dtd">\n<scenario name="ue">\n'

REGISTER = """
<send retrans="500"><![CDATA[
REGISTER sip:@DOMAIN@ SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch];rport
Max-Forwards: 70
From: <@IDENTITY@>;tag=[call_number]r
To: <@IDENTITY@>
Call-ID: [call_id]
CSeq: 1 REGISTER
Contact: <sip:@NAME@@[local_ip]:[local_port]>;expires=@EXPIRES@
Supported: path@SECURITY@
Content-Length: 0

]]></send>
<recv response="100" optional="true"></recv>
<recv response="401" auth="true"></recv>
<send retrans="500"><![CDATA[
REGISTER sip:@DOMAIN@ SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch];rport
Max-Forwards: 70
From: <@IDENTITY@>;tag=[call_number]r
To: <@IDENTITY@>
Call-ID: [call_id]
CSeq: 2 REGISTER
Contact: <sip:@NAME@@[local_ip]:[local_port]>;expires=@EXPIRES@
[authentication username=@NAME@ password=@PASSWORD@]
Supported: path@SECURITY@@VERIFY@
Content-Length: 0

]]></send>
<recv response="100" optional="true"></recv>
<recv response="@EXPECT@"></recv>
</scenario>
"""

INVITE = """
<send retrans="500"><![CDATA[
INVITE @PEER@ SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch];rport
Max-Forwards: 70
Route: <sip:@PROXY@;lr>
From: <@IDENTITY@>;tag=[call_number]a
To: <@PEER@>
Call-ID: [call_id]
CSeq: @CSEQ@ INVITE
Contact: <sip:@NAME@@[local_ip]:[local_port]>
Allow: INVITE, ACK, BYE, CANCEL, UPDATE@AUTH@@VERIFY@
Content-Type: application/sdp
Content-Length: [len]

@SDP@
]]></send>
<recv response="100" optional="true"></recv>
"""

CALL = HEAD + INVITE.replace("@CSEQ@", "1").replace("@AUTH@", "") + """
<recv response="407" auth="true"></recv>
<send><![CDATA[
ACK @PEER@ SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch-3];rport
Max-Forwards: 70
Route: <sip:@PROXY@;lr>
From: <@IDENTITY@>;tag=[call_number]a
[last_To:]
Call-ID: [call_id]
CSeq: 1 ACK
Content-Length: 0

]]></send>
""" + INVITE.replace("@CSEQ@", "2").replace("@AUTH@", "\n[authentication username=@NAME@ password=@PASSWORD@]")

REFUSED = """
<recv response="180" optional="true"></recv>
<recv response="183" optional="true"></recv>
<recv response="@EXPECT@"></recv>
<send><![CDATA[
ACK @PEER@ SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch-5];rport
Max-Forwards: 70
Route: <sip:@PROXY@;lr>
From: <@IDENTITY@>;tag=[call_number]a
[last_To:]
Call-ID: [call_id]
CSeq: 2 ACK
Content-Length: 0

]]></send>
</scenario>
"""

ANSWERED = """
<recv response="180" optional="true"></recv>
<recv response="183" optional="true"></recv>
<recv response="200" rrs="true"></recv>
<send><![CDATA[
ACK [next_url] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch];rport
Max-Forwards: 70
[routes]
From: <@IDENTITY@>;tag=[call_number]a
[last_To:]
Call-ID: [call_id]
CSeq: 2 ACK
Content-Length: 0

]]></send>
"""

# An INFO of the test, straight to SIPp's port, says when.
HANG_UP = """
<recv request="INFO" timeout="@PAUSE@"></recv>
<send retrans="500"><![CDATA[
BYE [next_url] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch];rport
Max-Forwards: 70
[routes]
From: <@IDENTITY@>;tag=[call_number]a
[last_To:]
Call-ID: [call_id]
CSeq: 3 BYE
Content-Length: 0

]]></send>
<recv response="200"></recv>
</scenario>
"""

WAIT_BYE = """
<recv request="BYE" timeout="@PAUSE@"></recv>
<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
</scenario>
"""

SERVE = HEAD + """
<recv request="INVITE" rrs="true" timeout="@PAUSE@"></recv>
<send><![CDATA[
SIP/2.0 180 Ringing
[last_Via:]
[last_Record-Route:]
[last_From:]
[last_To:];tag=[call_number]b
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:@NAME@@[local_ip]:[local_port]>
Content-Length: 0

]]></send>
@WAIT@
<send retrans="500"><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_Record-Route:]
[last_From:]
[last_To:];tag=[call_number]b
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:@NAME@@[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

@SDP@
]]></send>
<recv request="ACK"></recv>
""" + 4 * '<recv request="ACK" optional="true"></recv>\n' + WAIT_BYE  # one for each 200 we repeated meanwhile


class SippError(Exception):
    pass


class Run:
    """One SIPp process, at its UDP address, and what it wrote down."""

    def __init__(self, folder, process, at):
        self.folder, self.process, self.at = folder, process, at

    def messages(self):
        """(direction, text) of what passed so far."""
        path = os.path.join(self.folder, "messages")
        if not os.path.exists(path):
            return []
        with open(path, encoding="utf-8", errors="replace") as f:
            parts = re.split(r"-{20,} .*\n", f.read())
        found = []
        for part in parts[1:]:
            m = re.match(r"\w+ message (sent|received) [\[(]\d+\]? bytes\)? ?:\s*\n\n?(.*)", part, re.S)
            if m:
                found.append((m.group(1), m.group(2)))
        return found

    def listens(self):
        """Has it its port, or ended? Asked of the kernel, so that SIPp does not notice."""
        octets = socket.inet_aton(self.at[0])[::-1].hex().upper()
        with open("/proc/net/udp", encoding="ascii") as f:
            return self.process.poll() is not None or f" {octets}:{self.at[1]:04X} " in f.read()

    def wait_body(self, start, timeout=10):
        """The body of the first received message that starts so and has SDP."""
        end = deadline(timeout)
        while not over(end):
            for way, text in self.messages():
                if way == "received" and text.startswith(start) and "\nv=0" in text.replace("\r", ""):
                    return text.replace("\r", "").split("\n\n", 1)[1]
            if self.process.poll() not in (None, 0):
                break
            time.sleep(0.05)
        raise SippError(f"no {start} with SDP came; {self.errors()}")

    def offer(self, timeout=10):
        return self.wait_body("INVITE", timeout)

    def answer(self, timeout=10):
        return self.wait_body("SIP/2.0 200", timeout)

    def hang_up(self):
        """To one who called with hangs_up=True, once there is an answer: the BYE goes out now."""
        ok = next(text for way, text in self.messages() if way == "received" and text.startswith("SIP/2.0 200"))
        kept = "".join(re.search(rf"^{name}:.*\r?\n", ok, re.M).group(0).rstrip() + "\r\n" for name in ("From", "To", "Call-ID"))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind((self.at[0], 0))
            s.sendto((f"INFO sip:sipp@{self.at[0]}:{self.at[1]} SIP/2.0\r\nVia: SIP/2.0/UDP {self.at[0]}:{s.getsockname()[1]};"
                      f"branch=z9hG4bKhangup\r\n{kept}CSeq: 9 INFO\r\nContent-Length: 0\r\n\r\n").encode(), self.at)

    def errors(self):
        text = ""
        for name in ("errors", "messages"):
            path = os.path.join(self.folder, name)
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as f:
                    text += f"---- {name}\n" + f.read()[-2500:]
        return text

    def finish(self, timeout=30):
        try:
            status = self.process.wait(long(timeout))
        except subprocess.TimeoutExpired:
            self.stop()
            raise SippError(f"sipp does not end; {self.errors()}") from None
        if status:
            raise SippError(f"sipp: exit status {status}; {self.errors()}")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(long(5))
            except subprocess.TimeoutExpired:
                self.process.kill()


class SippUe:
    def __init__(self, lab, name, proxy, security="", address="127.0.0.1"):
        self.lab, self.name, self.proxy, self.security, self.address = lab, name, proxy, security, address
        self.port, self.runs = reserve(1, address), 0

    def _run(self, scenario, **words):
        base = {"NAME": self.name, "IDENTITY": self.lab.uri(self.name), "PASSWORD": self.lab.password(self.name),
                "DOMAIN": self.lab.uri(self.name).split("@", 1)[1], "PROXY": self.proxy, "PAUSE": int(long(40000)),
                "SECURITY": "", "VERIFY": "", "WAIT": "", "EXPECT": "200"}
        for key, value in {**base, **words}.items():
            scenario = scenario.replace(f"@{key}@", str(value))
        folder = os.path.join(self.lab.dir, f"sipp-{self.name}-{self.port}-{self.runs:02}")
        self.runs += 1
        os.makedirs(folder)
        path = os.path.join(folder, "scenario.xml")
        with open(path, "w", encoding="utf-8", newline="") as f:
            f.write(scenario)
        command = ["sipp", self.proxy, "-sf", path, "-i", self.address, "-p", str(self.port), "-t", "u1", "-m", "1",
                   "-deadcall_wait", "0", "-nostdin", "-timeout", str(int(long(60))), "-timeout_error", "-trace_err", "-error_file",
                   os.path.join(folder, "errors"), "-trace_msg", "-message_file", os.path.join(folder, "messages")]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, cwd=folder, env=dict(os.environ, TERM="dumb"))
        run = Run(folder, process, (self.address, self.port))
        until(run.listens, 10, f"sipp at port {self.port}: {scenario[:200]}", SippError)
        return run

    def _headers(self, name):
        return f"\n{name}: {self.security}" if self.security else ""

    def register(self, expires=600, expect="200"):
        """Registers and gives the run: its messages have the answers."""
        run = self._run(HEAD + REGISTER, EXPIRES=expires, SECURITY=self._headers("Security-Client"),
                        VERIFY=self._headers("Security-Verify"), EXPECT=expect)
        run.finish()
        return run

    def call(self, peer, sdp, hangs_up=False, expect=None):
        """Calls with an offer. Ends with a BYE of ours when told, or waits for one; `expect`: a refusal."""
        if expect:
            text = CALL + REFUSED
        else:
            text = CALL + ANSWERED + (HANG_UP if hangs_up else WAIT_BYE)
        return self._run(text, PEER=peer, SDP=sdp.strip(), EXPECT=expect or "200")

    def serve(self, sdp, wait_ms=0):
        """Answers one call, then waits for the BYE."""
        wait = f'<pause milliseconds="{wait_ms}"/>' if wait_ms else ""
        return self._run(SERVE, SDP=sdp.strip(), WAIT=wait)
