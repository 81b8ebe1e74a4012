"""What a miss is charged on a clock: the budget of every workload, pinned, so that it does not depend on who else entered."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from harness.records import Status
from harness.scoring.compute_saved.endings import costs_per_example

ENDED = (Status.REACHED, Status.MISSED, Status.FINISHED)
"""Statuses of trials that ended by themselves, so that they show what an example costs, beside those that are complete."""


@dataclass(frozen=True)
class Budgets:
    """The budgets of a board's workloads on its clock.

    Attributes:
        values: label -> clock that a miss is charged; NaN: none is known, so there is no time-to-target speed-up there.
        priced: label -> budget in charged examples, where the value is this times the baseline's median cost per example.
        baseline: whose cost that is.
    """

    values: Mapping[str, float]
    priced: Mapping[str, float] = field(default_factory=dict)
    baseline: str = ""

    def of(self, label: str) -> float:
        """Return what a miss is charged on `label`, NaN where that is not known."""
        return self.values.get(label, math.nan)


def pinned_budgets(trials: pd.DataFrame, clock: str, baseline: str) -> Budgets:
    """Return the budgets of all workloads in `trials`.

    Args:
        trials: from `checked`.
        clock: "examples", "seconds" or "steps".
        baseline: the pinned baseline. Where the records state no budget on this clock, it is the budget in examples times
            the median clock per charged example of those of its trials on that workload that ended by themselves.

    Records of one workload that state different budgets have none, unless the baseline's state a single one.
    """
    values, priced = {}, {}
    for label, rows in trials.groupby("workload", sort=True):
        own = rows[rows["submission"] == baseline]
        value = _stated(own, rows, clock)
        if math.isnan(value) and clock != "examples":
            examples = _stated(own, rows, "examples")
            value = examples * _cost(own, clock)
            if math.isfinite(value):
                priced[str(label)] = examples
        values[str(label)] = value
    return Budgets(values, priced, baseline)


def _stated(own: pd.DataFrame, everyone: pd.DataFrame, clock: str) -> float:
    for rows in (own, everyone):
        stated = rows[f"budget_{clock}"].to_numpy(dtype=float)
        different = np.unique(stated[np.isfinite(stated)])
        if different.size:
            return float(different[0]) if different.size == 1 else math.nan
    return math.nan


def _cost(rows: pd.DataFrame, clock: str) -> float:
    costs = costs_per_example(rows, clock, ENDED)
    known = costs[~np.isnan(costs)]
    return float(np.median(known)) if known.size else math.nan
