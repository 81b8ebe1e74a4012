"""Pure functions of validation curves: the target that they give, and the checks that a target must pass.

A curve is (clock [n], values [n]): charged examples and metric at each evaluation. Lower values are better: a metric that is
better when higher is negated. The curve of a trial that diverged ends early.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Curve = tuple[np.ndarray, np.ndarray]

REACH = 0.95
"""At least this share of fresh seeds must reach the target (19 of 20). Twenty seeds are a screen: 99 % of all
seeds are meant to reach it."""

WRONG_RATE = 0.2
"""At most this share may reach the target at a learning rate 10 times too small or too large (1 of 5)."""

NUDGE, MOVED = 0.01, 0.25
"""The median time must change by less than the fraction `MOVED` when the target changes by the fraction `NUDGE` of its distance
from the trivial value."""

HELD = 0.9
"""For at least this share of first hits, the mean of the next `NEXT` evaluations must meet the target too."""

NEXT = 2
"""Evaluations after a first hit that decide whether it holds."""

STEADY = 0.95
"""The least `steadiness` of a configuration that is to set a target: more than `HELD`, which is checked on 20 seeds only."""

STEADY_SHARES = (0.65, 0.7, 0.75, 0.8)
"""Shares of the budget around `TARGET_SHARE` at which `steadiness` places targets."""


@dataclass(frozen=True)
class Check:
    """One check of a target.

    Attributes:
        passed: whether the value keeps the limit.
        value: the measured value.
        limit: the limit.
        description: what was measured.
    """

    passed: bool
    value: float
    limit: float
    description: str


def best_by(curve: Curve, clock: float) -> float:
    """Return the best value up to `clock`, or infinity if there is none."""
    examples, values = curve
    values_by_then = values[examples <= clock * (1 + 1e-9)]
    return float(np.min(values_by_then)) if len(values_by_then) else math.inf


def first_hit(curve: Curve, target: float) -> int | None:
    """Return the index of the first evaluation that meets the target, or None."""
    hits = np.flatnonzero(curve[1] <= target)
    return int(hits[0]) if len(hits) else None


def hit_time(curve: Curve, target: float) -> float:
    """Return the clock at the first hit, or infinity if there is none."""
    index = first_hit(curve, target)
    return math.inf if index is None else float(curve[0][index])


def target_of(curves: Sequence[Curve], clock: float, digits: int = 4) -> float:
    """Return the median over seeds of the best value up to `clock`, rounded to `digits` significant digits.

    Raises:
        ValueError: at least half of the seeds diverged before their first evaluation.
    """
    median = float(np.median([best_by(curve, clock) for curve in curves]))
    if not math.isfinite(median):
        raise ValueError("the best configuration diverged on at least half of its seeds")
    return float(f"{median:.{digits}g}")


def share_reached(curves: Sequence[Curve], target: float) -> float:
    """Return the share of curves that reach the target."""
    return float(np.mean([first_hit(curve, target) is not None for curve in curves]))


def moved(curves: Sequence[Curve], target: float, trivial: float) -> float:
    """Return the largest relative change of the median hit time when the target moves up or down by `NUDGE`.

    The result is infinite if a median is, and NaN if the trivial value is unknown.
    """
    nudge = NUDGE * abs(trivial - target)
    times = [float(np.median([hit_time(curve, target + shift) for curve in curves])) for shift in (0.0, nudge, -nudge)]
    if not all(math.isfinite(time) for time in times):
        return math.inf
    return max(abs(time / times[0] - 1) for time in times[1:])


def share_held(curves: Sequence[Curve], target: float) -> float:
    """Return the share of first hits for which the mean of the next `NEXT` evaluations meets the target.

    Hits with fewer than `NEXT` evaluations after them are left out. The result is NaN if no hit is left.
    """
    held = []
    for curve in curves:
        index = first_hit(curve, target)
        following = curve[1][index + 1 : index + 1 + NEXT] if index is not None else ()
        if len(following) == NEXT:
            held.append(float(np.mean(following)) <= target)
    return float(np.mean(held)) if held else math.nan


def steadiness(curves: Sequence[Curve], budget: float) -> float:
    """Return the mean of `share_held` over the targets that each of `STEADY_SHARES` of the budget would give.

    One target yields one hit per curve; several targets tell more about how the curves fall. The result is NaN if nothing is
    hit.
    """
    targets = [float(np.median([best_by(curve, share * budget) for curve in curves])) for share in STEADY_SHARES]
    shares = [share_held(curves, target) for target in targets if math.isfinite(target)]
    known = [share for share in shares if not math.isnan(share)]
    return float(np.mean(known)) if known else math.nan


def fitness(curves: Sequence[Curve], clock: float, budget: float, trivial: float) -> tuple[int, float, float]:
    """Return how suitable a configuration is as a reference, by the target that it would set; larger tuples are better.

    The first number counts the conditions that its curves meet: all of them reach a target harder by `NUDGE`, the median time
    changes by less than `MOVED` under a nudge, and `steadiness` is at least `STEADY`. If all three are met, the better target
    decides; otherwise the share of curves that reach the harder target plus the steadiness.
    """
    median = float(np.median([best_by(curve, clock) for curve in curves]))
    if not math.isfinite(median):
        return 0, 0.0, -math.inf
    steady = float(np.nan_to_num(steadiness(curves, budget)))
    reached = share_reached(curves, median - NUDGE * abs(trivial - median))
    passed = (reached == 1) + (moved(curves, median, trivial) < MOVED) + (steady >= STEADY)
    return passed, 2.0 if passed == 3 else reached + steady, -median


def response(curves: Mapping[float, Sequence[Curve]]) -> dict[float, float]:
    """Return {multiple of the reference rate: median over seeds of the best value}."""
    return {rate: float(np.median([best_by(curve, math.inf) for curve in row])) for rate, row in sorted(curves.items())}


def is_valley(values: Mapping[float, float]) -> bool:
    """Return whether the best multiple is in [1/sqrt(10), sqrt(10)] and both outermost multiples give worse values."""
    ordered = sorted(values.items())
    best = min(ordered, key=lambda pair: pair[1])
    inside = 10**-0.51 < best[0] < 10**0.51
    return inside and ordered[0][1] > best[1] and ordered[-1][1] > best[1]


def verdict(fresh: Sequence[Curve], rates: Mapping[float, Sequence[Curve]], target: float, trivial: float) -> dict[str, Check]:
    """Return the checks of a target, {name: check}.

    Args:
        fresh: curves of fresh seeds at the reference rate.
        rates: {multiple of the reference rate: curves}; it must contain multiples near 0.1 and 10.
        target: negated if higher values are better, as in the curves.
        trivial: the metric of a model that has learnt nothing, negated likewise.
    """
    reached, held, move = share_reached(fresh, target), share_held(fresh, target), moved(fresh, target, trivial)
    small, large = (share_reached(rates[rate], target) for rate in (min(rates, key=_near(0.1)), min(rates, key=_near(10.0))))
    valley = response({**rates, 1.0: fresh})
    best = min(valley, key=lambda rate: valley[rate])
    return {
        "reached": Check(reached >= REACH, reached, REACH, "share of fresh seeds that reach the target"),
        "too_small": Check(
            small <= WRONG_RATE, small, WRONG_RATE, "share of seeds that reach it at a tenth of the reference rate"
        ),
        "too_large": Check(
            large <= WRONG_RATE, large, WRONG_RATE, "share of seeds that reach it at ten times the reference rate"
        ),
        "moved": Check(move < MOVED, move, MOVED, "relative change of the median time when the target moves by 1 %"),
        "held": Check(held >= HELD, held, HELD, "share of first hits after which the mean of two evaluations meets it"),
        "valley": Check(is_valley(valley), best, 1.0, "best multiple of the reference rate"),
    }


def to_json(checks: Mapping[str, Check]) -> dict[str, Any]:
    """Return the checks as JSON types."""
    return {name: {"passed": bool(c.passed), "value": c.value, "limit": c.limit} for name, c in checks.items()}


def _near(rate: float) -> Any:
    return lambda other: abs(math.log(other / rate))
