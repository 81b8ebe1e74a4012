"""How every trial ended: at which nominal horizon, whether it counts, with what loss, after what budget, at what cost."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.records import Status
from harness.scoring.medians import Floats
from harness.scoring.ruler import Bools, Ruler

Ints = NDArray[np.int64]

UNDECIDED = (Status.KILLED, Status.SKIPPED, Status.PRUNED)
"""Statuses of trials that did not show what they can do: their studies are absent."""
FAILED = (Status.FAILED, Status.TIMEOUT, Status.OUT_OF_MEMORY, Status.DIVERGED)


def nominal_horizons(rows: pd.DataFrame, budgets: Floats, shares: Sequence[float]) -> Ints:
    """Return the index of the nominal horizon that each trial ran to, in whole steps of the reference batch; -1: none.

    Args:
        rows: trials.
        budgets: charged examples of h = 1 on each trial's workload.
        shares: nominal horizons in budgets.
    """
    lengths = rows["horizon_examples"].to_numpy(float)
    step = (rows["budget_examples"] / rows["budget_steps"]).to_numpy(float)
    away = np.abs(lengths[:, None] - budgets[:, None] * np.array(shares))
    nearest = np.argmin(away, axis=1)
    matched = away[np.arange(len(rows)), nearest] < np.fmax(step, 1e-9 * budgets)
    return np.asarray(np.where(matched, nearest, -1), dtype=np.int64)


def endings(rows: pd.DataFrame, rulers: Mapping[str, Ruler]) -> tuple[Bools, Floats, Floats]:
    """Return which trials are undecided, and of all trials the final loss and log h.

    The loss is infinite where a trial failed, diverged or has no judged evaluation at its end; h is the larger of the
    horizon and what was charged at the judged evaluation.

    Args:
        rows: trials, with a column `ruler_budget`: charged examples of h = 1.
        rulers: workload label -> ruler.
    """
    curves = rows["curve"].tolist()
    final = np.array([c["metric"][-1] if len(c["metric"]) else np.nan for c in curves], dtype=float)
    last = np.array([c["examples"][-1] if len(c["examples"]) else 0.0 for c in curves], dtype=float)
    horizons = rows["horizon_examples"].to_numpy(float)
    ends = np.minimum(horizons, rows["budget_examples"].to_numpy(float))
    status = rows["status"].astype(str)
    judged = (last >= ends * (1 - 1e-12)) & ~status.isin(FAILED).to_numpy()
    # A trial that stopped at its target has nothing after the hit; one that failed or diverged later says so, or (in older
    # records) has a later evaluation.
    at_target = rows["hit_index"].to_numpy(np.int64) == np.array([len(c["metric"]) - 1 for c in curves])
    reached = (status == Status.REACHED).to_numpy()
    stopped = reached & ~judged & ~rows["complete"].to_numpy(bool) & at_target & ~_ended_otherwise(rows)
    spent = np.where(judged, np.maximum(horizons, last), horizons)
    losses = np.full(len(rows), np.inf)
    for label, own in rows.groupby("workload", sort=True).indices.items():
        losses[own] = rulers[str(label)].loss(np.where(judged[own], final[own], np.nan))
    return status.isin(UNDECIDED).to_numpy() | stopped, losses, np.log(spent / rows["ruler_budget"].to_numpy(float))


def _ended_otherwise(rows: pd.DataFrame) -> Bools:
    """Return which trials reached their target, and failed or diverged later."""
    return rows["ended_as"].astype(bool).to_numpy() if "ended_as" in rows else np.zeros(len(rows), dtype=bool)


def costs_per_example(rows: pd.DataFrame, clock: str, ended: Collection[str] = ()) -> Floats:
    """Return the clock per charged example of the trials that ran to their end or have a status in `ended`, NaN of others.

    What diverged took too few steps to tell what one costs, though its record is complete.
    """
    examples, spent = rows["end_examples"].to_numpy(float), rows[f"end_{clock}"].to_numpy(float)
    diverged = (rows["status"] == Status.DIVERGED).to_numpy() | _ended_otherwise(rows)
    at_end = rows["complete"].to_numpy(bool) & ~diverged | rows["status"].isin(ended).to_numpy()
    usable = at_end & (examples > 0) & (spent > 0) & np.isfinite(spent)
    return np.where(usable, spent / np.where(usable, examples, 1.0), np.nan)
