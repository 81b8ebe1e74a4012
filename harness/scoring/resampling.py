"""Resampled studies: the bootstrap distribution of the median times of every workload."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement
from math import comb, factorial, prod

import numpy as np
from numpy.typing import NDArray

from harness.canonical import stable_seed
from harness.scoring.medians import Floats, medians
from harness.scoring.profiles import apply_held_out
from harness.scoring.study_times import StudyTimes

DRAWS = 4000
ENUMERATED_STUDIES = 7
ENUMERATED_COMBINATIONS = 50_000
"""A base and its variants are resampled separately; their combinations are enumerated only up to this many."""


@dataclass(frozen=True)
class Resample:
    """Median times of one workload under resampled studies.

    Attributes:
        times: medians after the held-out rule, [submissions, draws].
        weights: probability of each draw, [draws].
    """

    times: Floats
    weights: Floats


@cache
def multisets(n: int) -> tuple[NDArray[np.int64], Floats]:
    """Return every multiset of n out of n studies, [comb(2n-1, n), n], and its bootstrap probability.

    >>> indices, weights = multisets(2)
    >>> indices.tolist(), weights.tolist()
    ([[0, 0], [0, 1], [1, 1]], [0.25, 0.5, 0.25])
    """
    indices = np.array(list(combinations_with_replacement(range(n), n)), dtype=np.int64)
    counts = np.stack([np.sum(indices == study, axis=1) for study in range(n)], axis=1)
    factorials = np.array([factorial(k) for k in range(n + 1)], dtype=float)
    weights = factorial(n) / factorials[counts].prod(axis=1) / float(n) ** n
    return indices, weights


def can_enumerate(study_times: StudyTimes, workload: str) -> bool:
    """Return whether all resamples of `workload` can be enumerated.

    Its studies belong together for all submissions, there are up to 7 of them, and at most 50,000 combinations.
    """
    labels = (workload, *study_times.variants[workload])
    sizes = [study_times.times[label].shape[1] for label in labels]
    if any(len(study_times.groups(label)) > 1 for label in labels) or not all(1 <= n <= ENUMERATED_STUDIES for n in sizes):
        return False
    return prod(comb(2 * n - 1, n) for n in sizes) <= ENUMERATED_COMBINATIONS


def all_resamples(study_times: StudyTimes, workload: str) -> Resample:
    """Return the median times of `workload` under every resample of its studies and of its variants' studies."""
    parts = [multisets(study_times.times[label].shape[1]) for label in (workload, *study_times.variants[workload])]
    grids = np.meshgrid(*(np.arange(len(weights)) for _, weights in parts), indexing="ij")
    picks = [grid.ravel() for grid in grids]
    weights = np.prod([part_weights[pick] for (_, part_weights), pick in zip(parts, picks, strict=True)], axis=0)
    columns = [
        _resampled_medians(study_times.times[label], indices)[:, pick]
        for label, (indices, _), pick in zip((workload, *study_times.variants[workload]), parts, picks, strict=True)
    ]
    return Resample(apply_held_out(columns[0], columns[1:]), weights)


def random_resample(study_times: StudyTimes, workload: str, draws: int = DRAWS) -> Resample:
    """Return the median times of `workload` under `draws` random resamples; equal studies give equal draws.

    Submissions of one machine type share their draws; those of another type, or without common seeds, are resampled apart.
    """
    columns = [_random_medians(study_times, label, draws) for label in (workload, *study_times.variants[workload])]
    return Resample(apply_held_out(columns[0], columns[1:]), np.full(draws, 1.0 / draws))


def _random_medians(study_times: StudyTimes, label: str, draws: int) -> Floats:
    times = study_times.times[label]
    n = times.shape[1]
    if n == 0:
        return np.full((len(times), draws), np.nan)
    groups = study_times.groups(label)
    if len(groups) <= 1:
        generator = np.random.default_rng(stable_seed("studies", label))
        if n > ENUMERATED_STUDIES:
            return _resampled_medians(times, (generator.random((draws, n)) * n).astype(np.int64))
        # Drawing among the enumerated resamples gives the same distribution and needs far fewer medians.
        indices, weights = multisets(n)
        picks = np.searchsorted(np.cumsum(weights)[:-1], generator.random(draws), side="right")
        return _resampled_medians(times, indices)[:, picks]
    result = np.full((len(times), draws), np.nan)
    for kind, members in groups.items():
        own = times[members]
        own = own[:, ~np.isnan(own).all(axis=0)]
        uniform = np.random.default_rng(stable_seed("studies", label, kind.removeprefix("/"))).random((draws, own.shape[1]))
        result[members] = _resampled_medians(own, (uniform * own.shape[1]).astype(np.int64))
    return result


def _resampled_medians(times: Floats, indices: NDArray[np.int64]) -> Floats:
    """Medians of `times[:, indices]`; where a draw holds no study of a submission, its observed median is used."""
    resampled = medians(times[:, indices])
    filled: Floats = np.where(np.isnan(resampled), medians(times)[:, None], resampled)
    return filled


def population_draws(contributions: Floats) -> Floats:
    """Return scores when first workloads and then their studies are resampled, [submissions, draws].

    Args:
        contributions: joint draws, [workloads, submissions, draws].
    """
    width, _, draws = contributions.shape
    generator = np.random.default_rng(stable_seed("workloads", width, draws))
    workloads = (generator.random((draws, width)) * width).astype(np.int64)
    # A workload that is drawn twice gets two independent sets of studies.
    studies = (generator.random((draws, width)) * draws).astype(np.int64)
    picked: Floats = contributions[workloads, :, studies].mean(axis=1)
    return picked.T


def quantile_ranks(ranks: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the 2.5 and 97.5 % quantiles of integer ranks over the last axis."""
    low = np.quantile(ranks, 0.025, axis=-1, method="inverted_cdf")
    high = np.quantile(ranks, 0.975, axis=-1, method="inverted_cdf")
    return low.astype(np.int64), high.astype(np.int64)
