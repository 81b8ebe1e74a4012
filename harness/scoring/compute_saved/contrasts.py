"""Means of differences over workloads with their standard errors: Satterthwaite's t, for many comparisons at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from harness.scoring.compute_saved.endings import Ints
from harness.scoring.intervals import Estimate
from harness.scoring.medians import Floats
from harness.scoring.ruler import Bools

LEAST_STUDIES = 2
"""A workload with fewer common studies has no variance, so it leaves the mean."""
ENOUGH_STUDIES = 3
"""With fewer on every workload there is no interval."""
NOTHING = 1e-24
"""A variance below this is rounding."""


@dataclass(frozen=True)
class Contrasts:
    """Comparisons over workloads; "..." is any number of leading axes.

    Attributes:
        value: mean over the workloads that take part of the mean over studies, [...]; NaN without any.
        error: its standard error, [...]; NaN: no interval, because there are too few studies or nothing varies.
        freedom: Satterthwaite's degrees of freedom, [...]; NaN with the error.
        means: mean over studies, [..., workloads]; NaN without common studies.
        counts: common studies, [..., workloads].
        used: which workloads take part, [..., workloads].
        parts, freedoms: independent parts of the variance of each mean with their degrees of freedom, [..., workloads, parts].
    """

    value: Floats
    error: Floats
    freedom: Floats
    means: Floats
    counts: Ints
    used: Bools
    parts: Floats
    freedoms: Floats

    def estimate(self, *place: int) -> Estimate:
        """Return one comparison."""
        return Estimate(float(self.value[place]), float(self.error[place]), float(self.freedom[place]))

    def half_widths(self, level: float = 0.95) -> Floats:
        """Return half the width of the t intervals of `level`, NaN where there is none."""
        half: Floats = special.stdtrit(self.freedom, (1 + level) / 2) * self.error
        return half

    def p_values(self) -> Floats:
        """Return the two-sided p-values of "the mean is zero", NaN where there is no test."""
        with np.errstate(divide="ignore", invalid="ignore"):
            p: Floats = 2 * special.stdtr(self.freedom, -np.abs(self.value) / self.error)
        return p

    def p_without_one(self) -> Floats:
        """Return the largest p-value with any one workload left out; NaN without a test, [...].

        Where it is large, a single workload decides, and so does the luck of its few studies.
        """
        largest: Floats = self.p_without_each().max(axis=-1, initial=0.0)
        return np.where(np.isnan(self.error), np.nan, largest)

    def p_without_each(self) -> Floats:
        """Return the p-values with each workload left out, 1 where the sign then turns or no test is left, [..., workloads]."""
        alone = np.eye(self.counts.shape[-1], dtype=bool)
        counts = np.where(alone, 0, self.counts[..., None, :])
        left = over_workloads(self.means[..., None, :], self.parts[..., None, :, :], self.freedoms[..., None, :, :], counts)
        p = np.where(np.sign(left.value) == np.sign(self.value)[..., None], left.p_values(), 1.0)
        # Without the only workload that varies, or the only one at all, nothing is left to test.
        return np.where(np.isnan(p), 1.0, p)


def contrasts(own: Floats, other: Floats, paired: Bools | bool = True) -> Contrasts:
    """Return the comparisons `own - other`.

    Args:
        own, other: values of the two sides, [..., workloads, studies]; NaN where a study is absent.
        paired: whether studies of equal index share their seeds and machine type, [..., workloads]. Where not, every
            side keeps all its studies and the two variances add up (Welch 1938).

    v_w = var_j(d_wj)/n_w, se^2 = sum v_w / W^2, df = (sum v)^2 / sum(v^2 / (n_w - 1)) (Satterthwaite 1946).

    >>> found = contrasts(np.array([[1.0, 2.0, 3.0], [4.0, 4.5, 5.0]]), np.zeros((2, 3)))
    >>> round(float(found.value), 4), round(float(found.error), 4), round(float(found.freedom), 4)
    (3.25, 0.3227, 2.9412)
    """
    means, variances, counts = moments(own - other)
    parts, freedoms = variances[..., None], np.asarray(counts[..., None] - 1.0)
    if not np.all(paired):
        split = [moments(side) for side in (own, other)]
        apart = ~np.broadcast_to(np.asarray(paired), counts.shape)
        means = np.where(apart, split[0][0] - split[1][0], means)
        parts = np.stack([np.where(apart, split[0][1], variances), np.where(apart, split[1][1], 0.0)], axis=-1)
        freedoms = np.stack([np.where(apart, split[0][2], counts), np.where(apart, split[1][2], 2)], axis=-1) - 1.0
        counts = np.where(apart, np.minimum(split[0][2], split[1][2]), counts)
    return over_workloads(means, parts, freedoms, counts)


def over_workloads(means: Floats, parts: Floats, freedoms: Floats, counts: Ints) -> Contrasts:
    """Return comparisons from per-workload means, [..., W], and the independent parts of their variances, [..., W, parts].

    Where no workload has two common studies, those with one make a mean without an interval.
    """
    enough = counts >= LEAST_STUDIES
    some = enough.any(axis=-1, keepdims=True)
    used = np.where(some, enough, counts > 0)
    width = used.sum(axis=-1)
    counted = np.where((enough & (np.nansum(parts, axis=-1) >= NOTHING))[..., None], parts, 0.0)
    v = counted.reshape(*width.shape, -1)
    total = v.sum(axis=-1)
    known = (total > 0) & (counts.max(axis=-1, initial=0) >= ENOUGH_STUDIES)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(used, means, 0.0).sum(axis=-1) / width
        # Relative variances: squares of tiny ones would underflow.
        shares = v / total[..., None]
        freedom = 1 / np.where(shares > 0, shares**2 / freedoms.reshape(*freedoms.shape[:-2], -1), 0.0).sum(axis=-1)
        error = np.sqrt(total) / width
    error, freedom = np.where(known, error, np.nan), np.where(known, freedom, np.nan)
    return Contrasts(value, error, freedom, means, counts, used, parts, freedoms)


def moments(values: Floats) -> tuple[Floats, Floats, Ints]:
    """Return mean, variance of the mean and number of the values that are there, over the last axis; NaN without enough."""
    values = np.ascontiguousarray(values)
    there = ~np.isnan(values)
    n = there.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(there, values, 0.0).sum(axis=-1) / n
        squares = np.where(there, values - mean[..., None], 0.0) ** 2
        variance = squares.sum(axis=-1) / ((n - 1.0) * n)
    return np.where(n > 0, mean, np.nan), np.where(n > 1, variance, np.nan), n
