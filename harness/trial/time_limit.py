"""Hard time limits of a trial."""

from __future__ import annotations

import faulthandler
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

GRACE_SECONDS = 10.0
"""How long after the limit a call that holds the interpreter is ended with its process."""


_rung: list[TrialTimeout] = []
"""What the alarm has raised since the limit was set. An alarm is its process's own, so this is too."""


class TrialTimeout(BaseException):
    """The trial ran past its time limit. Not an `Exception`, so that a plug-in's own handlers let it through."""


@contextmanager
def time_limit(seconds: float | None, *, end_process: bool) -> Iterator[None]:
    """Raise `TrialTimeout` inside after `seconds` of wall time; None is no limit.

    Args:
        seconds: the limit.
        end_process: also end this process, by a watchdog that needs no interpreter, `GRACE_SECONDS` later: for
            a worker whose plug-in holds the interpreter. The driver then writes the record.
    """
    if seconds is None:
        yield
        return

    _rung.clear()

    def ring(_signal: int, _frame: FrameType | None) -> None:
        _rung.append(TrialTimeout(f"over the time limit of {seconds:g} s"))
        raise _rung[-1]

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    if end_process:
        faulthandler.dump_traceback_later(seconds + GRACE_SECONDS, exit=True, file=sys.__stderr__ or sys.stderr)
    try:
        yield
    finally:
        try:
            signal.signal(signal.SIGALRM, signal.SIG_IGN)
        finally:  # also where the alarm rang a moment ago
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
            _rung.clear()
            if end_process:
                faulthandler.cancel_dump_traceback_later()


def check_time() -> None:
    """Raise again what the alarm has raised, for a plug-in may have caught it."""
    if _rung:
        raise _rung[-1]
