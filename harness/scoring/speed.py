"""Speed-ups that do not depend on who else entered: log time ratios over common studies, a miss charged the budget."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.scoring.intervals import Estimate, satterthwaite
from harness.scoring.medians import Floats, medians
from harness.scoring.study_times import StudyTimes

Bools = NDArray[np.bool_]
LEGACY_EXTRA = 1.0
"""Seconds beyond the budget that AlgoPerf's rules charge a miss."""


@dataclass(frozen=True)
class LogTimes:
    """Charged log times of a board's base workloads, padded to the same number of studies.

    Attributes:
        values: log min(X, B), [submissions, workloads, studies]; NaN where missing.
        missed: where the budget was charged, same shape.
        steps: g, the log step between evaluations near the median, [submissions, workloads]; 0 where unknown.
        paired: whether differences are taken within studies.
    """

    values: Floats
    missed: Bools
    steps: Floats
    paired: bool


@dataclass(frozen=True)
class Contrast:
    """How much faster one submission is than another.

    Attributes:
        estimate: mean over workloads of the mean over studies of log(time of other / time of this).
        bound: "≤" where only this one missed in some study, "≥" where only the other did, "~" where both did in different
            studies; "" where the estimate is exact.
        by_workload: log ratio, [workloads]; NaN without common studies.
        bounds: bound of each workload.
        smallest: fewest common studies of any workload that has some, 0 without any.
        decided: whether at least one of the two reached a target in some study.
    """

    estimate: Estimate
    bound: str
    by_workload: Floats
    bounds: tuple[str, ...]
    smallest: int
    decided: bool


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
    steps = np.zeros(shape[:2])
    for k, workload in enumerate(study_times.workloads):
        times = medians(study_times.times[workload])[:, None] if legacy else study_times.times[workload]
        budget = study_times.budgets.get(workload, math.nan)
        charge = budget + LEGACY_EXTRA if legacy and clock == "seconds" else budget
        miss = np.isinf(times) if legacy else np.isinf(times) | (times > budget)
        charged = np.where(miss, charge, times)
        values[:, k, : times.shape[1]] = np.log(np.maximum(charged, np.finfo(float).tiny))
        missed[:, k, : times.shape[1]] = miss
        if not legacy:
            steps[:, k] = _log_steps(charged, study_times.steps[workload])
    return LogTimes(values, missed, steps, study_times.paired)


def _log_steps(charged: Floats, steps: Floats) -> Floats:
    """Median over studies of log(Y / (Y - step)); at the first evaluation, where Y = step, log 2."""
    before = charged - steps
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.where(before > 0, np.log(charged / before), math.log(2))
    logs = np.where(np.isnan(charged) | np.isnan(steps), np.nan, logs)
    middle = medians(logs)
    return np.where(np.isnan(middle), 0.0, middle)


def contrast(times: LogTimes, this: int, other: int) -> Contrast:
    """Return how much faster submission `this` is than `other` (indices of submissions).

    v_w = max(var_j(d_wj)/n, g_w^2/(6n)): the lower limit is the error of rounding two times to the evaluation grid (two
    uniform errors of variance g^2/12 each). Unpaired studies contribute the sum of the two variances (Welch 1938).
    """
    differences, variances, freedoms, smallest = _paired(times, this, other) if times.paired else _unpaired(times, this, other)
    used = ~np.isnan(differences)
    bounds = tuple(_bound(times, this, other, [k]) for k in range(len(differences)))
    value = math.fsum(differences[used].tolist()) / used.sum() if used.any() else math.nan
    parts = np.concatenate([part[used] for part in variances]), np.concatenate([part[used] for part in freedoms])
    fewest = int(smallest[used].min()) if used.any() else 0
    estimate = satterthwaite(value, *parts, 1 / used.sum()) if fewest > 2 else Estimate(value, math.nan, math.nan)
    decided = bool((~times.missed[[this, other]] & ~np.isnan(times.values[[this, other]])).any())
    return Contrast(estimate, _bound(times, this, other, np.flatnonzero(used).tolist()), differences, bounds, fewest, decided)


Parts = tuple[Floats, list[Floats], list[Floats], NDArray[np.int64]]


def _paired(times: LogTimes, this: int, other: int) -> Parts:
    d = times.values[other] - times.values[this]
    n = np.sum(~np.isnan(d), axis=1)
    mean, variance = _moments(d, n)
    rounding = (times.steps[this] ** 2 + times.steps[other] ** 2) / 12 / np.maximum(n, 1)
    return mean, [np.maximum(variance / np.maximum(n, 1), rounding)], [n - 1.0], n


def _unpaired(times: LogTimes, this: int, other: int) -> Parts:
    total: Floats = np.zeros(times.values.shape[1])
    parts, freedoms, counts = [], [], []
    for submission, sign in ((this, -1.0), (other, 1.0)):
        n = np.sum(~np.isnan(times.values[submission]), axis=1)
        mean, variance = _moments(times.values[submission], n)
        total = total + sign * mean
        parts.append(np.maximum(variance, times.steps[submission] ** 2 / 12) / np.maximum(n, 1))
        freedoms.append(n - 1.0)
        counts.append(n)
    return total, parts, freedoms, np.minimum(*counts)


def _moments(values: Floats, n: NDArray[np.int64]) -> tuple[Floats, Floats]:
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(n > 0, np.nansum(values, axis=1) / n, np.nan)
        variance = np.where(n > 1, np.nansum((values - mean[:, None]) ** 2, axis=1) / (n - 1), np.nan)
    return mean, variance


def _bound(times: LogTimes, this: int, other: int, workloads: list[int]) -> str:
    mine, theirs = times.missed[this, workloads], times.missed[other, workloads]
    if times.paired:
        common = ~np.isnan(times.values[this, workloads]) & ~np.isnan(times.values[other, workloads])
        mine, theirs = mine & ~theirs & common, theirs & ~mine & common
    if mine.any():
        return "~" if theirs.any() else "≤"
    return "≥" if theirs.any() else ""
