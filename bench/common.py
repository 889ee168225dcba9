# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks share: pinned processes, their CPU time, medians and ratios."""
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, "build-bench")
SERVER_CPU, CLIENT_CPU = (1, 0) if (os.cpu_count() or 1) > 1 else (0, 0)


def pin(cpu):
    return lambda: os.sched_setaffinity(0, {cpu})


def build():
    """An optimised tree of its own, so that no sanitizer or debug build is measured by mistake."""
    subprocess.run([os.path.join(ROOT, "scripts/build"), os.path.relpath(BUILD, ROOT), "-Dbuildtype=release"], check=True)
    subprocess.run(["ninja", "-C", BUILD, "benches"], check=True, stdout=subprocess.DEVNULL)


def program(name):
    return os.path.join(BUILD, "bench", "bench-" + name)


class Server:
    """A process pinned to the server's core, ended by its pid. Its children are counted too."""

    def __init__(self, command, env=None, cwd=None):
        self.process = subprocess.Popen(command, env=env, cwd=cwd, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, preexec_fn=pin(SERVER_CPU))

    def pids(self):
        found, queue = [], [self.process.pid]
        while queue:
            pid = queue.pop()
            found.append(pid)
            try:
                with open(f"/proc/{pid}/task/{pid}/children") as f:
                    queue += [int(p) for p in f.read().split()]
            except OSError:
                pass
        return found

    def cpu(self):
        """CPU seconds used so far by the process and its children."""
        total = 0.0
        for pid in self.pids():
            try:
                total += time.clock_gettime((~pid) << 3 | 2)
            except OSError:
                pass
        return total

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def client(command, env=None, timeout=120):
    """Runs a generator on the client's core; returns its standard output."""
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=timeout, preexec_fn=pin(CLIENT_CPU))
    if done.returncode != 0:
        sys.exit(f"bench: {' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def on_server_core(command, env=None, timeout=120):
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=timeout, preexec_fn=pin(SERVER_CPU))
    if done.returncode != 0:
        sys.exit(f"bench: {' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


class Table:
    """Figures by contestant, several rounds each; printed as medians and as ratios to one of them."""

    def __init__(self, title, unit, reference):
        self.title, self.unit, self.reference = title, unit, reference
        self.figures = {}

    def add(self, who, value):
        self.figures.setdefault(who, []).append(value)

    def ratio(self, who, to):
        """Median of the ratios taken round by round, so that a machine's drift cancels out."""
        pairs = [a / b for a, b in zip(self.figures[who], self.figures[to]) if b]
        return statistics.median(pairs) if pairs else float("nan")

    def show(self):
        print(f"\n### {self.title} ({self.unit})\n")
        print(f"| who | median | spread | to {self.reference} |")
        print("|---|---|---|---|")
        for who, values in self.figures.items():
            spread = f"{min(values):,.0f} - {max(values):,.0f}"
            ratio = self.ratio(who, self.reference) if self.reference in self.figures else float("nan")
            print(f"| {who} | {statistics.median(values):,.0f} | {spread} | {ratio:.2f} |")


class TemporaryFolder:
    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="mediasec-bench-")
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)
