"""Curves -> target -> verdict: pure functions of validation curves.

A curve is (clock [e], values [e]): charged examples and metric at each evaluation, better values lower: metrics that
are better higher come with their sign turned. Where a trial diverged its curve ends early.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Curve = tuple[np.ndarray, np.ndarray]

REACH = 0.95
"""Least share of fresh seeds that reach the target: 19 of 20. A screen; designed for 99 %."""

WRONG_RATE = 0.2
"""Most that reach it at a rate 10 times too small or too large: 1 of 5."""

NUDGE, MOVED = 0.01, 0.25
"""The median time may move by less than `MOVED` when the target moves by `NUDGE` of its distance from the trivial value."""

HELD = 0.9
"""Least share of first hits that hold at the mean of the next `NEXT` evaluations."""
NEXT = 2

STEADY = 0.95
"""Least `steadiness` of a configuration that is to set a target: more than `HELD`, which is a screen of 20 seeds."""

STEADY_SHARES = (0.65, 0.7, 0.75, 0.8)
"""Shares of the budget, about the target's own, whose targets say how steadily a configuration's curves fall."""


@dataclass(frozen=True)
class Check:
    """One check of a target: what was measured, what it must be, and whether it is."""

    passed: bool
    value: float
    limit: float
    words: str


def best_by(curve: Curve, clock: float) -> float:
    """Return the best value up to `clock`; infinite where there is none."""
    examples, values = curve
    seen = values[examples <= clock * (1 + 1e-9)]
    return float(np.min(seen)) if len(seen) else math.inf


def first_hit(curve: Curve, target: float) -> int | None:
    """Return the index of the first evaluation that meets the target, or None."""
    hits = np.flatnonzero(curve[1] <= target)
    return int(hits[0]) if len(hits) else None


def hit_time(curve: Curve, target: float) -> float:
    """Return the clock at the first hit; infinite where there is none."""
    index = first_hit(curve, target)
    return math.inf if index is None else float(curve[0][index])


def target_of(curves: Sequence[Curve], clock: float, digits: int = 4) -> float:
    """Return the median over seeds of the best value by `clock`, rounded to `digits` significant digits.

    Raises:
        ValueError: at least half of the seeds diverged before.
    """
    median = float(np.median([best_by(curve, clock) for curve in curves]))
    if not math.isfinite(median):
        raise ValueError("the best configuration diverged on at least half of its seeds")
    return float(f"{median:.{digits}g}")


def share_reached(curves: Sequence[Curve], target: float) -> float:
    """Return the share of curves that reach the target."""
    return float(np.mean([first_hit(curve, target) is not None for curve in curves]))


def moved(curves: Sequence[Curve], target: float, trivial: float) -> float:
    """Return the largest relative change of the median hit time when the target moves either way by `NUDGE`.

    Infinite where a median is; NaN where the trivial value is unknown.
    """
    nudge = NUDGE * abs(trivial - target)
    times = [float(np.median([hit_time(curve, target + shift) for curve in curves])) for shift in (0.0, nudge, -nudge)]
    if not all(math.isfinite(time) for time in times):
        return math.inf
    return max(abs(time / times[0] - 1) for time in times[1:])


def share_held(curves: Sequence[Curve], target: float) -> float:
    """Return the share of first hits whose next `NEXT` evaluations meet the target in the mean; NaN where there is none.

    Hits too late for `NEXT` further evaluations say nothing and are left out.
    """
    held = []
    for curve in curves:
        index = first_hit(curve, target)
        following = curve[1][index + 1 : index + 1 + NEXT] if index is not None else ()
        if len(following) == NEXT:
            held.append(float(np.mean(following)) <= target)
    return float(np.mean(held)) if held else math.nan


def steadiness(curves: Sequence[Curve], budget: float) -> float:
    """Return the share of first hits that hold, in the mean over the targets that `STEADY_SHARES` of the budget would give.

    One target meets each curve once; several say more of how the curves fall. NaN where nothing is hit.
    """
    targets = [float(np.median([best_by(curve, share * budget) for curve in curves])) for share in STEADY_SHARES]
    shares = [share_held(curves, target) for target in targets if math.isfinite(target)]
    known = [share for share in shares if not math.isnan(share)]
    return float(np.mean(known)) if known else math.nan


def fitness(curves: Sequence[Curve], clock: float, budget: float, trivial: float) -> tuple[int, float, float]:
    """Return how well a configuration would serve as a reference, the larger the better, by the target that it would set.

    First how many of three screens its curves pass: all reach the target and a `NUDGE` more, the median time moves by less than
    `MOVED` under a nudge, and hits hold in `STEADY` of the cases. Where all do, the better target counts; else how many
    curves reach the nudged target and how many hits hold.
    """
    median = float(np.median([best_by(curve, clock) for curve in curves]))
    if not math.isfinite(median):
        return 0, 0.0, -math.inf
    steady = float(np.nan_to_num(steadiness(curves, budget)))
    reached = share_reached(curves, median - NUDGE * abs(trivial - median))
    passed = (reached == 1) + (moved(curves, median, trivial) < MOVED) + (steady >= STEADY)
    return passed, 2.0 if passed == 3 else reached + steady, -median


def response(curves: Mapping[float, Sequence[Curve]]) -> dict[float, float]:
    """Return {multiple of the reference rate: median over seeds of the best value within the budget}."""
    return {rate: float(np.median([best_by(curve, math.inf) for curve in row])) for rate, row in sorted(curves.items())}


def is_valley(values: Mapping[float, float]) -> bool:
    """Return whether the best rate lies in [1/sqrt(10), sqrt(10)] of the reference and both edges are worse."""
    ordered = sorted(values.items())
    best = min(ordered, key=lambda pair: pair[1])
    inside = 10**-0.51 < best[0] < 10**0.51
    return inside and ordered[0][1] > best[1] and ordered[-1][1] > best[1]


def verdict(fresh: Sequence[Curve], rates: Mapping[float, Sequence[Curve]], target: float, trivial: float) -> dict[str, Check]:
    """Return all checks of a target.

    Args:
        fresh: curves of fresh seeds at the reference rate.
        rates: {multiple of the reference rate: curves}, 0.1 and 10 among them, 1 not needed.
        target: with its sign turned where higher is better, as in the curves.
        trivial: the workload's declared trivial value, likewise.
    """
    reached, held, move = share_reached(fresh, target), share_held(fresh, target), moved(fresh, target, trivial)
    small, large = (share_reached(rates[rate], target) for rate in (min(rates, key=_near(0.1)), min(rates, key=_near(10.0))))
    valley = response({**rates, 1.0: fresh})
    best = min(valley, key=lambda rate: valley[rate])
    return {
        "reached": Check(reached >= REACH, reached, REACH, "share of fresh seeds that reach it"),
        "too_small": Check(small <= WRONG_RATE, small, WRONG_RATE, "share that reach it at a tenth of the reference rate"),
        "too_large": Check(large <= WRONG_RATE, large, WRONG_RATE, "share that reach it at ten times the reference rate"),
        "moved": Check(move < MOVED, move, MOVED, "relative change of the median time when the target moves by 1 %"),
        "held": Check(held >= HELD, held, HELD, "share of first hits that hold at the mean of the next two evaluations"),
        "valley": Check(is_valley(valley), best, 1.0, "best multiple of the reference rate"),
    }


def to_json(checks: Mapping[str, Check]) -> dict[str, Any]:
    """Return the checks as JSON types."""
    return {name: {"passed": bool(c.passed), "value": c.value, "limit": c.limit} for name, c in checks.items()}


def _near(rate: float) -> Any:
    return lambda other: abs(math.log(other / rate))
