"""TrialRecords as a DataFrame."""

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


def load_results(directory: Path | str = "results") -> pd.DataFrame:
    """Return all trials of a results directory, one row each, in a fixed order.

    Columns: id, submission, workload (label), base_workload, held_out, family, track, suite, study, trial, seed,
    status, reason, complete, pruned_by and pruned_due (what stopped it other than the safe rules, and before which evaluation),
    metric, lower_is_better, target; budget_C, hit_C (inf: never) and end_C for the clocks C = examples, seconds, steps;
    hit_index (-1: never), horizon_examples, evaluation_period, curve (dict of arrays), learning_rates (array [k, 3]:
    steps, examples, rate), hyperparameters, given (those that the user set), paired, protocol (version of the harness's rules),
    machine, machine_type ("" where the record does not say), concurrency, facts, environment, clocks, file and artefacts
    (paths relative to the directory).

    Raises:
        BadInput: there is no such directory, or nothing in it.
    """
    store = opened(directory)
    return frame(store.records(), store)


def opened(directory: Path | str) -> ResultStore:
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


def frame(records: Iterable[TrialRecord], store: ResultStore) -> pd.DataFrame:
    """Return records as `load_results` does."""
    return pd.DataFrame([_row(record, store) for record in records])


def _row(record: TrialRecord, store: ResultStore) -> dict[str, Any]:
    spec, workload = record.spec, record.facts.get("workload", {})
    name = spec.id
    imported = record.facts.get("imported")
    lower = bool(workload.get("lower_is_better", True))
    names = list(record.evaluations[0]) if record.evaluations else [*CLOCKS, "metric"]
    curve = {
        name: np.array([np.nan if (value := e.get(name)) is None else value for e in record.evaluations], dtype=float)
        for name in names
    }
    met = curve["metric"] <= spec.target if lower else curve["metric"] >= spec.target
    index = int(np.argmax(met)) if met.any() else -1
    batch = workload.get("batch_size") or np.nan
    row: dict[str, Any] = {
        "id": name,
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
        "status": str(record.status),
        "reason": record.reason.encode("utf-8", "replace").decode(),
        "complete": record.complete,
        "pruned_by": record.pruned_by,
        "pruned_due": float((record.beater or {}).get("due", math.nan)),
        "metric": workload.get("metric", "metric"),
        "lower_is_better": lower,
        "target": spec.target,
        "budget_examples": float(spec.budget) if imported is None else math.nan,
        "budget_seconds": _number(imported, "budget_seconds"),
        "budget_steps": spec.budget / batch,
        "horizon_examples": float(spec.horizon) if imported is None else math.nan,
        "evaluation_period": float(spec.evaluation_period) if imported is None else math.nan,
        "hit_index": index,
        "curve": curve,
        "learning_rates": np.array(record.learning_rates, dtype=float).reshape(-1, 3),
        "hyperparameters": dict(spec.hyperparameters),
        "given": dict(spec.given),
        "paired": imported is None or bool(imported.get("paired", True)),
        "protocol": spec.protocol,
        "machine": str(record.environment.get("machine", "")),
        "machine_type": str(record.environment.get("machine_type", "")),
        "concurrency": record.environment.get("concurrency"),
        "facts": dict(record.facts),
        "environment": dict(record.environment),
        "clocks": dict(record.clocks),
        "file": str(store.where(spec, name).relative_to(store.directory)),
        "artefacts": tuple(
            str(store.artefact_path(spec, artefact, name).relative_to(store.directory)) for artefact in record.artefacts
        ),
    }
    for clock in CLOCKS:
        row[f"hit_{clock}"] = float(curve[clock][index]) if index >= 0 else float("inf")
        row[f"end_{clock}"] = float(record.clocks.get(clock, 0.0 if imported is None else math.nan))
    return row


def _number(facts: Mapping[str, Any] | None, name: str) -> float:
    value = (facts or {}).get(name)
    return math.nan if value is None else float(value)
