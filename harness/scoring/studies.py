"""A trial and a study as scoring sees them: on one clock, with the outcome of a perfectly pruned race."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.pruning import SCORE_ONLY

SKIPPED = "it was skipped"
"""`Study.reason` of a study that no run could make here; boards list these workloads apart."""


@dataclass(frozen=True)
class Trial:
    """One trial on one clock.

    Attributes:
        trial: index within its study, from 0.
        status: how it ended, one of `harness.records.STATUSES`.
        hit_index: index of the first evaluation that met the target, -1 without one.
        hit: clock at that evaluation, inf without one.
        end: clock at the end of the trial.
        due: clock of the evaluation that would have come next, for a trial that ended without it (diverged, failed,
            killed) or was cut by ``--prune score-only``; NaN for others, and where no evaluations are fixed on this clock.
        curve: "metric" and one entry per clock, each a sequence over evaluations.
        pruned_by: what stopped it beside the safe rules: "score-only" or "" (in records of protocols 1 and 2 also "forecast").
    """

    trial: int
    status: str
    hit_index: int
    hit: float
    end: float
    due: float
    curve: Mapping[str, Any]
    pruned_by: str = ""


@dataclass(frozen=True)
class Study:
    """One study of one submission on one workload, cut off at its fastest hit.

    Attributes:
        submission, workload, base, held_out, study: which study; `base` is the base workload of a held-out variant.
        time: X, the smallest hit; inf if no trial reached the target.
        missing: the study does not count until it is rerun.
        reason: why it is missing, in words.
        lower: the smallest time that was possible on this clock if nothing had been pruned; equal to `time` where exact.
        step: clock between the last two evaluations before `time` (before the end if missed), NaN if unknown.
        winner: index of the trial that set `time`, -1 without one.
        statuses: status of each trial in a perfectly pruned race, by index.
        counted: number of evaluations of each trial in a perfectly pruned race, by index.
        cost: clock that all its trials take in a perfectly pruned race.
        trials: its trials, by index.
    """

    submission: str
    workload: str
    base: str
    held_out: bool
    study: int
    time: float
    missing: bool
    reason: str
    lower: float
    step: float
    winner: int
    statuses: tuple[str, ...]
    counted: tuple[int, ...]
    cost: float
    trials: tuple[Trial, ...]

    @property
    def key(self) -> tuple[str, str, int]:
        """Submission, workload and index of the study."""
        return self.submission, self.workload, self.study

    @property
    def cut(self) -> bool:
        """Whether it has no hit and ``--prune score-only`` cut one of its trials: it may not be a miss."""
        return math.isinf(self.time) and any(trial.pruned_by == SCORE_ONLY for trial in self.trials)
