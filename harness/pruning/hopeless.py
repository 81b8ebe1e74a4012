"""Can a trial still reach its target? A forecast from the curve so far (``--stop-hopeless``, never on by default).

The forecast allows the curve, for the rest of the budget, twice the average fall per example of its last part. A convex
curve (a power law, c + a n^-b) falls more slowly later on, so once would be enough; what makes curves fall faster is the
learning rate coming down (the annealing term of the loss law, Tissue et al. 2024). Therefore nothing is forecast in the
first half, nor while the rate is near its peak, when most of that fall is still to come. The forecast is sometimes wrong
all the same: `analyses/hopeless_replay.py` measures how often on complete runs, and docs/scoring.md gives the result.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

SLACK = 2.0
"""How many times the recent fall per example the rest of the trial is allowed."""

EARLIEST = 0.5
"""Share of the horizon before which nothing is forecast."""

ANNEALED = 0.75
"""The learning rate must have come down to this share of its peak."""

FEWEST = 6
"""Evaluations before which nothing is forecast."""


def forecast(
    examples: Sequence[float],
    values: Sequence[float],
    rates: Sequence[tuple[float, float, float]],
    *,
    target: float,
    lower_is_better: bool,
    end: float,
) -> str:
    """Return why a trial cannot reach its target, in words; "" where it may, or where no forecast is possible.

    Args:
        examples: charged examples at each evaluation so far.
        values: the metric there.
        rates: the learning-rate trace so far: steps, examples, rate.
        target: value of the metric that has not been met so far.
        lower_is_better: whether a lower metric is better.
        end: charged examples at the last evaluation.
    """
    now, sign = examples[-1], 1.0 if lower_is_better else -1.0
    if len(values) < FEWEST or now < EARLIEST * end or not _annealed(rates) or not all(map(math.isfinite, values)):
        return ""
    losses, left = [sign * value for value in values], end - now
    since = now - max(left, now / 2)  # as long as what is left, and at least half of what was run
    window = [i for i, at in enumerate(examples) if at >= since]
    stretch = now - examples[window[0]]
    if stretch <= 0:
        return ""
    best = min(losses)
    fall = max(losses[i] for i in window) - best
    least = best - SLACK * fall * left / stretch
    if least <= sign * target:
        return ""
    return f"forecast: {sign * least:.4g} at best by the end of its horizon, target {target:g}"


def _annealed(rates: Sequence[tuple[float, float, float]]) -> bool:
    """Return whether the rate has come down from its peak; False where no rate is reported."""
    peak = max((rate for _, _, rate in rates), default=0.0)
    return peak > 0 and rates[-1][2] <= ANNEALED * peak
