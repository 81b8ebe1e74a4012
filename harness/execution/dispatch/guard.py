"""A process between the driver and one that it started: it ends what that one leaves."""

from __future__ import annotations

import os
import signal

from harness.execution.dispatch.processes import end_with_parent
from harness.trial.process.leftovers import adopt_orphans, end_descendants


def go_on_guarded() -> None:
    """Go on in a child of this process, which stays behind as its guard and does not return.

    The guard ends as its child does. Before, it ends everything that was started below it, whoever the parent was: also when
    it is told to end, and when the driver has died, by whatever signal.
    """
    adopt_orphans()
    signal.signal(signal.SIGTERM, _end_all)
    end_with_parent(signal.SIGTERM)
    child = os.fork()
    if child:
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        end_descendants()
        _end_as(status)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    end_with_parent()


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
