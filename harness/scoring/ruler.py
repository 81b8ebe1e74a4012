"""The ruler of a workload: which quality its reference recipe reaches with how much of the budget, and the inverse."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.canonical import plain
from harness.contracts.workloads import RULER_FIELDS
from harness.scoring.medians import Floats

Bools = NDArray[np.bool_]
Point = tuple[float, float]

LOWEST_GAIN = -math.log(8)
"""A gain is never read as less than this: an eighth of the budget that was spent."""

SHORTEST = 1 / 32
"""The shortest horizon of a ruler, in budgets: no equivalent budget is read below it."""


@dataclass(frozen=True)
class Ruler:
    """R(h), the median final metric of the reference recipe at horizon h, with every seed's value.

    Attributes:
        workload: its label.
        version: raised whenever the values change; part of the workload's hash.
        lower_is_better: direction of the metric.
        budget: charged examples of h = 1.
        finals: (charged examples, final metric of every seed) in ascending order; NaN where a seed's was not finite.
    """

    workload: str
    version: int
    lower_is_better: bool
    budget: float
    finals: tuple[tuple[float, tuple[float, ...]], ...]

    @cached_property
    def horizons(self) -> Floats:
        """Return h of every measured point, ascending."""
        return np.array([examples / self.budget for examples, _ in self.finals])

    @cached_property
    def losses(self) -> tuple[Floats, ...]:
        """Return the seeds' values at every horizon so that lower is better; infinite where not finite."""
        return tuple(self.loss(values) for _, values in self.finals)

    @cached_property
    def points(self) -> tuple[Point, ...]:
        """Return the kept points (h, median loss): each is better than all at shorter horizons."""
        return improving(self.horizons, np.array([np.median(values) for values in self.losses]))

    def loss(self, metric: ArrayLike) -> Floats:
        """Return metric values so that lower is better; infinite where they are not finite."""
        values = np.asarray(metric, dtype=float)
        return np.where(np.isfinite(values), values if self.lower_is_better else -values, np.inf)

    def log_equivalent(self, metric: ArrayLike) -> tuple[Floats, Bools]:
        """Return log E of every metric value, and where it is better than the last point (log E is at least that).

        log E is -inf where the value is worse than the first point or not finite: `low_limit` bounds the gain there.
        """
        return interpolated(self.points, self.loss(metric))

    def equivalent(self, metric: float) -> tuple[float, str]:
        """Return (E, mark) of one metric value: "≥" beyond the last point, "≤" (and 0) below the first.

        >>> ruler = ruler_of("w", {50: [1.0], 100: [0.5], 200: [0.4]}, budget=100)
        >>> ruler.equivalent(0.5), ruler.equivalent(0.3), ruler.equivalent(1.1)
        ((1.0, ''), (2.0, '≥'), (0.0, '≤'))
        >>> round(ruler.equivalent(0.45)[0], 4)  # half-way in the metric is half-way in log h
        1.4142
        """
        log, beyond = self.log_equivalent(metric)
        return math.exp(log), "≥" if beyond else "≤" if math.isinf(log) else ""

    def to_json(self) -> dict[str, Any]:
        """Return the ruler as JSON types; values that are not finite become null."""
        finals = [{"examples": examples, "metric": plain(values)} for examples, values in self.finals]
        facts = {"workload": self.workload, "version": self.version, "lower_is_better": self.lower_is_better}
        return {**facts, "budget": self.budget, "finals": finals}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Ruler:
        """Return the ruler that `to_json` wrote.

        Raises:
            ValueError: a field is missing, or there is nothing to read a quality from.
        """
        absent = [name for name in RULER_FIELDS if name not in value]
        if absent:
            raise ValueError(f"a ruler without {absent[0]!r}: `timetrial targets` makes it")
        return ruler_of(
            value["workload"],
            {point["examples"]: [math.nan if v is None else v for v in point["metric"]] for point in value["finals"]},
            version=value["version"],
            lower_is_better=value["lower_is_better"],
            budget=value["budget"],
        )


