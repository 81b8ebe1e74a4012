"""Every trial of a board as columns: what the page carries, compressed, where there are too many for a table."""

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
    """Return the checked trials by workload, submission, study and trial, whatever order they came in."""
    return checked(trials).sort_values(["workload", "submission", "study", "trial"], kind="stable", ignore_index=True)


def trial_columns(trials: pd.DataFrame, clock: str) -> dict[str, list[Any]]:
    """Return {column: [values]}, a value a trial, for ``pandas.DataFrame``; columns compress far better than rows.

    ``horizon`` is in charged examples; ``met`` is the time to target on `clock`, null where there is none, ``ended`` the
    clock at its end, all to six digits;
    hyperparameters stand in a column each, to five digits, null where a trial has no such. Text has its
    invisible characters spelt out, as everywhere on the page.
    """
    ordered = trials.sort_values(["workload", "submission", "study", "trial", "id"], kind="stable")

    def text(*names: str) -> dict[str, list[Any]]:
        return {name: [visible(value) for value in ordered[name]] for name in names}

    columns: dict[str, list[Any]] = text("workload", "submission")
    columns |= {name: ordered[name].astype(int).tolist() for name in ("study", "trial")}
    columns |= text("status")
    columns["horizon"] = [_rounded(value, 6) for value in ordered["horizon_examples"].astype(float)]
    columns |= {
        name: [_rounded(value, 6) for value in ordered[f"{which}_{clock}"].astype(float)]
        for name, which in (("met", "hit"), ("ended", "end"))
    }
    given = [dict(values) if isinstance(values, Mapping) else {} for values in ordered["hyperparameters"]]
    for name in sorted({str(name) for values in given for name in values}):
        columns[visible(f"hyperparameters.{name}")] = [_plain(values.get(name)) for values in given]
    return columns | text("reason", "seed", "id")


def _plain(value: object) -> Any:
    if isinstance(value, float):
        return _rounded(value, 5)
    return value if value is None or isinstance(value, int) else visible(value)


def _rounded(value: float, digits: int) -> float | int | None:
    if not math.isfinite(value):
        return None
    short = float(f"{value:.{digits}g}")
    return int(short) if short.is_integer() else short


@dataclass(frozen=True)
class Tally:
    """The trials of one submission on one workload in words: how many of each status, their fastest time to target."""

    mark: Mark
    submission: str
    trials: int
    counts: tuple[int, ...]
    fastest: str
    order: str


def tallies(
    trials: pd.DataFrame, clock: str, marks: Mapping[str, Mark], names: Sequence[str]
) -> tuple[tuple[str, ...], tuple[Tally, ...]]:
    """Return the statuses that occur and a row a submission, in the order of `names`, for one workload's trials."""
    statuses = tuple(status for status in STATUSES if (trials["status"] == status).any())
    rows = []
    groups = {str(name): own for name, own in trials.groupby("submission", sort=True)}
    for name in (name for name in names if name in groups):
        own = groups[name]
        found = Counter(own["status"].astype(str))
        fastest = float(own[f"hit_{clock}"].astype(float).min())
        rows.append(
            Tally(
                mark=marks[name],
                submission=name,
                trials=len(own),
                counts=tuple(found[status] for status in statuses),
                fastest=words.amount(fastest, clock) if math.isfinite(fastest) else words.NONE,
                order=f"{fastest:.8g}",
            )
        )
    return statuses, tuple(rows)
