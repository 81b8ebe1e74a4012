"""The table of trials that a board is made from: checked and sorted; its track; whether its times are exact on a clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pandas as pd

from harness.contracts.errors import BadInput
from harness.records import STATUSES, Status
from harness.rules import Track, ruleset

COLUMNS = (
    *("id", "submission", "workload", "base_workload", "held_out", "family", "track", "suite", "study", "trial"),
    *("status", "complete", "target", "lower_is_better", "budget_examples", "budget_seconds", "budget_steps"),
    *("horizon_examples", "hit_index", "hit_examples", "hit_seconds", "hit_steps", "end_examples", "end_seconds", "end_steps"),
    *("curve", "paired", "machine", "concurrency"),
)


def checked(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the trials of one board, sorted by submission, workload, study, trial and id; the newest of equal trials.

    Raises:
        BadInput: no trials, a column is missing, several tracks or suites, or one trial recorded twice.
    """
    absent = [name for name in COLUMNS if name not in trials.columns]
    if absent:
        raise BadInput(f"the trials lack the column {absent[0]!r}: pass what harness.results.read_trials returns")
    if trials.empty:
        raise BadInput("there are no trials to score: `timetrial run` first, or name the right --results directory")
    for name in ("track", "suite"):
        values = sorted(set(trials[name]))
        if len(values) > 1:
            raise BadInput(
                f"a board has one {name}, but these trials are of {', '.join(values)}: "
                f"select one with trials[trials.{name} == {values[0]!r}]"
            )
    keys = ["submission", "workload", "study", "trial"]
    if "created" in trials.columns:
        trials = trials.sort_values([*keys, "created", "id"], kind="stable").drop_duplicates(keys, keep="last")
    trials = trials.sort_values([*keys, "id"], kind="stable").reset_index(drop=True)
    repeated = trials[trials.duplicated(keys)]
    if len(repeated):
        row = repeated.iloc[0]
        raise BadInput(
            f"two records for trial {row.trial} of study {row.study} of {row.submission} on {row.workload}: "
            "they come from different versions or seeds; keep one of them"
        )
    return trials


def status_counts(statuses: Iterable[str]) -> dict[str, int]:
    """Return the number of trials by status, in the order of `STATUSES`; those that do not occur are left out."""
    counts = Counter(statuses)
    return {str(status): counts[status] for status in STATUSES if counts[status]}


def track_of(trials: pd.DataFrame) -> Track:
    """Return the ruleset under which `trials` (from `checked`) ran."""
    return ruleset(str(trials["track"].iloc[0]))


def exact_on(trials: pd.DataFrame, clock: str) -> bool:
    """Return whether times on `clock` are exact: nothing was pruned, or the pruning rules read a clock proportional to it.

    Steps are proportional to examples where each submission charges the same examples per step on a workload throughout.
    """
    raced = track_of(trials).clock
    if clock == raced or not (trials["status"] == Status.PRUNED).any():
        return True
    if {clock, raced} != {"examples", "steps"}:
        return False
    ran = trials[trials["end_steps"] > 0]
    rate = ran["end_examples"] / ran["end_steps"]
    spread = rate.groupby([ran["submission"], ran["workload"]]).agg(["min", "max"])
    return bool((spread["max"] <= spread["min"] * (1 + 1e-9)).all())
