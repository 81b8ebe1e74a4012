"""Log times as the time-to-target speed-up charges them: a miss costs the budget, or what AlgoPerf's rules ask for."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness.scoring.machines import NOWHERE, Bools, Ints
from harness.scoring.medians import Floats, medians
from harness.scoring.study_times import StudyTimes

LEGACY_EXTRA = 1.0
"""Seconds beyond the budget that AlgoPerf's rules charge a miss."""


@dataclass(frozen=True)
class LogTimes:
    """Charged log times of a board's base workloads, padded to the same number of studies.

    Attributes:
        values: log Y = log min(X, B), [submissions, workloads, studies]; NaN where missing, and on a workload without a budget.
        missed: where the budget was charged, same shape.
        steps: g, the log step between evaluations near the median, [submissions, workloads]; 0 where unknown.
        charges: log of what a miss is charged, [workloads].
        machines: where the studies ran, [submissions, workloads, studies]: only those of equal kinds are paired.
    """

    values: Floats
    missed: Bools
    steps: Floats
    charges: Floats
    machines: Ints


def log_times(study_times: StudyTimes, *, legacy: bool = False, clock: str = "seconds") -> LogTimes:
    """Return the charged log times of a board.

    Args:
        study_times: of the board.
        legacy: AlgoPerf's rules: the median of studies as a single value, budget + 1 s for a miss, and a time beyond the
            budget counts as it is.
        clock: of the study times; on another clock than seconds the legacy charge for a miss is the budget alone.
    """
    widest = 1 if legacy else max((study_times.times[w].shape[1] for w in study_times.workloads), default=0)
    shape = (len(study_times.submissions), len(study_times.workloads), widest)
    values, missed = np.full(shape, np.nan), np.zeros(shape, dtype=bool)
    steps, charges = np.zeros(shape[:2]), np.full(shape[1], np.nan)
    machines = np.full(shape, NOWHERE)
    for k, workload in enumerate(study_times.workloads):
        times = medians(study_times.times[workload])[:, None] if legacy else study_times.times[workload]
        budget = study_times.budgets.of(workload)
        charge = budget + LEGACY_EXTRA if legacy and clock == "seconds" else budget
        miss = np.isinf(times) if legacy else np.isinf(times) | (times > budget)
        charged = np.where(miss, charge, times) if math.isfinite(budget) else np.full(times.shape, np.nan)
        values[:, k, : times.shape[1]] = np.log(np.maximum(charged, np.finfo(float).tiny))
        missed[:, k, : times.shape[1]] = miss
        charges[k] = math.log(charge) if charge > 0 else math.nan
        if legacy:
            # A median has no machine type.
            machines[:, k] = 0 if study_times.paired else np.arange(len(machines))[:, None]
        else:
            steps[:, k] = _log_steps(charged, study_times.steps[workload])
            machines[:, k, : times.shape[1]] = study_times.machines.where[workload]
    return LogTimes(values, missed, steps, charges, machines)


def _log_steps(charged: Floats, steps: Floats) -> Floats:
    """Median over studies of log(Y / (Y - step)); at the first evaluation, where Y = step, log 2."""
    before = charged - steps
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.where(before > 0, np.log(charged / before), math.log(2))
    logs = np.where(np.isnan(charged) | np.isnan(steps), np.nan, logs)
    middle = medians(logs)
    return np.where(np.isnan(middle), 0.0, middle)
