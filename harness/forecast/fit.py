"""Fits the loss law to the loss curves of one or more runs."""

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
"""The residual of log loss at which the Huber loss changes from quadratic to linear."""

FEWEST = 8
"""The least number of losses of a curve after warm-up: four parameters are fitted, and a fifth of the losses is left out when
lambda is chosen."""

SOURCE_MEMORY = 24.0
"""(1 - lambda) T in the source, T the number of steps: lambda = 0.999 at about 24,000 steps."""

MEMORIES = tuple(SOURCE_MEMORY * 2.0**k for k in range(-4, 4))
"""The values of (1 - lambda) T that are tried: 1.5 to 192."""

FOLDS = 5
"""Folds of the cross-validation that chooses lambda."""

EXPONENTS = (0.1, 0.3, 0.6, 1.0, 2.0)
FLOORS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99)
"""The grid of starting points: alpha, and L0 as a fraction of the lowest loss. For each point, A and C are the least-squares
optimum, so starting points with small C occur too."""

STARTS = 4
"""The minimiser starts from this many points of the grid, those with the lowest objective."""

TINY = 1e-12
"""Predicted losses are raised to this before a logarithm is taken."""


@dataclass(frozen=True)
class Curve:
    """The loss curve of a run.

    Attributes:
        rates: learning rate of each step from the first on, where warm-up steps have the rate at the end of warm-up, [steps].
        steps: number of steps taken at each evaluation, >= 1, ascending, [n].
        losses: loss at each evaluation, > 0, [n].
    """

    rates: Array
    steps: Steps
    losses: Array

    def part(self, indices: Steps) -> Curve:
        """Return the curve with only the evaluations at these indices."""
        return Curve(self.rates, self.steps[indices], self.losses[indices])


@dataclass(frozen=True)
class Fit:
    """A fitted law and its mean absolute relative error over all losses of the curves."""

    law: Law
    error: float


def fit_law(curves: Sequence[Curve], *, decay: float | None = None) -> Fit:
    """Return the law that fits the curves best.

    The sum of Huber losses (delta 1e-3) of log L - log L_predicted over all losses of all curves is minimised over four
    non-negative parameters by L-BFGS-B, from several starting points. If no curve's rate ever decreases, the curves contain no
    information on annealing, and the gain is 0.

    Args:
        curves: at least one.
        decay: lambda; by default `choose_decay` chooses it.

    Source: arXiv:2408.11029; how lambda depends on the number of steps, and the starting points, are this module's.
    """
    decay = choose_decay(curves) if decay is None else decay
    with threadpool_limits(1, "blas"):
        law = _Problem(curves, decay).solve()
    errors = [abs(law.predict(c.rates)[c.steps - 1] / c.losses - 1) for c in curves]
    return Fit(law, float(np.mean(np.concatenate(errors))))


def choose_decay(curves: Sequence[Curve]) -> float:
    """Return the lambda that cross-validation chooses for the curves.

    The candidates are lambda = 1 - m / T, where T is the number of steps of the longest curve and m one of `MEMORIES`. In each
    of five folds a block of consecutive evaluations, a fifth of every curve, is left out, and the law fitted to the rest is
    judged by its mean absolute log error on that block. Among the m whose mean error is within one standard error of the
    lowest (the rule of Breiman et al. 1984), the one nearest to the source's 24 is chosen. Two short curves determine lambda
    poorly: the lowest error alone often selected an end of the range, and then predicted other schedules worse.
    """
    length = max(int(c.steps[-1]) for c in curves)
    memories = [memory for memory in MEMORIES if memory < length]
    if not memories:
        return 0.0
    with threadpool_limits(1, "blas"):  # with four unknowns, more threads make the fits about twenty times slower
        errors = np.array([_errors_left_out(curves, 1 - memory / length) for memory in memories])
    means = errors.mean(axis=1)
    best = errors[int(means.argmin())]
    limit = best.mean() + best.std(ddof=1) / FOLDS**0.5
    allowed = [memory for memory, mean in zip(memories, means, strict=True) if mean <= limit]
    return 1 - min(allowed, key=lambda memory: abs(math.log(memory / SOURCE_MEMORY))) / length


