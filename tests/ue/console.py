#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The interactive client on a terminal: a small screen is kept from what it writes, as a user sees it."""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios

from scenario import LabError, Mallory, has, main, same
from lab import program
from patience import deadline, long, over

COLUMNS, ROWS = 80, 100


class Screen:
    """What a terminal shows: printable characters, CR, LF, and the two sequences the client may use."""

    def __init__(self):
        self.lines, self.row, self.col, self.rest = [""], 0, 0, ""

    def feed(self, text):
        text = self.rest + text
        self.rest = ""
        at = 0
        while at < len(text):
            c = text[at]
            if c == "\x1b":
                m = re.match(r"\x1b\[(\d*)([A-Za-z])", text[at:])
                if not m:
                    if len(text) - at > 8:
                        raise AssertionError(f"a sequence nobody asked for: {text[at:at + 20]!r}")
                    self.rest = text[at:]
                    return
                self.sequence(int(m.group(1) or 1), m.group(2))
                at += m.end()
                continue
            if c == "\r":
                self.col = 0
            elif c == "\n":
                self.row += 1
                while len(self.lines) <= self.row:
                    self.lines.append("")
            elif c.isprintable():
                line = self.lines[self.row].ljust(self.col)
                self.lines[self.row] = line[:self.col] + c + line[self.col + 1:]
                self.col += 1
            else:
                raise AssertionError(f"a control character on the screen: {c!r}")
            at += 1

    def sequence(self, n, what):
        if what == "K":
            self.lines[self.row] = self.lines[self.row][:self.col]
        elif what == "C":
            self.col += n
        else:
            raise AssertionError(f"a sequence nobody asked for: {n}{what}")


class Terminal:
    def __init__(self, lab, name, term="xterm"):
        self.name, self.screen = name, Screen()
        self.fd, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.before = termios.tcgetattr(theirs)
        self.theirs = theirs
        self.process = subprocess.Popen([program("mediasec-ue"), "-c", os.path.join(lab.home(name), "ue.yaml")], stdin=theirs,
                                        stdout=theirs, stderr=theirs, env=dict(os.environ, TERM=term))

    def read(self, timeout):
        if not select.select([self.fd], [], [], timeout)[0]:
            return
        self.screen.feed(os.read(self.fd, 65536).decode("utf-8", "replace"))

    def expect(self, pattern, timeout=10):
        end = deadline(timeout)
        while not over(end):
            text = "\n".join(line.rstrip() for line in self.screen.lines)
            found = re.search(pattern, text, re.M)
            if found:
                return found
            self.read(0.1)
        raise LabError(f"{self.name}: no {pattern!r} on the screen:\n" + "\n".join(self.screen.lines))

    def keys(self, text):
        os.write(self.fd, text.encode())

    def line(self):
        return self.screen.lines[self.screen.row].rstrip()

    def end(self):
        self.process.wait(15)
        after = termios.tcgetattr(self.theirs)
        same(after[3] & (termios.ICANON | termios.ECHO), self.before[3] & (termios.ICANON | termios.ECHO), "terminal modes")
        os.close(self.theirs)
        os.close(self.fd)
        return self.process.returncode


def on_a_terminal(lab):
    """events above a half-typed line, commands, chat, a file with a bar, /info; the terminal is restored"""
    lab.start("alice", "bob")
    bob = lab.online("bob")
    alice = Terminal(lab, "alice")
    alice.expect("^registered as sip:alice@example.org$")
    alice.keys("/msg bob half a li")
    alice.expect("^> /msg bob half a li$")
    bob.type("/msg alice something comes in between")
    alice.expect(r"^\[protected\] sip:bob@example.org:\n +something comes in between\n> /msg bob half a li$")
    alice.keys("ne\x1b[D\x1b[D\x1b[D\x1b[DLI\r")
    has(bob.wait("message"), text="half a LIline")
    alice.expect("^sent to sip:bob@example.org$")
    alice.keys("/ch\tbob\r")
    bob.wait("call-established")
    alice.expect(r"connected with sip:bob@example.org, PSK-AES128-GCM-SHA256$")
    alice.keys("just typed\r")
    has(bob.wait("chat"), text="just typed")
    bob.type("and answered")
    alice.expect(r"^\[1\] sip:bob@example.org: and answered\nbob>$")
    alice.keys("/info\r")
    alice.expect(r"^peer: +sip:bob@example.org, as the KMS says\ncalled: +sip:bob@example.org\nsuite: +PSK-AES128-GCM-SHA256\n"
                 r"ticket: +from kms, for \?@\?, used 1 times\n +until 20")
    path = os.path.join(lab.dir, "some file")
    with open(path, "wb") as f:
        f.write(os.urandom(64 << 20))
    alice.keys(f'/send "{path}"\r')
    alice.expect(r"\[#[#-]{19}\] \d+% ", timeout=20)
    alice.expect(r"some file, 64.0 MiB complete, hash correct$", timeout=30)
    bob.wait("file-done", timeout=30)
    alice.keys("/contacts\r")
    alice.expect("^bob +sip:bob@example.org$")
    alice.keys("/tickets\r")
    alice.expect(r"^session +\?@\? +until ")
    alice.keys("/nonsense\r")
    alice.expect("no such command: /help lists them$")
    alice.keys("/help\r")
    alice.expect("^/quit +leave$")
    alice.keys("/quit\r")
    same(alice.end(), 0, "exit code")
    bob.wait("call-ended")


