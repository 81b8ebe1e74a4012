"""Quality at shares of the budget, without a target: final metric, regret and mean rank (the `budget` track)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.contracts.errors import BadInput
from harness.records import FAILURES, Status, fact_of
from harness.rules import ruleset
from harness.scoring.medians import Floats, medians
from harness.scoring.profiles import ranked

UNTRAINED = (Status.DIVERGED, *FAILURES)
"""Statuses of a trial that counts as an untrained model. A `killed` trial is missing, and with it its study at that share."""


@dataclass(frozen=True)
class Quality:
    """One submission at one share of the budget.

    Attributes:
        name: the submission.
        share: horizon divided by budget, 0.25 for "25 %".
        regret: mean over workloads of (q - q_best)/(q_trivial - q_best), in [0, inf); None where the records do not state
            q_trivial, the metric of an untrained model.
        mean_rank: mean over workloads of its rank by q.
        final: workload -> q, the median over studies of the final metric of the study's best trial.
        low, high: workload -> the smallest and the largest of these final metrics over studies.
        studies: workload -> studies that count.
    """

    name: str
    share: float
    regret: float | None
    mean_rank: float
    final: Mapping[str, float]
    low: Mapping[str, float]
    high: Mapping[str, float]
    studies: Mapping[str, int]


def trivial_metrics(trials: pd.DataFrame) -> dict[str, float]:
    """Return workload -> metric of an untrained model, where the records state it."""
    metrics: dict[str, float] = {}
    for workload, facts in zip(trials["workload"], trials.get("facts", [None] * len(trials)), strict=True):
        value = fact_of(facts, "workload", "trivial_metric")
        if value is not None and math.isfinite(value):
            metrics[str(workload)] = float(value)
    return metrics


def score_budget(trials: pd.DataFrame, trivial: Mapping[str, float] | None = None) -> tuple[Quality, ...]:
    """Return regret and mean rank of every submission at every share of the budget, by share, then mean rank, then name.

    Args:
        trials: what `harness.results.read_trials` returns; only trials that ran to their end count.
        trivial: workload -> metric of an untrained model; by default what the records state. A trial that failed, or whose
            metric is not finite, counts as an untrained model.

    Raises:
        BadInput: no complete trial.
    """
    trivial = trivial_metrics(trials) if trivial is None else dict(trivial)
    best, signs = best_finals(trials, trivial)
    qualities = [
        quality
        for value, rows in best.groupby("share", sort=True)
        for quality in _at_share(float(str(value)), rows, signs, trivial)
    ]
    return tuple(sorted(qualities, key=lambda q: (q.share, q.mean_rank, q.name)))


def best_finals(trials: pd.DataFrame, trivial: Mapping[str, float]) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return the final loss of every study's best trial, and workload -> 1 for a loss, -1 where higher is better.

    Args:
        trials, trivial: as for `score_budget`.

    Returns:
        Columns share, submission, workload, study, loss (lower is better for all), in that order of rows; and the signs.

    Raises:
        BadInput: no complete trial.
    """
    trials = trials[~trials["held_out"].astype(bool)]
    complete = trials["complete"].astype(bool)
    ended = trials[complete | trials["status"].isin(UNTRAINED)]
    if not (complete | (trials["status"] == Status.DIVERGED)).any():
        raise BadInput("no trial ran to its end, but the budget track needs complete trials: run it without --prune")
    signs = {str(w): 1.0 if low else -1.0 for w, low in zip(ended["workload"], ended["lower_is_better"], strict=True)}
    final = [
        _as_loss(metric, signs[w], trivial.get(w, math.nan))
        for metric, w in zip(final_metrics(ended), ended["workload"], strict=True)
    ]
    keys = ["submission", "workload", "study"]
    table = ended[keys].assign(share=_shares(ended), loss=final)
    killed = trials[trials["status"] == Status.KILLED]
    missing = set(killed[keys].assign(share=_shares(killed)).itertuples(index=False, name=None))
    table = table[[row not in missing for row in table[[*keys, "share"]].itertuples(index=False, name=None)]]
    return table.groupby(["share", "submission", "workload", "study"], sort=True)["loss"].min().reset_index(), signs


