# SPDX-License-Identifier: Apache-2.0
"""What the scenario tests of the client share: steps with names, a folder each, the last line."""
import os
import shutil
import sys
import tempfile
import traceback

SOURCE = os.environ.get("MS_SOURCE_DIR") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(SOURCE, "lab"))
from lab import Lab, LabError  # noqa: E402, F401
from mallory import Mallory  # noqa: E402, F401
from ports import release  # noqa: E402

PKCS7 = "application/pkcs7-mime; smime-type=auth-enveloped-data; name=smime.p7m"


def same(got, wanted, what):
    if got != wanted:
        raise AssertionError(f"{what}: {got!r}, not {wanted!r}")


def has(got, /, **wanted):
    for key, value in wanted.items():
        same(got.get(key), value, f"{got['event']}.{key} ({got})")
    return got


def traced(path, start):
    """Messages of a --trace file whose first line begins with `start`: (head, body)."""
    with open(path, "rb") as f:
        data = f.read()
    found, at = [], 0
    while True:
        at = data.find(b"--- ", at)
        if at < 0:
            return found
        line_end = data.index(b"\n", at)
        size = int(data[at:line_end].rsplit(b", ", 1)[1].split()[0])
        message = data[line_end + 1:line_end + 1 + size]
        head, _, body = message.partition(b"\r\n\r\n")
        if head.startswith(start.encode()):
            found.append((head.decode("utf-8", "replace"), body))
        at = line_end + 1 + size


def main(*scenarios, **options):
    """Runs each scenario (a function of a Lab) in a system of its own."""
    if not (shutil.which("kamailio") or os.path.exists("/usr/sbin/kamailio")):
        print("kamailio is not installed")
        sys.exit(77)
    passed, wanted = 0, sys.argv[1:]
    chosen = [s for s in scenarios if not wanted or s.__name__ in wanted]
    for scenario in chosen:
        folder = tempfile.mkdtemp(prefix="mediasec-")
        try:
            with Lab(folder, **options) as lab:
                scenario(lab)
            print(f"ok - {scenario.__name__}: {scenario.__doc__}", flush=True)
            passed += 1
        except Exception:  # the next scenario has a system of its own
            traceback.print_exc()
            print(f"not ok - {scenario.__name__}: {scenario.__doc__}", flush=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            release()
    print(f"{passed} passed, {len(chosen) - passed} failed")
    sys.exit(0 if passed == len(chosen) else 1)
