"""Recorded trials as a DataFrame for analysis: every column is of a type that Parquet, Feather and Arrow have."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness.canonical import canonical_json, plain
from harness.records import CLOCKS, TrialRecord
from harness.results.data_frame import open_results, trial_row
from harness.results.store import ResultStore

AS_JSON = ("hyperparameters", "given", "environment", "facts")
"""Columns whose mappings have other keys in other rows: as JSON text they fit in one column of any file format."""

RATES = ("steps", "examples", "rate")
"""What a row of a record's learning rates says, in its order."""


def load_results(directory: Path | str = "results") -> pd.DataFrame:
    """Return all trials of a results directory, one row per trial, in a fixed order; `to_parquet` takes the frame as it is.

    Columns:
        - What was run: id, submission, workload (label), base_workload, held_out, family, track, suite, study, trial, seed,
          learning_rate (the peak; NaN where the submission has none), target, metric, lower_is_better, horizon_examples,
          evaluation_period, evaluation_points (further evaluations, in examples), protocol (version of the harness's rules),
          paired (whether equal studies share seeds); submission_hash and workload_hash (versions of their sources, so that
          an edited submission has rows of several versions), created (UTC).
        - How it ended: status, reason, complete, ended_as (how a trial ended badly that had reached its target), pruned_by and
          pruned_due (what other than the safe rules stopped it, and before which evaluation), hit_index (index of the first
          evaluation that met the target; -1: none).
        - On each clock C of examples, seconds and steps: budget_C, hit_C (inf: never) and end_C; NaN where unknown.
        - Nested: curve (struct of lists, one value per evaluation: examples, seconds, steps, metric, ...), learning_rates
          (struct of lists: steps, examples, rate), clocks (struct of seconds, counts and costs).
        - As JSON text, for `json.loads`: hyperparameters, given (those that the user set), environment, facts.
        - Where: machine, machine_type ("" if the record does not state it), concurrency; file and artefacts (paths relative to
          the directory).

    Raises:
        BadInput: there is no such directory.
    """
    store = open_results(directory)
    return pd.DataFrame([_plain_row(record, store) for record in store.records()])


def _plain_row(record: TrialRecord, store: ResultStore) -> dict[str, Any]:
    """Return {column: value} of one record."""
    row = trial_row(record, store)
    rates, peak = row["learning_rates"], row["hyperparameters"].get("learning_rate")
    known = isinstance(peak, int | float) and not isinstance(peak, bool)
    return {
        **row,
        **{name: canonical_json(plain(row[name])) for name in AS_JSON},
        "learning_rate": float(peak) if known else math.nan,
        "learning_rates": {name: rates[:, index] for index, name in enumerate(RATES)},
        "clocks": {**dict.fromkeys(CLOCKS, math.nan), **{name: float(value) for name, value in row["clocks"].items()}},
        "evaluation_points": np.array(row["evaluation_points"], dtype=float),
        "artefacts": list(row["artefacts"]),
        "concurrency": float(row["concurrency"] or math.nan),
        "submission_hash": record.spec.submission_hash,
        "workload_hash": record.spec.workload_hash,
        "created": record.created,
    }
