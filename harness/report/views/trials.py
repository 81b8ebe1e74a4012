"""The trials of a board: in a fixed order, as columns for download, and counted by status."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from harness.records import STATUSES
from harness.report import words
from harness.report.colours import Mark
from harness.report.words import visible
from harness.scoring.trial_table import checked


def in_reading_order(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the checked trials, sorted by workload, submission, study and trial."""
    return checked(trials).sort_values(["workload", "submission", "study", "trial"], kind="stable", ignore_index=True)


def trial_columns(trials: pd.DataFrame, clock: str) -> dict[str, list[Any]]:
    """Return {column: [one value per trial]} for ``pandas.DataFrame``; columns compress far better than rows.

    ``horizon`` is in charged examples, ``met`` is the time to target on `clock` (null if not reached) and ``ended`` is the
    clock at the end, all to six digits. Every hyperparameter has a column, to five digits, null for a trial without it.
    Invisible characters are replaced as by `visible`.
    """
    ordered = trials.sort_values(["workload", "submission", "study", "trial", "id"], kind="stable")

    def text(*names: str) -> dict[str, list[Any]]:
        return {name: [visible(value) for value in ordered[name]] for name in names}

    columns: dict[str, list[Any]] = text("workload", "submission")
    columns |= {name: ordered[name].astype(int).tolist() for name in ("study", "trial")}
    columns |= text("status")
    columns["horizon"] = [_rounded(value, 6) for value in ordered["horizon_examples"].astype(float)]
    columns |= {
        name: [_rounded(value, 6) for value in ordered[f"{column}_{clock}"].astype(float)]
        for name, column in (("met", "hit"), ("ended", "end"))
    }
    hyperparameters = [dict(values) if isinstance(values, Mapping) else {} for values in ordered["hyperparameters"]]
    for name in sorted({str(name) for values in hyperparameters for name in values}):
        columns[visible(f"hyperparameters.{name}")] = [_plain(values.get(name)) for values in hyperparameters]
    return columns | text("reason", "seed", "id")


def _plain(value: object) -> Any:
    if isinstance(value, float):
        return _rounded(value, 5)
    return value if value is None or isinstance(value, int) else visible(value)


def _rounded(value: float, digits: int) -> float | int | None:
    if not math.isfinite(value):
        return None
    rounded = float(f"{value:.{digits}g}")
    return int(rounded) if rounded.is_integer() else rounded


@dataclass(frozen=True)
class Tally:
    """The trials of one submission on one workload: counts per status, and the fastest time to target in words."""

    mark: Mark
    submission: str
    trials: int
    counts: tuple[int, ...]
    fastest: str
    order: str


def tallies(
    trials: pd.DataFrame, clock: str, marks: Mapping[str, Mark], names: Sequence[str]
) -> tuple[tuple[str, ...], tuple[Tally, ...]]:
    """Return the statuses that occur among one workload's trials, and a tally per submission in the order of `names`."""
    statuses = tuple(status for status in STATUSES if (trials["status"] == status).any())
    rows = []
    groups = {str(name): own for name, own in trials.groupby("submission", sort=True)}
    for name in (name for name in names if name in groups):
        own = groups[name]
        counts = Counter(own["status"].astype(str))
        fastest = float(own[f"hit_{clock}"].astype(float).min())
        rows.append(
            Tally(
                mark=marks[name],
                submission=name,
                trials=len(own),
                counts=tuple(counts[status] for status in statuses),
                fastest=words.amount(fastest, clock) if math.isfinite(fastest) else words.NO_VALUE,
                order=f"{fastest:.8g}",
            )
        )
    return statuses, tuple(rows)