def escape_sequences_from_a_peer(lab):
    """what a peer sends cannot move the cursor, colour, rename or speak to the terminal"""
    lab.start("alice", "bob")
    lab.configure("alice", policy={"plain_message": True})
    alice = Terminal(lab, "alice")
    alice.expect("^registered as ")
    path = os.path.join(lab.dir, "evil")
    with open(path, "wb") as f:
        f.write(b"begin \x1b[2J\x1b]0;title\x07\x9b31m\xc2\x9b5n\xe2\x80\xaeesrever\x08\x08\r\nsecond line\x00 end")
    lab.ue("bob", "send", "alice", "--type", "text/plain", "--file", path).finish(0)
    alice.expect("^ +begin .*$\n +second line. end$")  # Screen raises on any sequence of the peer's
    mallory = Mallory((lab.address, lab.sip_port), "bob", lab.password("bob"))
    mallory.message(lab.uri("alice"), lab.uri("bob"), b"\x1b[31mplain", "text/plain")
    alice.expect(r"^\[NOT PROTECTED\] sip:bob@example.org:\n +.\[31mplain$")
    alice.keys("\x04")
    same(alice.end(), 0, "exit code")


def on_a_dumb_terminal(lab):
    """TERM=dumb: no sequences at all, lines as they are"""
    lab.start("alice", "bob")
    bob = lab.online("bob")
    alice = Terminal(lab, "alice", term="dumb")
    alice.expect("^registered as ")
    alice.keys("/msg bob from a dumb terminal\n")
    has(bob.wait("message"), text="from a dumb terminal")
    alice.expect("^sent to sip:bob")
    alice.keys("/quit\n")
    same(alice.end(), 0, "exit code")


def from_a_pipe(lab):
    """standard input is a pipe: text out, and at its end everything typed has been sent"""
    lab.start("alice", "bob")
    bob = lab.online("bob")
    done = subprocess.run([program("mediasec-ue"), "-c", os.path.join(lab.home("alice"), "ue.yaml")],
                          input="".join(f"/msg bob line {i}\n" for i in range(20)) + "/contacts", capture_output=True,
                          text=True, timeout=long(30), check=False)
    same((done.returncode, done.stderr), (0, ""), "exit code and errors")
    same("\x1b" in done.stdout, False, "escape sequences in a pipe")
    same(sorted(bob.wait("message")["text"] for _ in range(20)), sorted(f"line {i}" for i in range(20)), "messages")
    same(re.search(r"^bob +sip:bob", done.stdout, re.M) is not None, True, done.stdout)


def configuration(lab):
    """-n, --print-config, --version; errors name file, line and key"""
    lab.start("alice")
    def run(*words):
        return subprocess.run([program("mediasec-ue"), *words], capture_output=True, text=True, timeout=long(20), check=False)
    config = os.path.join(lab.home("alice"), "ue.yaml")
    same(run("-c", config, "-n").returncode, 0, "exit code")
    same(run("--version").stdout.startswith("mediasec-ue "), True, "version")
    same("policy:" in run("--print-config").stdout, True, "--print-config")
    with open(config, encoding="utf-8") as f:
        text = f.read()
    with open(config, "w", encoding="utf-8") as f:
        f.write(text.replace('chat: "accept"', 'chat: "perhaps"'))
    done = run("-c", config, "-n")
    line = text[:text.index('chat: "accept"')].count("\n") + 1
    same((done.returncode, f"ue.yaml:{line}: policy.chat" in done.stderr), (1, True), done.stderr)
    os.chmod(os.path.join(lab.home("alice"), "psk"), 0o644)
    with open(config, "w", encoding="utf-8") as f:
        f.write(text)
    done = run("-c", config, "-n")
    same((done.returncode, "kms.psk_file" in done.stderr and "chmod 600" in done.stderr), (1, True), done.stderr)
    source = os.environ.get("MS_SOURCE_DIR") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    for name in ("alice", "alice-e2ae", "bob"):
        example = os.path.join(lab.dir, f"{name}.yaml")
        with open(os.path.join(source, "examples", f"{name}.yaml"), encoding="utf-8") as f, open(example, "w", encoding="utf-8") as out:
            out.write(f.read())
        for secret, content in (("psk", "00" * 32), ("password", "word")):
            path = os.path.join(lab.dir, f"{name.split('-')[0]}.{secret}")
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as f:
                f.write(content + "\n")
        done = run("-c", example, "-n")
        same((done.returncode, done.stderr), (0, ""), f"examples/{name}.yaml")


if __name__ == "__main__":
    main(on_a_terminal, escape_sequences_from_a_peer, on_a_dumb_terminal, from_a_pipe, configuration)
