"""What the recorded runs of AlgoPerf's published submissions say, one row per entry, point, rate multiple and workload."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analyses.published_entries import Entry, entry_of, published
from harness.contracts.errors import BadInput, ContractError
from harness.records import Status
from harness.registry import find_submission
from harness.results import read_trials
from harness.rules import RATE_MULTIPLE
from harness.scoring.compute_saved.endings import endings
from harness.scoring.quality import trivial_metrics
from harness.scoring.ruler import read_gains
from harness.scoring.rulers import rulers_of

SAVED = Path(__file__).parents[1] / "docs" / "published.csv"
"""The rows behind the tables of docs/algoperf.md and docs/predictive.md."""

COLUMNS = ("entry", "point", "multiple", "workload", "status", "reason", "loss", "progress", "gain", "limit")

RUNS = 0.5
"""A submission runs on a workload where its loss falls at least this share of the way from the trivial value to what the
reference recipe reaches at the same horizon."""


def cells_of(results: Path, clones: Path | None = None) -> pd.DataFrame:
    """Return the rows of a results directory, or those that a CSV file holds.

    Columns: the entry's label; the point, counted from 0 as the entry lists them; the rate multiple; the workload; the trial's
    status ("refused" without a trial) and its reason; the final loss; `progress`, the share of the way from the trivial loss to
    the reference's at the same horizon; `gain`, the logarithm of the equivalent budget over the budget spent; `limit`, "<=" or
    ">=" where the gain is only bounded.

    Args:
        results: a directory that `analyses.published_runs` filled, or a file that `save` wrote.
        clones: the copies of the repositories, for the entries that have no trial.

    Raises:
        BadInput: there are no results.
    """
    if results.suffix == ".csv":
        return pd.read_csv(results, keep_default_na=False, na_values=[""], dtype={"reason": str, "limit": str}).fillna(
            {"reason": "", "limit": ""}
        )
    rows = list(_measured(read_trials(results)))
    found = {row["entry"] for row in rows}
    rows += [_refused(entry) for entry in (published(clones) if clones else ()) if entry.label not in found]
    return pd.DataFrame(rows, columns=list(COLUMNS)).sort_values(["entry", "point", "multiple", "workload"], ignore_index=True)


def _measured(trials: pd.DataFrame) -> Iterator[Mapping[str, Any]]:
    rulers, trivial = rulers_of(trials), trivial_metrics(trials)
    trials = trials[trials["workload"].isin(rulers)].reset_index(drop=True)
    budgets = trials["workload"].map({label: ruler.budget for label, ruler in rulers.items()})
    _, losses, log_h = endings(trials.assign(ruler_budget=budgets), rulers)
    for place, row in enumerate(trials.to_dict("records")):
        ruler = rulers[row["workload"]]
        gain, low, high = (values[0] for values in read_gains(ruler.points, losses[[place]], log_h[[place]]))
        untrained = float(ruler.loss(trivial[row["workload"]]))
        horizons, medians = np.array(ruler.points).T
        reference = float(np.interp(log_h[place], np.log(horizons), medians))
        entry = entry_of(str(row["submission"]))
        given = {name: value for name, value in row["hyperparameters"].items() if name != RATE_MULTIPLE}
        yield {
            "entry": entry.label,
            "point": entry.points.index(given),
            "multiple": float(row["hyperparameters"].get(RATE_MULTIPLE, 1.0)),
            "workload": row["workload"],
            "status": str(row["status"]),
            "reason": _short(str(row["reason"])) if row["status"] == Status.FAILED else "",
            "loss": round(float(losses[place]), 5),
            "progress": round((untrained - float(losses[place])) / (untrained - reference), 4),
            "gain": round(float(gain), 4),
            "limit": "<=" if low else ">=" if high else "",
        }


def _refused(entry: Entry) -> Mapping[str, Any]:
    try:
        find_submission(entry.submission)
        reason = "not tried"
    except (BadInput, ContractError) as error:
        reason = str(error)
    return {"entry": entry.label, "point": 0, "multiple": 1.0, "workload": "", "status": "refused", "reason": _short(reason)}


def _short(reason: str) -> str:
    """Return a reason without the path of the submission's file and the names of logs.

    >>> _short("/a/b/submission.py, line 22: needs the module 'jax', which is not installed here")
    "needs the module 'jax', which is not installed here"
    """
    text = re.sub(r"^\S*submission\.py,? |^\S*/pytorch_\w+\.py,? ", "", reason).partition("; see ")[0]
    return re.sub(r"^line \d+: | \(\w+\.py:\d+\)$", "", text)
