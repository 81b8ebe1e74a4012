"""Pairs of submissions: ratio of times, test and frequency; all pairs of a board, Holm-adjusted."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations

import numpy as np

from harness.scoring.board_parts import Pair, WorkloadRatio
from harness.scoring.intervals import holm, wilson
from harness.scoring.log_times import LogTimes, log_times
from harness.scoring.speed import Contrast, contrasts_of
from harness.scoring.study_times import StudyTimes

LEVEL = 0.05
"""A pair is separable where its adjusted p-value is at most this."""


def all_pairs(study_times: StudyTimes, times: LogTimes | None = None) -> tuple[Pair, ...]:
    """Return every pair of submissions, names sorted, p-values Holm-adjusted over all pairs."""
    places = list(combinations(range(len(study_times.submissions)), 2))
    contrasts = contrasts_of(times or log_times(study_times), places)
    pairs = [pair(study_times, difference, *place) for difference, place in zip(contrasts, places, strict=True)]
    adjusted = holm([p.p for p in pairs])
    return tuple(
        replace(p, p_holm=q, separable=_separable(difference, q))
        for p, difference, q in zip(pairs, contrasts, adjusted, strict=True)
    )


def _separable(difference: Contrast, p: float | None) -> bool:
    return p is not None and p <= LEVEL and difference.testable


def pair(study_times: StudyTimes, difference: Contrast, a: int, b: int) -> Pair:
    """Return the pair of submissions `a` and `b` (indices of submissions), p-value not adjusted.

    Args:
        study_times: of the board.
        difference: of the two, from `contrast`.
        a, b: which.
    """
    interval = difference.estimate.interval()
    counts = [_wins(study_times, w, a, b, paired) for w, paired in zip(study_times.workloads, difference.paired, strict=True)]
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
        separable=_separable(difference, p),
        faster=share,
        faster_low=share_interval[0] if share_interval else None,
        faster_high=share_interval[1] if share_interval else None,
        workloads={w: _ratio(difference, k, counts[k]) for k, w in enumerate(study_times.workloads)},
        limited=difference.missed,
        studies=difference.studies,
        differing=difference.reached,
        p_without_one=difference.p_without_one,
        floor=difference.floor,
        ceiling=difference.ceiling,
    )


def _wins(study_times: StudyTimes, workload: str, a: int, b: int, paired: bool) -> tuple[int, int, int, int]:
    """Wins, losses and ties of `a`, and how many independent pairs of studies these amount to."""
    x, y = study_times.times[workload][a], study_times.times[workload][b]
    if paired:
        common = ~np.isnan(x) & ~np.isnan(y)
        first, second, independent = x[common], y[common], int(common.sum())
    else:
        x, y = x[~np.isnan(x)], y[~np.isnan(y)]
        first, second = np.repeat(x, len(y)), np.tile(y, len(x))
        independent = min(len(x), len(y))
    wins, losses = int(np.sum(first < second)), int(np.sum(first > second))
    return wins, losses, len(first) - wins - losses, independent


def _frequency(counts: list[tuple[int, int, int, int]]) -> tuple[float | None, tuple[float, float] | None]:
    """Return the share and its interval; every workload weighs as many studies as it has, also where all met all."""
    independent = sum(n for *_, n in counts)
    if not independent:
        return None, None
    better = math.fsum((2 * wins + ties) * n / (2 * (wins + losses + ties)) for wins, losses, ties, n in counts if n)
    share = better / independent
    return share, wilson(share, independent)


def _ratio(difference: Contrast, k: int, counts: tuple[int, int, int, int]) -> WorkloadRatio:
    value = float(difference.by_workload[k])
    ratio = None if math.isnan(value) else math.exp(value)
    return WorkloadRatio(ratio, counts[0], counts[1], counts[2], difference.bounds[k])
