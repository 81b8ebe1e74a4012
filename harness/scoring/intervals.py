"""Textbook intervals and tests: t with Satterthwaite's degrees of freedom, order statistics, Wilson, Holm, power."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from harness.scoring.medians import Floats


@dataclass(frozen=True)
class Estimate:
    """A mean over workloads.

    Attributes:
        value: the point estimate.
        error: its standard error, NaN where there is none.
        freedom: degrees of freedom, NaN where there is no standard error.
    """

    value: float
    error: float
    freedom: float

    @property
    def available(self) -> bool:
        """Whether there is a standard error."""
        return math.isfinite(self.error)

    def interval(self, level: float = 0.95) -> tuple[float, float] | None:
        """Return the t interval of confidence `level`, None without a standard error."""
        if not self.available:
            return None
        half = t_quantile((1 + level) / 2, self.freedom) * self.error if self.error else 0.0
        return self.value - half, self.value + half

    @property
    def p(self) -> float | None:
        """Two-sided p-value of "the mean is zero", None without a standard error."""
        if not self.available:
            return None
        if self.error == 0:
            return 1.0 if self.value == 0 else 0.0
        return 2 * float(special.stdtr(self.freedom, -abs(self.value) / self.error))


def t_quantile(probability: float, freedom: float) -> float:
    """Return Student's t quantile.

    >>> round(t_quantile(0.975, 2), 4)
    4.3027
    """
    return float(special.stdtrit(freedom, probability))


def satterthwaite(value: float, variances: Floats, freedoms: Floats, weight: float) -> Estimate:
    """Return the estimate of a weighted sum of independent parts.

    Args:
        value: the point estimate.
        variances: variance v of each part, NaN where unknown.
        freedoms: degrees of freedom of each.
        weight: factor of each part, 1/W for a mean over W workloads.

    se = weight * sqrt(sum v); df = (sum v)^2 / sum(v^2 / freedom) (Satterthwaite 1946). A part with
    v = 0 contributes to neither.
    """
    if not variances.size or np.isnan(variances).any():
        return Estimate(value, math.nan, math.nan)
    total = math.fsum(variances.tolist())
    if total == 0:
        return Estimate(value, 0.0, math.inf)
    # Relative to the total, since squares of tiny variances would underflow.
    shares = variances / total
    with np.errstate(divide="ignore"):
        freedom = 1 / math.fsum((shares**2 / freedoms)[shares > 0].tolist()) if (freedoms[shares > 0] > 0).all() else math.nan
    return (
        Estimate(value, weight * math.sqrt(total), freedom) if math.isfinite(freedom) else Estimate(value, math.nan, math.nan)
    )


def median_interval(times: Sequence[float]) -> tuple[float | None, float | None, str]:
    """Return (low, high, what these are, in words) for the median of study times.

    With two to five studies it is their range, which covers the median with probability 1 - 2^(1-n); with six or more the
    narrowest pair of order statistics that covers it with at least 95 %.

    >>> median_interval([3.0, 1.0, float("inf")])
    (1.0, inf, 'range of 3 studies')
    >>> median_interval([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    (1.0, 6.0, '95 % interval')
    """
    n = len(times)
    ordered = sorted(times)
    if n < 2:
        return None, None, f"{n} {'study' if n == 1 else 'studies'}"
    if n < 6:
        return ordered[0], ordered[-1], f"range of {n} studies"
    low, high = order_statistics(n)
    return ordered[low - 1], ordered[high - 1], "95 % interval"


def order_statistics(n: int) -> tuple[int, int]:
    """Return the 1-based order statistics of the narrowest interval that covers a median with at least 95 %, for n >= 6.

    >>> order_statistics(6), order_statistics(10)
    ((1, 6), (2, 9))
    """
    mass = [math.comb(n, k) / 2**n for k in range(n + 1)]
    for span in range(1, n):
        starts = sorted(range(1, n - span + 1), key=lambda low: (-math.fsum(mass[low : low + span]), low))
        if math.fsum(mass[starts[0] : starts[0] + span]) >= 0.95:
            return starts[0], starts[0] + span
    return 1, n


def wilson(share: float, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's (1927) interval for a share of n.

    >>> [round(bound, 4) for bound in wilson(0.5, 10)]
    [0.2366, 0.7634]
    """
    z = float(special.ndtri((1 + level) / 2))
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Return Holm's (1979) adjusted p-values. None counts as a test that was not significant, and stays None.

    >>> holm([0.01, None, 0.02])
    [0.03, None, 0.04]
    """
    order = sorted(range(len(p_values)), key=lambda i: (1.0 if p_values[i] is None else p_values[i], i))
    adjusted: list[float | None] = [None] * len(p_values)
    running = 0.0
    for place, i in enumerate(order):
        p = p_values[i]
        if p is not None:
            running = max(running, min(1.0, (len(p_values) - place) * p))
            adjusted[i] = running
    return adjusted


def detectable(error: float, freedom: float, level: float = 0.05, power: float = 0.80) -> float:
    """Return the smallest true log ratio that a two-sided t test of `level` detects with `power` (noncentral t).

    >>> round(detectable(0.1, 1000.0), 2)
    0.28
    """
    if not (error > 0 and freedom > 0):
        return 0.0 if error == 0 else math.nan
    critical = t_quantile(1 - level / 2, freedom)

    def shortfall(shift: float) -> float:
        upper = float(special.nctdtr(freedom, shift, critical))
        lower = float(special.nctdtr(freedom, shift, -critical))
        return 1 - upper + (0.0 if math.isnan(lower) else lower) - power

    return error * float(optimize.brentq(shortfall, 1e-9, critical + 10 + 10 * critical / math.sqrt(freedom)))
