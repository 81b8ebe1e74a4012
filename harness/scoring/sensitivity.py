"""Learning-rate sensitivity over seven half-decades, after Wortsman et al. (2023)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.contracts import BadInput
from harness.scoring.pool import medians

HALF_DECADES = tuple(10 ** (k / 2) for k in range(-3, 4))
"""Multiples of the reference rate: 10^-1.5 to 10^1.5."""


@dataclass(frozen=True)
class Sensitivity:
    """How much a wrong peak rate costs: 0 not at all, 1 as much as not learning.

    Attributes:
        value: mean over rates of [min(l, l0) - l*]/(l0 - l*); None if no rate beats the trivial loss.
        edge: the optimum lies at an edge of the grid: the value is too small.
        rates, losses: the grid and the median final loss at each rate; not finite counts as l0.
    """

    value: float | None
    edge: bool
    rates: tuple[float, ...]
    losses: tuple[float, ...]


def sensitivity(losses: Mapping[float, list[float]], trivial: float) -> Sensitivity:
    """Return the sensitivity of final losses at several peak rates.

    Args:
        losses: peak rate -> final losses, one a seed; NaN and infinity where the run diverged.
        trivial: l0, the loss of a model that has learnt nothing.

    >>> sensitivity({0.01: [1.0], 0.1: [0.5], 1.0: [float("nan")]}, trivial=2.5).value
    0.4166666666666667

    (0.25 + 0 + 1)/3.

    Raises:
        BadInput: no losses, or `trivial` is not finite.
    """
    if not losses or not math.isfinite(trivial):
        raise BadInput("sensitivity needs final losses at several rates and the finite loss of a model that has learnt nothing")
    rates = tuple(sorted(losses))
    middle = []
    for rate in rates:
        seeds = np.array([x if math.isfinite(x) else trivial for x in losses[rate]])
        middle.append(min(float(medians(seeds[None, :])[0]), trivial))
    best = min(middle)
    if best == trivial:
        return Sensitivity(None, False, rates, tuple(middle))
    value = math.fsum((loss - best) / (trivial - best) for loss in middle) / len(middle)
    return Sensitivity(value, middle.index(best) in (0, len(middle) - 1), rates, tuple(middle))


def rate_losses(trials: pd.DataFrame, submission: str, workload: str) -> dict[float, list[float]]:
    """Return final losses by peak rate of one submission on one workload, from complete trials only, seeds by study.

    A metric where higher is better is turned round.
    """
    own = trials[(trials["submission"] == submission) & (trials["workload"] == workload) & trials["complete"].astype(bool)]
    losses: dict[float, list[float]] = {}
    for _, row in own.sort_values(["study", "trial", "id"]).iterrows():
        metric = np.asarray(row["curve"].get("metric", ()), dtype=float)
        value = float(metric[-1]) if len(metric) and row["status"] != "diverged" else math.nan
        losses.setdefault(float(row["hyperparameters"]["learning_rate"]), []).append(
            value if row["lower_is_better"] else -value
        )
    return losses
