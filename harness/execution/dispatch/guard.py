"""A process between the driver and one that it started: it ends what that one leaves, and can go on with another one."""

from __future__ import annotations

import os
import signal

from harness.execution.dispatch.processes import end_with_parent
from harness.trial.process.leftovers import adopt_orphans, end_descendants


def be_a_guard() -> None:
    """Have this process end everything that was started below it, whoever the parent was, when it is told to end, and when
    the driver has died, by whatever signal.
    """
    adopt_orphans()
    signal.signal(signal.SIGTERM, _end_all)
    end_with_parent(signal.SIGTERM)


def guarded() -> int | None:
    """Return None in a new child of this guard. Here, once that one has ended, end what was started below, and return how it
    ended: its exit status, or minus the number of the signal that ended it.
    """
    child = os.fork()
    if child:
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        end_descendants()
        return status
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    end_with_parent()
    return None


def go_on_guarded() -> None:
    """Go on in a child of this process, which stays behind as its guard, does not return, and ends as its child does."""
    be_a_guard()
    status = guarded()
    if status is not None:
        _end_as(status)


def _end_all(*_: object) -> None:
    """End the child, what was started below it, and this process."""
    end_descendants()
    os._exit(1)


def _end_as(status: int) -> None:
    """End this process in the way in which its child ended."""
    if status < 0:
        signal.signal(-status, signal.SIG_DFL) if -status not in (signal.SIGKILL, signal.SIGSTOP) else None
        os.kill(os.getpid(), -status)
    os._exit(status if status >= 0 else 1)