def regret_of(q: Floats, best: Floats, trivial: Floats) -> Floats:
    """Return (q - best)/(trivial - best) of losses; 0 at the best, whatever the trivial loss."""
    with np.errstate(invalid="ignore", divide="ignore"):
        regret: Floats = np.where(q == best, 0.0, (q - best) / (trivial - best))
    return regret


def _shares(trials: pd.DataFrame) -> list[float]:
    """Return horizon divided by budget, as the nearest share of the track: horizons are whole steps.

    A ratio that is near none of them, as in records of an older protocol, is rounded to whole per cent.
    """
    ratios = (trials["horizon_examples"].astype(float) / trials["budget_examples"].astype(float)).tolist()
    horizons = ruleset(str(trials["track"].iloc[0])).horizons if len(trials) else ()
    near = [min(horizons, key=lambda share: abs(share - ratio)) for ratio in ratios]
    return [share if abs(share - ratio) <= share / 8 else round(ratio, 2) for share, ratio in zip(near, ratios, strict=True)]


def final_metrics(trials: pd.DataFrame) -> list[float]:
    """Return the metric of each trial at its end; NaN if it failed, or diverged after its last evaluation."""
    columns = (trials[name] for name in ("curve", "status", "end_examples"))
    return [_final(curve, status, float(end)) for curve, status, end in zip(*columns, strict=True)]


def _final(curve: Mapping[str, Floats], status: str, end: float) -> float:
    metric = np.asarray(curve.get("metric", ()), dtype=float)
    if not len(metric) or status in UNTRAINED:
        return math.nan
    # A trial that met its target and diverged later is recorded as reached, but its clock is past its last evaluation.
    return float(metric[-1]) if end <= float(curve["examples"][-1]) * (1 + 1e-9) else math.nan


def _as_loss(last: float, sign: float, trivial: float) -> float:
    """The final metric as a loss; a metric that is not finite, or worse than an untrained model's, counts as that."""
    worst = sign * trivial if math.isfinite(trivial) else math.inf
    return min(sign * last, worst) if math.isfinite(last) else worst


def _at_share(share: float, rows: pd.DataFrame, signs: Mapping[str, float], trivial: Mapping[str, float]) -> list[Quality]:
    names = sorted(set(rows["submission"]))
    workloads = sorted(set(rows["workload"]))
    q = np.full((len(names), len(workloads)), np.inf)
    finals: dict[tuple[str, str], Floats] = {}
    for (name, workload), cell in rows.groupby(["submission", "workload"], sort=True):
        losses = cell.sort_values("study")["loss"].to_numpy(dtype=float)
        finals[str(name), str(workload)] = np.sort(signs[str(workload)] * losses)
        q[names.index(str(name)), workloads.index(str(workload))] = medians(losses)
    ranks = np.stack([ranked(-q[:, k]) for k in range(len(workloads))], axis=1)
    zero = np.array([signs[w] * trivial.get(w, math.nan) for w in workloads])
    regret = regret_of(q, q.min(axis=0), zero)
    return [
        Quality(
            name=name,
            share=share,
            regret=math.fsum(regret[i].tolist()) / len(workloads)
            if np.isfinite(regret[i]).all() and np.isfinite(zero).all()
            else None,
            mean_rank=math.fsum(ranks[i].tolist()) / len(workloads),
            final={w: signs[w] * float(q[i, k]) for k, w in enumerate(workloads)},
            low={w: float(finals[name, w][0]) for w in workloads if (name, w) in finals},
            high={w: float(finals[name, w][-1]) for w in workloads if (name, w) in finals},
            studies={w: len(finals.get((name, w), ())) for w in workloads},
        )
        for i, name in enumerate(names)
    ]
