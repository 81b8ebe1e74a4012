"""Intervals of scores, ranks and profiles over repetitions of the same protocol."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from harness.scoring.intervals import Estimate, satterthwaite, t_quantile
from harness.scoring.medians import Floats
from harness.scoring.profiles import CUT_OFF, Contribution, contributions, means, ranked, ratios, workload_contributions
from harness.scoring.resampling import Resample, all_resamples, can_enumerate, population_draws, quantile_ranks, random_resample
from harness.scoring.study_times import StudyTimes

ENOUGH_STUDIES = 3
"""Fewest studies per workload for an interval."""

ENOUGH_WORKLOADS = 8
"""Fewest workloads for an interval as if they had been drawn at random."""

BAND_TAUS = np.linspace(1, CUT_OFF, 61)
"""Where the bands of profiles are computed."""

Interval = tuple[float, float] | None


@dataclass(frozen=True)
class Uncertainty:
    """Score estimates, rank ranges, profile bands and population intervals of every submission, sorted by name.

    Attributes:
        estimates: score with standard error; the error is NaN with too few studies, or if no target was ever reached.
        ranks: 95 % range of the rank, (low, high).
        band_low, band_high: of the profile at `BAND_TAUS`, [submissions, taus].
        population: intervals as if the workloads had been drawn at random, None with fewer than 8 workloads.
        fewest: fewest studies of any workload that the submission ran, 0 if it ran none.
    """

    estimates: tuple[Estimate, ...]
    ranks: tuple[tuple[int, int], ...]
    band_low: Floats
    band_high: Floats
    population: tuple[Interval, ...]
    fewest: tuple[int, ...]


def uncertainty(study_times: StudyTimes, contribution: Contribution = contributions) -> Uncertainty:
    """Return the uncertainty of a board of at least one workload."""
    joint = [random_resample(study_times, workload) for workload in study_times.workloads]
    h = np.stack([contribution(resample.times) for resample in joint])
    estimates, fewest = score_estimates(study_times, joint, h, contribution)
    low, high = _bands(np.stack([ratios(resample.times) for resample in joint]))
    return Uncertainty(estimates, rank_ranges(h, estimates, fewest), low, high, _population(h, estimates), fewest)


def score_estimates(
    study_times: StudyTimes, joint: list[Resample], h: Floats, contribution: Contribution = contributions
) -> tuple[tuple[Estimate, ...], tuple[int, ...]]:
    """Return the score of every submission with its standard error, and its fewest studies of any workload that it ran.

    Args:
        study_times: of the board.
        joint: joint draws of every workload.
        h: their contributions, [workloads, submissions, draws].
        contribution: profile integral of one workload.
    """
    counts: Floats = np.stack([study_times.count(workload) for workload in study_times.workloads], axis=1).astype(float)
    fewest = tuple(int(row[row > 0].min()) if row.any() else 0 for row in counts)
    return _estimates(study_times, joint, h, contribution, counts, fewest), fewest


def _estimates(
    study_times: StudyTimes,
    joint: list[Resample],
    h: Floats,
    contribution: Contribution,
    counts: Floats,
    fewest: tuple[int, ...],
) -> tuple[Estimate, ...]:
    columns = []
    for k, workload in enumerate(study_times.workloads):
        if can_enumerate(study_times, workload):
            resample = all_resamples(study_times, workload)
            columns.append(_variance(contribution(resample.times), resample.weights))
        else:
            columns.append(_variance(h[k], joint[k].weights))
    v = np.stack(columns, axis=1)
    score = means(study_times.submissions, workload_contributions(study_times, contribution))
    reached = np.any([np.any(np.isfinite(study_times.times[w]), axis=1) for w in study_times.workloads], axis=0).tolist()
    result = []
    for i, name in enumerate(study_times.submissions):
        if fewest[i] < ENOUGH_STUDIES or not reached[i]:
            result.append(Estimate(score[name], math.nan, math.nan))
        else:
            # A workload that was never run counts as unsolved in every repetition, so it has no variance.
            found = satterthwaite(score[name], v[i], np.maximum(counts[i] - 1.0, 1.0), 1 / len(study_times.workloads))
            # Where no repetition differs there is nothing to make an interval of.
            result.append(found if found.error else replace(found, error=math.nan, freedom=math.nan))
    return tuple(result)


def _variance(h: Floats, weights: Floats) -> Floats:
    mean = h @ weights
    centred = np.maximum(((h - mean[:, None]) ** 2) @ weights, 0.0)
    # A constant differs from its weighted mean by rounding error only.
    return np.where(np.ptp(h, axis=1) == 0, 0.0, centred)


def rank_ranges(h: Floats, estimates: tuple[Estimate, ...], fewest: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """Return the 95 % range of every rank: quantiles of the joint draws, widened to the observed rank where it lies outside."""
    low, high = quantile_ranks(ranked(h.mean(axis=0)))
    observed = ranked(np.array([e.value for e in estimates])).astype(int)
    everyone = (1, len(estimates))
    return tuple(
        (min(int(a), int(o)), max(int(b), int(o))) if n >= ENOUGH_STUDIES else everyone
        for a, b, o, n in zip(low, high, observed, fewest, strict=True)
    )


def _bands(ratio: Floats) -> tuple[Floats, Floats]:
    """Pointwise 95 % band of the share of workloads with ratio <= tau, [submissions, taus] each."""
    width, submissions, draws = ratio.shape
    low = np.empty((submissions, len(BAND_TAUS)))
    high = np.empty_like(low)
    bins = np.searchsorted(BAND_TAUS, ratio, side="left")
    cells = np.arange(draws) * (len(BAND_TAUS) + 1)
    for s in range(submissions):
        counts = np.bincount((cells + bins[:, s]).ravel(), minlength=draws * (len(BAND_TAUS) + 1))
        solved = np.cumsum(counts.reshape(draws, -1)[:, :-1], axis=1)
        places = (math.ceil(0.025 * draws) - 1, math.ceil(0.975 * draws) - 1)
        ordered = np.partition(solved, places, axis=0)
        low[s], high[s] = ordered[places[0]] / width, ordered[places[1]] / width
    return low, high


def _population(h: Floats, estimates: tuple[Estimate, ...]) -> tuple[Interval, ...]:
    width = len(h)
    if width < ENOUGH_WORKLOADS:
        return (None,) * len(estimates)
    errors = population_draws(h).std(axis=1)
    quantile = t_quantile(0.975, width - 1)
    return tuple(
        unit_interval(e.value - quantile * float(error), e.value + quantile * float(error)) if e.available else None
        for e, error in zip(estimates, errors, strict=True)
    )


def unit_interval(low: float, high: float) -> tuple[float, float]:
    """Return the interval, limited to [0, 1]."""
    return max(0.0, low), min(1.0, high)
