# SPDX-License-Identifier: Apache-2.0
"""Programs of others, run beside tls-peer: what they print, and the list of what was checked."""
import subprocess
import sys
import threading
import time

WAIT = 120
results = []


def skip(why):
    print("SKIP:", why)
    sys.exit(77)


class Process:
    """A program whose output is collected; `ready` is what it prints when it listens."""

    def __init__(self, args, ready=None, stdin=None, env=None):
        self.lines = []
        self.got = threading.Condition()
        self.p = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, env=env)
        self.reader = threading.Thread(target=self.collect, daemon=True)
        self.reader.start()
        if stdin is not None:
            self.send(stdin)
        if ready and not self.wait_for(ready):
            self.stop()
            raise RuntimeError("%s did not start:\n%s" % (args[0], self.text()))

    def collect(self):
        for line in self.p.stdout:
            with self.got:
                self.lines.append(line.decode(errors="replace"))
                self.got.notify_all()
        with self.got:
            self.got.notify_all()

    def send(self, text):
        try:
            self.p.stdin.write(text.encode())
            self.p.stdin.flush()
        except BrokenPipeError:
            pass

    def text(self):
        return "".join(self.lines)

    def wait_for(self, what, seconds=WAIT, times=1):
        end = time.time() + seconds
        with self.got:
            while self.text().count(what) < times:
                left = end - time.time()
                if left <= 0 or (self.p.poll() is not None and not self.reader.is_alive()):
                    return self.text().count(what) >= times
                self.got.wait(min(left, 0.2))
        return True

    def finish(self, seconds=WAIT):
        try:
            self.p.wait(seconds)
        except subprocess.TimeoutExpired:
            self.stop()
        self.reader.join(5)
        return self.p.returncode

    def stop(self):
        if self.p.poll() is None:
            self.p.kill()
        self.p.wait()
        self.reader.join(5)


def check(name, ok, *processes):
    results.append(ok)
    print("%s - %s" % ("ok" if ok else "not ok", name), flush=True)
    for p in () if ok else processes:
        print("--- %s" % " ".join(p.p.args))
        print(p.text())
