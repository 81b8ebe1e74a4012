"""Records as a DataFrame, one row per trial."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness.contracts.errors import BadInput
from harness.records import CLOCKS, TrialRecord
from harness.results.store import ResultStore


def read_trials(directory: Path | str = "results") -> pd.DataFrame:
    """Return all trials of a results directory, one row per trial, in a fixed order, as `harness.scoring` takes them.

    Columns:
        - What was run: id, submission, workload (label), base_workload, held_out, family, track, suite, study, trial, seed,
          hyperparameters, given (those that the user set), target, metric, lower_is_better, horizon_examples,
          evaluation_period, evaluation_points (further evaluations, in examples), protocol (version of the harness's rules),
          paired (whether equal studies share seeds).
        - How it ended: status, reason, complete, ended_as (how a trial ended badly that had reached its target), pruned_by and
          pruned_due (what other than the safe rules stopped it, and before which evaluation), hit_index (index of the first
          evaluation that met the target; -1: none).
        - On each clock C of examples, seconds and steps: budget_C, hit_C (inf: never) and end_C; NaN where unknown.
        - What was measured: curve (dict of arrays, one value per evaluation), learning_rates (array [k, 3]: steps, examples,
          rate), clocks (dict).
        - Where: machine, machine_type ("" if the record does not state it), concurrency, environment (dict), facts (dict), file
          and artefacts (paths relative to the directory).

    Raises:
        BadInput: there is no such directory.
    """
    store = open_results(directory)
    return records_frame(store.records(), store)


def open_results(directory: Path | str) -> ResultStore:
    """Return the store of a directory.

    Raises:
        BadInput: there is no such directory.
    """
    store = ResultStore(directory)
    if not store.directory.is_dir():
        raise BadInput(
            f"no results in '{directory}': the directory does not exist; run `timetrial run --results {directory}` first"
        )
    return store


def records_frame(records: Iterable[TrialRecord], store: ResultStore) -> pd.DataFrame:
    """Return records as rows with the columns of `read_trials`; `store` is where they lie."""
    return pd.DataFrame([trial_row(record, store) for record in records])


def trial_row(record: TrialRecord, store: ResultStore) -> dict[str, Any]:
    """Return {column: value} of one record."""
    spec, workload = record.spec, record.facts.get("workload", {})
    trial = spec.id
    lower = record.lower_is_better
    return {
        "id": trial,
        **_planned(record, workload),
        "metric": workload.get("metric", "metric"),
        "lower_is_better": lower,
        "status": str(record.status),
        "reason": record.reason.encode("utf-8", "replace").decode(),
        "complete": record.complete,
        "ended_as": record.ended_as,
        "pruned_by": record.pruned_by,
        "pruned_due": float((record.beater or {}).get("due", math.nan)),
        **_measured(record, lower),
        "learning_rates": np.array(record.learning_rates, dtype=float).reshape(-1, 3),
        "clocks": dict(record.clocks),
        "machine": str(record.environment.get("machine", "")),
        "machine_type": str(record.environment.get("machine_type", "")),
        "concurrency": record.environment.get("concurrency"),
        "environment": dict(record.environment),
        "facts": dict(record.facts),
        "file": str(store.file_of(spec, trial).relative_to(store.directory)),
        "artefacts": tuple(
            str(store.artefact_path(spec, artefact, trial).relative_to(store.directory)) for artefact in record.artefacts
        ),
    }


def _planned(record: TrialRecord, workload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that say what was run. A budget is NaN on a clock on which the rules define none.

    Imported logs count no examples, so there these columns are NaN too.
    """
    spec, imported = record.spec, record.facts.get("imported")
    budget_seconds = (imported or {}).get("budget_seconds")
    return {
        "submission": spec.submission,
        "workload": spec.workload_label,
        "base_workload": spec.workload,
        "held_out": bool(spec.variant),
        "family": workload.get("family", spec.workload),
        "track": spec.track,
        "suite": spec.suite,
        "study": spec.study,
        "trial": spec.trial,
        "seed": spec.seed,
        "paired": imported is None or bool(imported.get("paired", True)),
        "protocol": spec.protocol,
        "hyperparameters": dict(spec.hyperparameters),
        "given": dict(spec.given),
        "target": spec.target,
        "horizon_examples": float(spec.horizon) if imported is None else math.nan,
        "evaluation_period": float(spec.evaluation_period) if imported is None else math.nan,
        "evaluation_points": spec.evaluation_points,
        **{f"budget_{clock}": math.nan for clock in CLOCKS},
        "budget_examples": float(spec.budget) if imported is None else math.nan,
        "budget_seconds": math.nan if budget_seconds is None else float(budget_seconds),
        "budget_steps": spec.budget / (workload.get("batch_size") or math.nan),
    }


def _measured(record: TrialRecord, lower_is_better: bool) -> dict[str, Any]:
    """Return the curve, the first hit of the target and the end, on every clock."""
    names = dict.fromkeys([*CLOCKS, "metric", *(record.evaluations[0] if record.evaluations else ())])
    curve = {
        name: np.array([np.nan if (value := e.get(name)) is None else value for e in record.evaluations], dtype=float)
        for name in names
    }
    metric, target = curve["metric"], record.spec.target
    hits = metric <= target if lower_is_better else metric >= target
    index = int(np.argmax(hits)) if hits.any() else -1
    unknown = math.nan if record.facts.get("imported") is not None else 0.0
    return {
        "curve": curve,
        "hit_index": index,
        **{f"hit_{clock}": float(curve[clock][index]) if index >= 0 else math.inf for clock in CLOCKS},
        **{f"end_{clock}": float(record.clocks.get(clock, unknown)) for clock in CLOCKS},
    }
