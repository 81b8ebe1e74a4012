"""The time limit of a trial, which also ends a call that never returns."""

from __future__ import annotations

import faulthandler
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from harness.trial.process.pending import forget, remember

GRACE_SECONDS = 10.0
"""Seconds after the limit at which a process whose call holds the interpreter is ended."""

LEAST_SECONDS, MOST_SECONDS = 1e-3, 1e9
"""What an alarm is set to at least, since 0 would set none, and at most, since the system's counter ends."""


class TrialTimeout(BaseException):
    """The trial ran past its time limit. Not an `Exception`, so that a plug-in's own handlers do not catch it."""


@contextmanager
def time_limit(seconds: float | None, *, end_process: bool, passed: float = 0.0) -> Iterator[list[TrialTimeout]]:
    """Raise `TrialTimeout` inside after `seconds` of wall time; None is no limit. Yield a list of what was raised so far.

    Args:
        seconds: the limit.
        passed: seconds of it that have passed already.
        end_process: also end this process `GRACE_SECONDS` later, by a watchdog that needs no interpreter: for a worker
            whose plug-in holds the interpreter. The driver then writes the record.
    """
    if seconds is None:
        yield []
        return

    expired: list[TrialTimeout] = []

    def expire(_signal: int, _frame: FrameType | None) -> None:
        expired.append(TrialTimeout(f"over the time limit of {seconds:g} s"))
        remember(expired[-1])
        raise expired[-1]

    before = signal.signal(signal.SIGALRM, expire)
    left = min(max(seconds - passed, LEAST_SECONDS), MOST_SECONDS)
    signal.setitimer(signal.ITIMER_REAL, left)
    if end_process:
        faulthandler.dump_traceback_later(left + GRACE_SECONDS, exit=True, file=sys.__stderr__ or sys.stderr)
    try:
        yield expired
    finally:
        try:
            signal.signal(signal.SIGALRM, signal.SIG_IGN)
        finally:  # the alarm may have come a moment ago, inside the line above
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
            forget(TrialTimeout)
            if end_process:
                faulthandler.cancel_dump_traceback_later()
