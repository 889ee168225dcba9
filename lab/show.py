# SPDX-License-Identifier: Apache-2.0
"""What a demonstration shows: a readable transcript in which every tick was checked, and a table at the end."""
import sys
import time


class Failed(Exception):
    pass


class Show:
    """A readable transcript and the table at its end."""

    def __init__(self):
        self.colour = sys.stdout.isatty()
        self.rows, self.step = [], "start"
        self.began = time.time()

    def paint(self, code, text):
        return f"\033[{code}m{text}\033[0m" if self.colour else text

    def act(self, title):
        self.step = title
        print("\n" + self.paint("1", title), flush=True)

    def say(self, who, text):
        print(f"  {who:9} {text}", flush=True)

    def check(self, ok, what, detail=""):
        mark = self.paint("32", "ok") if ok else self.paint("31", "FAILED")
        print(f"  {'':9} [{mark}] {what}" + (f": {detail}" if detail else ""), flush=True)
        self.rows.append((self.step, what, ok))
        if not ok:
            raise Failed(f"{self.step}: {what} {detail}")

    def summary(self):
        width = max(len(what) for _, what, _ in self.rows)
        print("\n" + self.paint("1", "Summary"))
        last = None
        for step, what, ok in self.rows:
            if step != last:
                print(f"  {step}")
                last = step
            print(f"    {what:{width}}  {'ok' if ok else 'FAILED'}")
        print(f"  {sum(ok for _, _, ok in self.rows)} of {len(self.rows)} checks passed in {time.time() - self.began:.0f} s")
