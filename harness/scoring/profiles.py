"""Performance profiles (Dahl et al. 2023): the held-out rule, the profile integral of each workload, scores, ranks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from harness.scoring.medians import Floats, medians
from harness.scoring.study_times import StudyTimes

CUT_OFF = 4.0
"""Times beyond this many times the fastest count as unsolved; the profile is integrated from 1 to here."""

LEGACY_GRID = np.linspace(1, CUT_OFF, 100)

Contribution = Callable[[Floats], Floats]
"""Median times of one workload or several, submissions on axis 0, to contributions of the same shape."""


def apply_held_out(base: Floats, variants: Sequence[Floats]) -> Floats:
    """Return the base times that count: infinite where the base is too slow, or where it fails on a held-out variant.

    Args:
        base: median times, [submissions, ...]; NaN counts as missed.
        variants: the same of each held-out variant.

    AlgoPerf's order of rules: a variant counts as missed where its base does; any time above 4x the column minimum counts
    as missed; a base counts as missed where its variant does.
    """
    base = np.where(np.isnan(base), np.inf, base)
    if not variants:
        return base
    counting = _cut(base)
    for variant in variants:
        variant = np.where(np.isnan(variant) | np.isinf(base), np.inf, variant)
        counting = np.where(np.isinf(_cut(variant)), np.inf, counting)
    return counting


def _cut(times: Floats) -> Floats:
    best = times.min(axis=0, keepdims=True)
    slow: Floats = np.where(times > CUT_OFF * best, np.inf, times)
    return slow


def ratios(times: Floats) -> Floats:
    """Return times divided by the fastest submission's (axis 0); infinite where missed, also if all missed."""
    best = times.min(axis=0, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(np.isinf(times), np.inf, np.where(times == best, 1.0, times / best))


def contributions(times: Floats) -> Floats:
    """Return the exact profile integral of one workload, max(0, 4 - ratio)/3, 0 if missed; same shape as `times`.

    >>> contributions(np.array([10.0, 25.0, np.inf]))
    array([1. , 0.5, 0. ])
    """
    value: Floats = np.maximum(0.0, CUT_OFF - ratios(times)) / (CUT_OFF - 1)
    return value


def grid_contributions(times: Floats) -> Floats:
    """Return the profile integral by the trapezoid rule on AlgoPerf's 100 points, as its published scorer does."""
    solved = ratios(times)[..., None] <= LEGACY_GRID
    value: Floats = np.trapezoid(solved.astype(float), LEGACY_GRID, axis=-1) / (CUT_OFF - 1)
    return value


def median_times(study_times: StudyTimes) -> Floats:
    """Return the median times after the held-out rule, [submissions, workloads]."""
    columns = [
        apply_held_out(medians(study_times.times[w]), [medians(study_times.times[v]) for v in study_times.variants[w]])
        for w in study_times.workloads
    ]
    return np.stack(columns, axis=1) if columns else np.empty((len(study_times.submissions), 0))


def workload_contributions(study_times: StudyTimes, contribution: Contribution = contributions) -> Floats:
    """Return h, the profile integral of every workload, [submissions, workloads]."""
    return contribution(median_times(study_times))


def scores(study_times: StudyTimes, contribution: Contribution = contributions) -> dict[str, float]:
    """Return the score of every submission: the mean of its contributions over workloads, 0 without workloads."""
    return means(study_times.submissions, workload_contributions(study_times, contribution))


def means(names: Sequence[str], values: Floats) -> dict[str, float]:
    """Return the row means by name, exactly rounded, so that neither order nor shape can change a digit."""
    width = values.shape[1]
    return {name: math.fsum(row) / width if width else 0.0 for name, row in zip(names, values.tolist(), strict=True)}


def ranked(values: Floats) -> Floats:
    """Return ranks along axis 0, largest first, ties sharing the best rank; equal to 12 digits is a tie.

    >>> ranked(np.array([0.5, 0.9, 0.5]))
    array([2., 1., 2.])
    """
    rounded = np.round(values, 12)
    order = -np.sort(-rounded, axis=0)
    flat, sorted_flat = rounded.reshape(len(values), -1), order.reshape(len(values), -1)
    result = np.empty_like(flat)
    for i in range(len(values)):
        result[i] = 1 + np.sum(sorted_flat > flat[i], axis=0)
    return result.reshape(values.shape)
