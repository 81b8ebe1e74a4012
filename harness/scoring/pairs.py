"""Pairs of submissions: ratio of times, test and frequency; all pairs of a board, Holm-adjusted."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations

import numpy as np

from harness.scoring.board_parts import Pair, WorkloadRatio
from harness.scoring.intervals import holm, wilson
from harness.scoring.speed import Contrast, LogTimes, contrast, log_times
from harness.scoring.study_times import StudyTimes

LEVEL = 0.05
"""A pair is separable where its adjusted p-value is at most this."""


def all_pairs(study_times: StudyTimes, times: LogTimes | None = None) -> tuple[Pair, ...]:
    """Return every pair of submissions, names sorted, p-values Holm-adjusted over all pairs."""
    times = times or log_times(study_times)
    pairs = [pair(study_times, times, a, b) for a, b in combinations(range(len(study_times.submissions)), 2)]
    adjusted = holm([p.p for p in pairs])
    return tuple(replace(p, p_holm=q, separable=q is not None and q <= LEVEL) for p, q in zip(pairs, adjusted, strict=True))


def pair(study_times: StudyTimes, times: LogTimes, a: int, b: int) -> Pair:
    """Return the pair of submissions `a` and `b` (indices of submissions), p-value not adjusted."""
    difference = contrast(times, a, b)
    interval = difference.estimate.interval()
    counts = [_wins(study_times, workload, a, b) for workload in study_times.workloads]
    share, share_interval = _frequency(counts)
    p = difference.estimate.p
    known = difference.smallest > 0
    return Pair(
        a=study_times.submissions[a],
        b=study_times.submissions[b],
        ratio=math.exp(difference.estimate.value) if known else None,
        low=math.exp(interval[0]) if interval else None,
        high=math.exp(interval[1]) if interval else None,
        bound=difference.bound,
        p=p,
        p_holm=p,
        separable=p is not None and p <= LEVEL,
        faster=share,
        faster_low=share_interval[0] if share_interval else None,
        faster_high=share_interval[1] if share_interval else None,
        workloads={w: _ratio(difference, k, counts[k]) for k, w in enumerate(study_times.workloads)},
    )


def _wins(study_times: StudyTimes, workload: str, a: int, b: int) -> tuple[int, int, int, int]:
    """Wins, losses and ties of `a`, and how many independent pairs of studies these amount to."""
    x, y = study_times.times[workload][a], study_times.times[workload][b]
    if study_times.paired:
        common = ~np.isnan(x) & ~np.isnan(y)
        first, second, independent = x[common], y[common], int(common.sum())
    else:
        x, y = x[~np.isnan(x)], y[~np.isnan(y)]
        first, second = np.repeat(x, len(y)), np.tile(y, len(x))
        independent = min(len(x), len(y))
    wins, losses = int(np.sum(first < second)), int(np.sum(first > second))
    return wins, losses, len(first) - wins - losses, independent


def _frequency(counts: list[tuple[int, int, int, int]]) -> tuple[float | None, tuple[float, float] | None]:
    total = sum(wins + losses + ties for wins, losses, ties, _ in counts)
    independent = sum(n for *_, n in counts)
    if not total:
        return None, None
    share = sum(2 * wins + ties for wins, _, ties, _ in counts) / (2 * total)
    return share, wilson(share, independent)


def _ratio(difference: Contrast, k: int, counts: tuple[int, int, int, int]) -> WorkloadRatio:
    value = float(difference.by_workload[k])
    ratio = None if math.isnan(value) else math.exp(value)
    return WorkloadRatio(ratio, counts[0], counts[1], counts[2], difference.bounds[k])
