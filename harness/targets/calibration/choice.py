"""Chooses a default point and a search space from the gains of points."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from harness.contracts.spaces import Choice, Range, Space
from harness.contracts.workloads import Workload
from harness.records import Status, TrialRecord
from harness.scoring.ruler import Ruler, read_gains

WITHOUT_RESULT = (Status.DIVERGED, Status.FAILED, Status.TIMEOUT, Status.OUT_OF_MEMORY)
"""How a trial ends that counts the smallest gain that is read."""


def gain_of(workload: Workload, record: TrialRecord) -> tuple[float, bool]:
    """Return log E(quality at the end) - log h on the workload's ruler, and whether it is the smallest that is read."""
    ruler = Ruler.from_json(workload.ruler or {})
    end = record.evaluations[-1].get("metric") if record.status == Status.FINISHED and record.evaluations else None
    losses = ruler.loss([math.nan if end is None else end])
    log_horizon = np.log(np.array([record.spec.horizon / ruler.budget]))
    gains, low, _ = read_gains(ruler.points, losses, log_horizon)
    return float(gains[0]), bool(low[0])


def ranking(gains: Mapping[int, Sequence[float]]) -> list[int]:
    """Return the points by their mean gain, the largest first; of equal ones the lowest index first.

    >>> ranking({0: [0.1, 0.1], 1: [-0.3, 0.9], 2: [0.2, 0.0]})
    [1, 0, 2]
    """
    return sorted(gains, key=lambda point: (-mean(gains[point]), point))


def mean(gains: Sequence[float]) -> float:
    """Return the mean of gains: the logarithm of the geometric mean of equivalent budget over budget spent."""
    return math.fsum(gains) / len(gains)


def space_around(bounds: Space, points: Sequence[Mapping[str, Any]]) -> dict[str, Range]:
    """Return per hyperparameter the smallest range of its distribution that holds all points, never wider than the bounds.

    A hyperparameter of which all points have the same value is left out: it keeps its default, which is that value.

    >>> from harness.contracts.spaces import LogUniform
    >>> bounds = {"learning_rate": LogUniform(1e-4, 1.0), "nesterov": Choice(True, False)}
    >>> space_around(bounds, [{"learning_rate": 0.01, "nesterov": True}, {"learning_rate": 3.0, "nesterov": True}])
    {'learning_rate': LogUniform(low=0.01, high=1.0)}
    """
    found = {name: _range_around(item, [point[name] for point in points]) for name, item in bounds.items()}
    return {name: item for name, item in found.items() if item is not None}


def _range_around(bounds: Range, values: Sequence[Any]) -> Range | None:
    """Return the smallest range that holds the values; None if they are all the same. A value of None holds no place."""
    if isinstance(bounds, Choice):
        options = [option for option in bounds.options if option in values]
        return Choice(*options) if len(options) > 1 else None
    inside = [min(max(value, bounds.low), bounds.high) for value in values if value is not None]
    if not inside or min(inside) == max(inside):
        return None
    return type(bounds)(min(inside), max(inside))
