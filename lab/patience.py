# SPDX-License-Identifier: Apache-2.0
"""How long tests and the lab wait for what is to come. Limits are named for a quiet machine; a slow or loaded one, or one that runs
under a sanitizer, is given PATIENCE times as long, which costs nothing where things come. Not for waits in which nothing may come."""
import os
import time

PATIENCE = float(os.environ.get("MS_PATIENCE", "5"))


def long(limit):
    """The limit as it is waited for."""
    return limit * PATIENCE


def deadline(limit):
    return time.monotonic() + limit * PATIENCE


def over(end):
    """Has the deadline passed?"""
    return time.monotonic() > end


def left(end):
    """Seconds to the deadline, at least a moment: what has come already is seen."""
    return max(0.01, end - time.monotonic())


def until(condition, limit, what, error=AssertionError):
    """Waits until condition() is true and returns what it gave."""
    end = deadline(limit)
    while True:
        got = condition()
        if got:
            return got
        if over(end):
            raise error(f"not within {long(limit):.0f} s: {what}")
        time.sleep(0.02)
