"""What training costs: charged examples, and seconds of the device that trains."""

from __future__ import annotations

import resource
from dataclasses import dataclass, field
from time import perf_counter, process_time, thread_time  # by name: a plug-in may patch the module

import torch


@dataclass
class Examples:
    """Charged examples, counted in exact thirds.

    A loss call with gradients enabled costs 1 an example, without 1/3, each further backward pass 2/3.
    """

    thirds: int = 0

    def charge(self, examples: int, thirds: int = 3) -> None:
        """Charge `examples` examples at `thirds` thirds each."""
        self.thirds += examples * thirds

    @property
    def total(self) -> float:
        """Charged examples so far."""
        return self.thirds / 3


DIGITS = 6
"""Of seconds: what lies below a microsecond is noise, and takes room in every record."""


@dataclass
class Stopwatch:
    """Seconds between `start` and `stop`, added up.

    On a CPU: CPU seconds of this thread (`time.thread_time`), unaffected by waiting, with those of the process and of the
    children it has waited for beside them. On an accelerator: synchronised monotonic wall seconds.
    """

    device: torch.device
    seconds: float = 0.0
    process_seconds: float = 0.0
    _started: tuple[float, float] = field(default=(0.0, 0.0), repr=False)

    def _now(self) -> float:
        if self.device.type == "cpu":
            return thread_time()
        torch.accelerator.synchronize()
        return perf_counter()

    def start(self) -> None:
        """Start counting."""
        self._started = (self._now(), _family_seconds())

    def stop(self) -> float:
        """Stop counting; return the seconds so far."""
        self.seconds = round(self.seconds + self._now() - self._started[0], DIGITS)
        self.process_seconds = round(self.process_seconds + _family_seconds() - self._started[1], DIGITS)
        return self.seconds


def _family_seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return process_time() + children.ru_utime + children.ru_stime