def ruler_of(
    workload: str,
    finals: Mapping[float, Sequence[float]],
    *,
    budget: float = 1.0,
    version: int = 1,
    lower_is_better: bool = True,
) -> Ruler:
    """Return the ruler of a workload.

    Args:
        workload: its label.
        finals: {charged examples at the end: final metric of every seed}.
        budget: charged examples of h = 1.
        version: of these values.
        lower_is_better: direction of the metric.

    Raises:
        ValueError: the budget or a horizon is not positive, or no horizon has a finite median.
    """
    if not budget > 0 or any(not examples > 0 for examples in finals):
        raise ValueError(f"the ruler of {workload}: budget and horizons must be positive charged examples")
    # One NaN object for all, so that equal rulers compare equal.
    ordered = tuple(
        (float(examples), tuple(float(v) if math.isfinite(v) else math.nan for v in finals[examples]))
        for examples in sorted(finals)
    )
    ruler = Ruler(workload, version, lower_is_better, float(budget), ordered)
    if not ruler.points:
        raise ValueError(f"the ruler of {workload}: no horizon has a finite median")
    return ruler


def low_limit(log_horizon: Floats) -> Floats:
    """Return the smallest gain that is read at a horizon, max(-log 8, log(1/32) - log h).

    >>> np.exp(low_limit(np.log(np.array([1.0, 0.5, 0.125])))).round(6)
    array([0.125, 0.125, 0.25 ])
    """
    limit: Floats = np.maximum(LOWEST_GAIN, math.log(SHORTEST) - log_horizon)
    return limit


def read_gains(points: Sequence[Point], losses: Floats, log_horizons: Floats) -> tuple[Floats, Bools, Bools]:
    """Return e = log E(loss) - log h, not below its limit, and where it is limited below ("≤") and above ("≥").

    Args:
        points: kept points of a ruler, at least one.
        losses: final metrics so that lower is better; infinite for a trial that has none.
        log_horizons: log of the budgets spent.
    """
    log_e, beyond = interpolated(points, losses)
    gains, limits = log_e - log_horizons, low_limit(log_horizons)
    return np.maximum(gains, limits), gains < limits, beyond


def improving(horizons: Floats, losses: Floats) -> tuple[Point, ...]:
    """Return the points (h, loss) that are better than all before them; an infinite or missing loss is none.

    >>> improving(np.array([0.5, 1.0, 2.0, 3.0]), np.array([0.9, 0.5, 0.5, 0.4]))
    ((0.5, 0.9), (1.0, 0.5), (3.0, 0.4))
    """
    losses = np.where(np.isfinite(losses), losses, np.inf)
    best = np.minimum.accumulate(losses)
    better = losses < np.concatenate([[np.inf], best[:-1]])
    return tuple(zip(horizons[better].tolist(), losses[better].tolist(), strict=True))


def interpolated(points: Sequence[Point], losses: Floats) -> tuple[Floats, Bools]:
    """Return log h at which `points` reach each loss, linear in (loss, log h), and where a loss lies beyond the last point."""
    log_h = np.log([h for h, _ in points])
    reached = np.array([loss for _, loss in points])
    # Interval i lies between points i - 1 and i; a loss that equals a point's belongs to the interval that it begins.
    interval = np.searchsorted(-reached, -losses, side="right")
    end = np.clip(interval, 1, max(len(points) - 1, 1))
    begin, end = end - 1, np.minimum(end, len(points) - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = (reached[begin] - losses) / (reached[begin] - reached[end])
        inside = np.clip(log_h[begin] + share * (log_h[end] - log_h[begin]), log_h[begin], log_h[end])
    log: Floats = np.where(interval == 0, -np.inf, np.where(interval == len(points), log_h[-1], inside))
    return log, losses < reached[-1]
