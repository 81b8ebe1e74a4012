"""Fits the loss law to the curves of one run or several. NumPy and SciPy only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, nnls
from threadpoolctl import threadpool_limits

from harness.forecast.law import Array, Law, annealing, area

Steps = NDArray[np.int64]

DELTA = 1e-3
"""Where the Huber loss of a log residual turns from square to straight."""

FEWEST = 8
"""Losses a curve must have after warm-up: four parameters are fitted, and a part is held back to choose the momentum."""

SOURCE_MEMORY = 24.0
"""(1 - lambda) T of the source: 0.999 at some 24,000 steps."""

MEMORIES = tuple(SOURCE_MEMORY * 2.0**k for k in range(-4, 4))
"""(1 - lambda) T that are tried: 1.5 to 192."""

FOLDS = 5
"""Parts of every curve, each foretold from the others when the momentum is chosen."""

EXPONENTS = (0.1, 0.3, 0.6, 1.0, 2.0)
FLOORS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99)
"""The grid of starts: alpha, and L0 as a share of the lowest loss. A and C of a start are the best for these two, which gives
small C too."""

STARTS = 4
"""The best starts, which are descended from."""

TINY = 1e-12


@dataclass(frozen=True)
class Curve:
    """A run to fit.

    Attributes:
        rates: learning rate of every step from the first on, warm-up steps at the rate that they lead to.
        steps: steps taken at each evaluation, from 1; ascending.
        losses: the loss there, > 0.
    """

    rates: Array
    steps: Steps
    losses: Array

    def part(self, kept: Steps) -> Curve:
        """Return the curve with only the evaluations of these indices."""
        return Curve(self.rates, self.steps[kept], self.losses[kept])


@dataclass(frozen=True)
class Fit:
    """A fitted law and how it fits: the mean absolute relative error over all losses of the curves."""

    law: Law
    error: float


def fit_law(curves: Sequence[Curve], *, decay: float | None = None) -> Fit:
    """Return the law that fits the curves best.

    Minimises the Huber loss (delta 1e-3) of log L - log L_predicted, summed over all losses of all curves, over four
    non-negative parameters, by L-BFGS-B from the best of a grid of starts. Where no curve's rate ever falls, nothing is known
    of annealing, and the gain is 0.

    Args:
        curves: at least one; losses > 0.
        decay: lambda; by default what `choose_decay` returns.

    Source: arXiv:2408.11029; lambda tied to the number of steps, and the starts, as harness/forecast/fit.py says.
    """
    with threadpool_limits(1, "blas"):  # problems of four unknowns: threads only wait for one another, ten times the time
        law = _Problem(curves, choose_decay(curves) if decay is None else decay).solve()
    errors = [abs(law.predict(c.rates)[c.steps - 1] / c.losses - 1) for c in curves]
    return Fit(law, float(np.mean(np.concatenate(errors))))


def choose_decay(curves: Sequence[Curve]) -> float:
    """Return the lambda, tied to the number of steps, that the curves ask for.

    Tried are 1 - lambda = m / T with T the steps of the longest curve and m of `MEMORIES`. Five-fold cross-validation by
    stretches: in turn a fifth of the evaluations of every curve, all next to one another, is left out, and judged by the mean
    absolute log error of the law fitted to the rest. Of all m whose mean error is within one standard error of the lowest (the
    rule of Breiman et al. 1984) the nearest to the source's 24 is taken: two short curves say little of lambda, and the lowest
    error alone chose values at the ends of the range, under which other schedules were foretold worse.
    """
    length = max(int(c.steps[-1]) for c in curves)
    tried = [memory for memory in MEMORIES if memory < length]
    if not tried:
        return 0.0
    errors = np.array([_errors_left_out(curves, 1 - memory / length) for memory in tried])
    means = errors.mean(axis=1)
    best = errors[int(means.argmin())]
    limit = best.mean() + best.std(ddof=1) / FOLDS**0.5
    allowed = [memory for memory, mean in zip(tried, means, strict=True) if mean <= limit]
    return 1 - min(allowed, key=lambda memory: abs(math.log(memory / SOURCE_MEMORY))) / length


def _errors_left_out(curves: Sequence[Curve], decay: float) -> list[float]:
    """Return the mean absolute log error on each stretch that was left out."""
    stretches = [np.array_split(np.arange(len(c.steps)), FOLDS) for c in curves]
    errors = []
    for fold in range(FOLDS):
        out = [parts[fold] for parts in stretches]
        rest = [c.part(np.setdiff1d(np.arange(len(c.steps)), gone)) for c, gone in zip(curves, out, strict=True)]
        law = _Problem(rest, decay).solve()
        left = [c.part(gone) for c, gone in zip(curves, out, strict=True)]
        logs = [np.log(np.maximum(law.predict(c.rates)[c.steps - 1], TINY)) - np.log(c.losses) for c in left]
        errors.append(float(np.mean(abs(np.concatenate(logs)))))
    return errors


class _Problem:
    """The fit for one lambda, in units in which all four parameters are of order one.

    `x` is L0 and A S1_max^-alpha and C S2_max in units of the lowest loss, and alpha, in the order L0, A, alpha, C.
    """

    def __init__(self, curves: Sequence[Curve], decay: float) -> None:
        self.decay = decay
        steps = [c.steps - 1 for c in curves]
        s1 = np.concatenate([area(c.rates)[at] for c, at in zip(curves, steps, strict=True)])
        s2 = np.concatenate([annealing(c.rates, decay)[at] for c, at in zip(curves, steps, strict=True)])
        self.losses = np.concatenate([c.losses for c in curves])
        self.unit, self.longest = float(self.losses.min()), float(s1.max())
        self.most = float(abs(s2).max()) or 1.0
        self.y, self.log_s1, self.s2 = self.losses / self.unit, np.log(s1 / self.longest), s2 / self.most

    def solve(self) -> Law:
        """Return the best law."""
        starts = sorted((self._start(*point) for point in product(EXPONENTS, FLOORS)), key=lambda x: self._value(x)[0])
        bounds = [(0.0, None), (0.0, None), (0.0, 20.0), (0.0, None)]
        found = [
            minimize(
                self._value,
                start,
                jac=True,
                method="L-BFGS-B",
                bounds=bounds,
                options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-9},
            )
            for start in starts[:STARTS]
        ]
        floor, scale, exponent, gain = min(found, key=lambda result: float(result.fun)).x
        return Law(
            floor=float(floor * self.unit),
            scale=float(scale * self.unit * self.longest**exponent),
            exponent=float(exponent),
            gain=float(gain * self.unit / self.most),
            decay=self.decay,
        )

    def _start(self, exponent: float, floor: float) -> Array:
        """Return a start of the grid: A and C by non-negative least squares of relative errors."""
        columns = np.stack([np.exp(-exponent * self.log_s1), -self.s2], axis=1) / self.y[:, None]
        (scale, gain), _ = nnls(columns, (self.y - floor) / self.y)
        return np.array([floor, scale, exponent, gain])

    def _value(self, x: Array) -> tuple[float, Array]:
        """Return the sum of Huber losses in units of delta squared, and its gradient."""
        floor, scale, exponent, gain = x
        power = np.exp(-exponent * self.log_s1)
        predicted = floor + scale * power - gain * self.s2
        usable = np.maximum(predicted, TINY)
        residual = (np.log(usable) - np.log(self.y)) / DELTA
        size = abs(residual)
        value = np.where(size <= 1, residual**2 / 2, size - 0.5).sum()
        slope = np.clip(residual, -1, 1) / DELTA / usable  # kept where it is cut off, so that a step leads back
        parts = (np.ones_like(power), power, -scale * power * self.log_s1, -self.s2)
        return float(value), np.array([float(slope @ part) for part in parts])
