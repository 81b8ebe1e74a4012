"""How a plan is run, and what the run took."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from harness.records import FAILURES, Status, TrialRecord

AUTO = "auto"
"""The device of a run that the cluster which it joins decides: a GPU where it offers one, else the CPU."""


@dataclass(frozen=True)
class Settings:
    """How to run a plan.

    Attributes:
        executor: "ray" or "inline".
        data_directory: where prepared data lie.
        device: "cpu", "cuda" (ROCm's devices have this name too), or `AUTO`.
        workers: trials at a time; None means one per CPU core or GPU.
        address: of a running Ray cluster; empty starts one on this machine.
        limit: wall seconds per trial, or None.
        memory: bytes that a trial may take above what its worker has when it starts, or None.
        retry: run failed, timed-out and out-of-memory trials again.
        per_device: trials that share an accelerator.
        mixed: nodes take part whose versions or machine type differ from the others'.
        prune: "safe": stop what cannot be the fastest trial of its study; "score-only": also what can no longer change a
            score; "", the default, runs every trial to the end of its horizon.
        log_losses: keep the training losses of trials as artefacts.
    """

    executor: str
    data_directory: Path
    device: str = "cpu"
    workers: int | None = None
    address: str = ""
    limit: float | None = None
    memory: int | None = None
    retry: bool = False
    prune: str = ""
    per_device: int = 1
    mixed: bool = False
    log_losses: bool = False

    @property
    def run_to_end(self) -> bool:
        """Whether every trial runs to the end of its horizon."""
        return not self.prune


@dataclass
class Summary:
    """What a run took, in trials and in seconds.

    Attributes:
        statuses: trials that ran, by status.
        reused: trials whose earlier records were reused.
        training_seconds, evaluation_seconds, setup_seconds: of all trials that ran, from their records.
        worker_seconds: CPU seconds of all worker processes, Ray's own work in them included.
        started: monotonic seconds.
    """

    statuses: Counter[str] = field(default_factory=Counter)
    reused: int = 0
    training_seconds: float = 0.0
    evaluation_seconds: float = 0.0
    setup_seconds: float = 0.0
    worker_seconds: float = 0.0
    started: float = field(default_factory=time.monotonic)

    def add(self, record: TrialRecord) -> None:
        """Count one more trial that ran."""
        self.statuses[record.status] += 1
        self.training_seconds += record.clocks.get("seconds", 0.0)
        self.evaluation_seconds += record.clocks.get("evaluation_seconds", 0.0)
        self.setup_seconds += record.clocks.get("setup_seconds", 0.0)

    @property
    def failures(self) -> int:
        """How many trials failed, timed out, ran out of memory or were killed."""
        return sum(self.statuses[status] for status in (*FAILURES, Status.KILLED))
