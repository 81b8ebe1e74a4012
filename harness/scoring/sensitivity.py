"""Sensitivity to the peak learning rate at seven rates half a decade apart, after Wortsman et al. (2023)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.contracts.errors import BadInput
from harness.rules import HALF_DECADES, FixedRates, Track, ruleset
from harness.scoring.medians import medians
from harness.scoring.quality import UNTRAINED, final_metrics, trivial_metrics

__all__ = ["HALF_DECADES", "RateRow", "Sensitivity", "rate_losses", "sensitivities", "sensitivity"]


@dataclass(frozen=True)
class Sensitivity:
    """How much a wrong peak learning rate costs: 0 nothing, 1 as much as not training at all.

    Attributes:
        value: mean over rates of [min(l, l0) - l*]/(l0 - l*); None if no rate does better than an untrained model.
        edge: the best rate is the smallest or the largest of the grid, so the value is too small.
        rates, losses: the grid, and the median final loss at each rate; a loss that is not finite counts as l0.
    """

    value: float | None
    edge: bool
    rates: tuple[float, ...]
    losses: tuple[float, ...]


def sensitivity(losses: Mapping[float, list[float]], trivial: float) -> Sensitivity:
    """Return the sensitivity of final losses at several peak rates.

    Args:
        losses: peak rate -> final losses, one per seed; NaN or infinity where the run diverged.
        trivial: l0, the loss of an untrained model.

    >>> sensitivity({0.01: [1.0], 0.1: [0.5], 1.0: [float("nan")]}, trivial=2.5).value
    0.4166666666666667

    (0.25 + 0 + 1)/3.

    Raises:
        BadInput: no losses, or `trivial` is not finite.
    """
    if not losses or not math.isfinite(trivial):
        raise BadInput("sensitivity needs final losses at several rates, and the finite loss of an untrained model")
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
    """Return final losses by peak rate of one submission on one workload, one per study, from complete trials only.

    NaN where a trial diverged or failed. A metric where higher is better is negated.
    """
    own = trials[(trials["submission"] == submission) & (trials["workload"] == workload)]
    own = own[own["complete"].astype(bool) | own["status"].isin(UNTRAINED)]
    losses: dict[float, list[float]] = {}
    own = own.sort_values(["study", "trial", "id"])
    columns = (own["hyperparameters"], own["lower_is_better"], final_metrics(own))
    for values, lower, metric in zip(*columns, strict=True):
        losses.setdefault(float(values["learning_rate"]), []).append(metric if lower else -metric)
    return losses


@dataclass(frozen=True)
class RateRow:
    """How sensitive one submission is to its peak learning rate.

    Attributes:
        name: the submission.
        value: mean over workloads; None if one of them has no value.
        edge: on some workload the best rate is at an edge of the grid, so the value is too small.
        workloads: workload -> its sensitivity; a workload without one is in `unavailable`.
        unavailable: workload -> why there is no value, in words.
    """

    name: str
    value: float | None
    edge: bool
    workloads: Mapping[str, Sensitivity]
    unavailable: Mapping[str, str]


def sensitivities(trials: pd.DataFrame) -> tuple[RateRow, ...]:
    """Return the sensitivity of every submission, the least sensitive first, those without a value last.

    Args:
        trials: those of ``--sensitivity``, as `harness.results.read_trials` returns them; without trials there are no rows.
    """
    if trials.empty:
        return ()
    trials = trials[~trials["held_out"].astype(bool)]
    trivial = trivial_metrics(trials)
    workloads = sorted(set(trials["workload"]))
    rates = _rates(ruleset(str(trials["track"].iloc[0])))
    rows = [_rate_row(trials, name, workloads, trivial, rates) for name in sorted(set(trials["submission"]))]
    return tuple(sorted(rows, key=lambda row: (row.value is None, row.value or 0.0, row.name)))


def _rates(track: Track) -> int:
    """Return how many peak rates a study of the track has."""
    return max((len(lattice.multiples) for lattice in track.points.values() if isinstance(lattice, FixedRates)), default=0)


def _rate_row(trials: pd.DataFrame, name: str, workloads: list[str], trivial: Mapping[str, float], rates: int) -> RateRow:
    known: dict[str, Sensitivity] = {}
    unavailable: dict[str, str] = {}
    for workload in workloads:
        own = trials[(trials["submission"] == name) & (trials["workload"] == workload)]
        losses = rate_losses(own, name, workload)
        ended = own["complete"].astype(bool) | own["status"].isin(UNTRAINED)
        if not ended.all() or len(losses) < rates:
            unavailable[workload] = f"not all {rates} peak rates have complete trials"
        elif workload not in trivial:
            unavailable[workload] = "the records do not state the metric of an untrained model"
        else:
            sign = 1.0 if own["lower_is_better"].iloc[0] else -1.0
            known[workload] = sensitivity(losses, sign * trivial[workload])
    values = [s.value for s in known.values() if s.value is not None]
    return RateRow(
        name=name,
        value=math.fsum(values) / len(values) if len(values) == len(workloads) else None,
        edge=any(s.edge for s in known.values()),
        workloads=known,
        unavailable=unavailable,
    )
