"""Quality at a budget, without a target: regret and mean rank (the `budget` track)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.contracts import BadInput
from harness.scoring.pool import Floats, medians
from harness.scoring.profiles import ranked


@dataclass(frozen=True)
class Quality:
    """One submission at one share of the budget.

    Attributes:
        name: the submission.
        share: horizon over budget, as in "25 %".
        regret: mean over workloads of (q - q_best)/(q_trivial - q_best), in [0, inf); None without a trivial metric.
        mean_rank: mean over workloads of its rank by q.
        final: workload -> q, the median over studies of the final metric of the study's best trial.
    """

    name: str
    share: float
    regret: float | None
    mean_rank: float
    final: Mapping[str, float]


def score_budget(trials: pd.DataFrame, trivial: Mapping[str, float] | None = None) -> tuple[Quality, ...]:
    """Return regret and mean rank of every submission at every share of the budget, by share, then mean rank, then name.

    Args:
        trials: what `harness.load_results` returns; only trials that ran to their end count.
        trivial: workload -> metric of a model that has learnt nothing. A trial that is not finite counts as that.

    Raises:
        BadInput: no complete trial.
    """
    ended = trials[(trials["complete"].astype(bool) | (trials["status"] == "diverged")) & ~trials["held_out"].astype(bool)]
    if ended.empty:
        raise BadInput("no trial ran to its end: the budget track needs complete trials, run it with --no-prune")
    trivial = dict(trivial or {})
    signs = {str(w): 1.0 if low else -1.0 for w, low in zip(ended["workload"], ended["lower_is_better"], strict=True)}
    share = (ended["horizon_examples"].astype(float) / ended["budget_examples"].astype(float)).round(6)
    final = [
        _final(curve, signs[w], trivial.get(w, math.nan))
        for curve, status, w in zip(ended["curve"], ended["status"], ended["workload"], strict=True)
    ]
    table = ended[["submission", "workload", "study"]].assign(share=share, loss=final)
    best = table.groupby(["share", "submission", "workload", "study"], sort=True)["loss"].min().reset_index()
    found = [
        quality
        for value, rows in best.groupby("share", sort=True)
        for quality in _at_share(float(str(value)), rows, signs, trivial)
    ]
    return tuple(sorted(found, key=lambda q: (q.share, q.mean_rank, q.name)))


def _final(curve: Mapping[str, Floats], sign: float, trivial: float) -> float:
    """The last value of the metric as a loss; a run that ended in nothing finite is worth the trivial model."""
    metric = np.asarray(curve.get("metric", ()), dtype=float)
    last = float(metric[-1]) if len(metric) else math.nan
    worst = sign * trivial if math.isfinite(trivial) else math.inf
    return min(sign * last, worst) if math.isfinite(last) else worst


def _at_share(share: float, rows: pd.DataFrame, signs: Mapping[str, float], trivial: Mapping[str, float]) -> list[Quality]:
    names = sorted(set(rows["submission"]))
    workloads = sorted(set(rows["workload"]))
    q = np.full((len(names), len(workloads)), np.inf)
    for (name, workload), cell in rows.groupby(["submission", "workload"], sort=True):
        q[names.index(str(name)), workloads.index(str(workload))] = medians(
            cell.sort_values("study")["loss"].to_numpy(dtype=float)
        )
    ranks = np.stack([ranked(-q[:, k]) for k in range(len(workloads))], axis=1)
    zero = np.array([signs[w] * trivial.get(w, math.nan) for w in workloads])
    best = q.min(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        regret = np.where(q == best, 0.0, (q - best) / (zero - best))
    return [
        Quality(
            name=name,
            share=share,
            regret=math.fsum(regret[i].tolist()) / len(workloads)
            if np.isfinite(regret[i]).all() and np.isfinite(zero).all()
            else None,
            mean_rank=math.fsum(ranks[i].tolist()) / len(workloads),
            final={w: signs[w] * float(q[i, k]) for k, w in enumerate(workloads)},
        )
        for i, name in enumerate(names)
    ]
