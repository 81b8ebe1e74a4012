"""When to start a process again that has ended before it had anything to do, and when to give up."""

from __future__ import annotations

import signal
import time

MOST_FAILED = 3
"""So many processes in a row may end by themselves before they had anything to do."""

MOST_KILLED = 20
"""So many in a row may be killed while they start. Who kills them may be short of memory: each is followed by a longer pause,
eight minutes in all."""

LONGEST_PAUSE_SECONDS = 30.0


class FailedStarts:
    """Counts the processes that ended while they started, since the last one that did start."""

    def __init__(self) -> None:
        self.failed = self.killed = 0
        self._next = 0.0

    def succeeded(self) -> None:
        """Note that a process has started."""
        self.failed = self.killed = 0

    def ended(self, status: int | None) -> None:
        """Note that a process has ended while it started, with this exit status; None if it did not end, but took too long."""
        if status == -signal.SIGKILL:
            self.killed += 1
            self._next = time.monotonic() + min(2.0 ** (self.killed - 2), LONGEST_PAUSE_SECONDS)
        else:
            self.failed += 1

    @property
    def may_go_on(self) -> bool:
        """Whether the next one may start now."""
        return time.monotonic() >= self._next

    @property
    def hopeless(self) -> str:
        """How often it has failed, in words, once that is too often; else empty."""
        if self.failed >= MOST_FAILED:
            return f"{self.failed} times in a row"
        if self.killed >= MOST_KILLED:
            return f"killed {self.killed} times in a row while starting"
        return ""
