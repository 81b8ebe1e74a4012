"""CPU seconds of the threads that a trial has started, whenever they computed."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from time import clock_gettime, process_time  # by name: a plug-in may patch the module

TASKS = Path("/proc/self/task")


class NewThreads:
    """Tells what threads compute that were not there when this object was made, those included that have ended since.

    That is what the process computes without the threads that were there; one of those that ends counts as new from then on.
    Where the system does not say what each thread computes (other than Linux), it is nothing.
    """

    def __init__(self) -> None:
        self._known: dict[int, float] = {}
        with suppress(OSError):
            self._known = _seconds(int(task.name) for task in TASKS.iterdir())
        self._process = process_time()

    def seconds(self) -> float:
        """Return the CPU seconds of new threads so far."""
        if not self._known:
            return 0.0
        now = _seconds(self._known)
        process = process_time() - self._process
        return max(0.0, process - sum(seconds - self._known[thread] for thread, seconds in now.items()))


def _seconds(threads: Iterable[int]) -> dict[int, float]:
    """Return {thread: its CPU seconds} of those threads of this process that have not ended, by their numbers."""
    found = {}
    for thread in threads:
        with suppress(OSError):
            found[thread] = clock_gettime((~thread << 3) | 6)  # the number that Linux gives a thread's CPU clock
    return found
