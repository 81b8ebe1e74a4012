"""Seconds of a trial: of training, of evaluation and of set-up, each on the device that trains."""

from __future__ import annotations

import resource
from dataclasses import dataclass, field
from time import perf_counter, process_time, thread_time  # by name: a plug-in may patch the module

import torch

from harness.trial.meter import Meter
from harness.trial.process.accelerator import is_accelerator
from harness.trial.process.threads import NewThreads

DIGITS = 6
"""Decimals of recorded seconds: less than a microsecond is noise, and takes space in every record."""


OTHERS, OTHERS_SECONDS = 0.1, 0.3
"""What other threads of a process may compute beside a trial's, as a share of its seconds and in addition. In the reference
result those of Ray and torch took 0.6 to 2.7 % in 98 of 100 trials, and in none of 12,408 so much."""

NEW, NEW_SECONDS = 0.01, 0.05
"""What threads may compute that a trial has started, of which torch needs none, in the same two parts."""


@dataclass(slots=True)
class Stopwatch:
    """Seconds between `start` and `stop`, summed over all such periods.

    On a CPU these are CPU seconds of this thread (`time.thread_time`), which waiting does not affect; beside them are the
    CPU seconds of the process and of the children that it has waited for. On an accelerator they are synchronised
    monotonic wall seconds.

    Attributes:
        whole: other threads, or children, have computed as well: more than a tenth of the thread's seconds.
    """

    device: torch.device
    seconds: float = 0.0
    process_seconds: float = 0.0
    whole: bool = False
    _started: tuple[float, float] = field(default=(0.0, 0.0), repr=False)

    def _now(self) -> float:
        if not is_accelerator(self.device):
            return thread_time()
        torch.accelerator.synchronize(self.device)
        return perf_counter()

    def start(self) -> None:
        """Start counting."""
        self._started = (self._now(), _process_seconds())

    def stop(self) -> None:
        """Stop counting, and add the seconds since `start`."""
        self.seconds = round(self.seconds + self._now() - self._started[0], DIGITS)
        self.process_seconds = round(self.process_seconds + _process_seconds() - self._started[1], DIGITS)
        beside = self.process_seconds - self.seconds
        self.whole |= not is_accelerator(self.device) and beside > OTHERS * self.seconds + OTHERS_SECONDS

    @property
    def charged(self) -> float:
        """The seconds that count: those of the process, for good, once other threads have computed as well."""
        return max(self.seconds, self.process_seconds) if self.whole else self.seconds


class Clocks:
    """The stopwatches of a trial; only `training` is a clock of the race, and `constructor` runs while `setup` does."""

    __slots__ = ("_began", "_paid", "_threads", "constructor", "evaluation", "setup", "training")

    def __init__(self, device: torch.device) -> None:
        self.setup, self.constructor, self.training, self.evaluation = (Stopwatch(device) for _ in range(4))
        self._threads = None if is_accelerator(device) else NewThreads()
        self._paid = 0.0
        self._began = _process_seconds()

    def read(self, meter: Meter) -> dict[str, float]:
        """Return the clocks of the race ("examples", "seconds", "steps"), and the seconds that are recorded beside them."""
        return {
            "examples": meter.examples,
            "seconds": self._charged(),
            "steps": float(meter.steps),
            "process_seconds": self.training.process_seconds,
            "evaluation_seconds": self.evaluation.seconds,
            "setup_seconds": self.setup.seconds,
            "constructor_seconds": max(self.constructor.seconds, self.constructor.process_seconds),
            "cpu_seconds": round(_process_seconds() - self._began, DIGITS),
        }

    def _charged(self) -> float:
        """Return the seconds of training, with those of threads that the trial has started, whatever ran meanwhile: never
        less than it returned before, also where these stay below what is free again as the trial goes on.
        """
        new = self._threads.seconds() if self._threads is not None else 0.0
        counts = new > NEW * self.training.seconds + NEW_SECONDS
        self._paid = max(self._paid, self.training.charged, round(self.training.seconds + new, DIGITS) if counts else 0.0)
        return self._paid


def _process_seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return process_time() + children.ru_utime + children.ru_stime