def _errors_left_out(curves: Sequence[Curve], decay: float) -> list[float]:
    """Return for each fold the mean absolute log error on the evaluations that were left out."""
    blocks = [np.array_split(np.arange(len(c.steps)), FOLDS) for c in curves]
    errors = []
    for fold in range(FOLDS):
        left_out = [parts[fold] for parts in blocks]
        rest = [c.part(np.setdiff1d(np.arange(len(c.steps)), block)) for c, block in zip(curves, left_out, strict=True)]
        law = _Problem(rest, decay).solve()
        held_out = [c.part(block) for c, block in zip(curves, left_out, strict=True)]
        logs = [np.log(np.maximum(law.predict(c.rates)[c.steps - 1], TINY)) - np.log(c.losses) for c in held_out]
        errors.append(float(np.mean(abs(np.concatenate(logs)))))
    return errors


class _Problem:
    """The minimisation for one lambda, in units in which all four parameters are of order one.

    `x` holds, in this order, L0, A S1_max^-alpha, alpha and C S2_max, where losses are in units of the lowest loss.
    """

    def __init__(self, curves: Sequence[Curve], decay: float) -> None:
        self.decay = decay
        steps = [c.steps - 1 for c in curves]
        s1 = np.concatenate([area(c.rates)[at] for c, at in zip(curves, steps, strict=True)])
        s2 = np.concatenate([annealing(c.rates, decay)[at] for c, at in zip(curves, steps, strict=True)])
        self.losses = np.concatenate([c.losses for c in curves])
        self.unit, self.longest = float(self.losses.min()), float(s1.max())
        self.most_annealed = float(abs(s2).max()) or 1.0
        self.y, self.log_s1, self.s2 = self.losses / self.unit, np.log(s1 / self.longest), s2 / self.most_annealed

    def solve(self) -> Law:
        """Return the best law."""
        starts = sorted((self._start(*point) for point in product(EXPONENTS, FLOORS)), key=lambda x: self._value(x)[0])
        bounds = [(0.0, None), (0.0, None), (0.0, 20.0), (0.0, None)]
        results = [
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
        floor, scale, exponent, gain = min(results, key=lambda result: float(result.fun)).x
        return Law(
            floor=float(floor * self.unit),
            scale=float(scale * self.unit * self.longest**exponent),
            exponent=float(exponent),
            gain=float(gain * self.unit / self.most_annealed),
            decay=self.decay,
        )

    def _start(self, exponent: float, floor: float) -> Array:
        """Return a starting point: A and C minimise the squared relative errors, both >= 0."""
        columns = np.stack([np.exp(-exponent * self.log_s1), -self.s2], axis=1) / self.y[:, None]
        (scale, gain), _ = nnls(columns, (self.y - floor) / self.y)
        return np.array([floor, scale, exponent, gain])

    def _value(self, x: Array) -> tuple[float, Array]:
        """Return the objective, the sum of Huber losses in units of delta squared, and its gradient."""
        floor, scale, exponent, gain = x
        power = np.exp(-exponent * self.log_s1)
        predicted = floor + scale * power - gain * self.s2
        usable = np.maximum(predicted, TINY)
        residual = (np.log(usable) - np.log(self.y)) / DELTA
        size = abs(residual)
        value = np.where(size <= 1, residual**2 / 2, size - 0.5).sum()
        slope = (
            np.clip(residual, -1, 1) / DELTA / usable
        )  # not zero where the prediction was raised to TINY, so that the minimiser returns from there
        parts = (np.ones_like(power), power, -scale * power * self.log_s1, -self.s2)
        return float(value), np.array([float(slope @ part) for part in parts])
