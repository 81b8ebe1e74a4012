"""The limits of one trial: time from its start, and memory above what its process had."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from harness.trial.process.accelerator import leaves_device_unusable
from harness.trial.process.memory_limit import memory_limit
from harness.trial.process.time_limit import time_limit


class Limits:
    """Time and memory that one trial may take; the time counts from the creation of this object.

    Args:
        seconds: wall time, or None.
        memory: bytes above what the process has, or None.
        own_process: whether the process may be ended where nothing else helps.

    Attributes:
        hit: in words, which limit was hit, or which error of the accelerator came up, and may have left the process in an
            unknown state; "" if none was.
    """

    def __init__(self, seconds: float | None, memory: int | None, *, own_process: bool) -> None:
        self._seconds, self._memory, self._own_process = seconds, memory, own_process
        self._started = time.monotonic()
        self.hit = ""

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Apply the limits inside."""
        passed = time.monotonic() - self._started
        with (
            time_limit(self._seconds, end_process=self._own_process, passed=passed) as expired,
            memory_limit(self._memory, own_process=self._own_process) as watch,
        ):
            try:
                yield
            except BaseException as error:
                if leaves_device_unusable(error):
                    self.hit = "its accelerator reported an error"
                raise
            finally:
                if watch is not None and watch.exceeded:
                    self.hit = "its memory limit was hit"
                if expired:
                    self.hit = "its time limit rang"
