"""The official first-hit table of AlgoPerf v0.5's external ruleset, one row per trial, as trials that can be scored."""

from __future__ import annotations

import gzip
import math
from importlib.resources import as_file, files

import numpy as np
import pandas as pd

from harness.compat.algoperf_targets import V05
from harness.compat.imported_logs import Logs, gaps, suite_name
from harness.records import CLOCKS, Status

TABLE = "v05_external_first_hits.csv.gz"
SOURCE = "MLCommons, github.com/mlcommons/submissions_algorithms, state of 2026-06-24, Apache-2.0"


def first_hits() -> Logs:
    """Return the trials of the official table of AlgoPerf v0.5's external tuning ruleset.

    For each trial the table states the evaluation that first met the validation target (index, submission seconds, step),
    or that none did. It contains no curves, and not when a trial that missed its target ended: that is NaN.
    """
    table = first_hit_table()
    hit = (table["idx"] >= 0).to_numpy()
    base = table["w"].map(V05.base_of)
    known: dict[str, object] = {
        "id": [f"v0.5/{s}/{w}/{j}/{k}" for s, w, j, k in table[["submission", "w", "study", "trial"]].itertuples(index=False)],
        "submission": table["submission"],
        "workload": table["w"],
        "base_workload": base,
        "held_out": table["w"] != base,
        "family": base.str.split("_").str[0],
        "study": table["study"],
        "trial": table["trial"],
        "status": np.where(hit, Status.REACHED, Status.MISSED),
        "metric": table["w"].map(lambda label: V05.goals[label][0]),
        "lower_is_better": table["w"].map(V05.lower_is_better),
        "target": table["w"].map(lambda label: V05.goals[label][1]),
        "budget_seconds": table["w"].map(lambda label: V05.budget(label, "external")),
        "hit_index": table["idx"],
    }
    readings = {"seconds": table["time"], "steps": table["step"]}
    for clock in CLOCKS:
        known[f"hit_{clock}"] = np.where(hit, readings.get(clock, math.nan), math.inf)
        known[f"end_{clock}"] = np.where(hit, readings.get(clock, math.nan), math.nan)
    everywhere = {
        **{"track": "external", "suite": suite_name(V05.version), "seed": 0, "reason": "", "complete": True},
        **{f"budget_{clock}": math.nan for clock in CLOCKS if clock != "seconds"},
        **{"horizon_examples": math.nan, "evaluation_period": math.nan},
        **{"paired": False, "machine": "", "concurrency": None, "file": TABLE},
    }
    empty: dict[str, list[dict[str, object]]] = {
        name: [{} for _ in range(len(table))] for name in ("curve", "hyperparameters", "environment", "facts", "clocks")
    }
    rates = [np.empty((0, 3)) for _ in range(len(table))]
    trials = pd.DataFrame({**known, **everywhere, **empty, "learning_rates": rates})
    return Logs(trials, V05.bases, tuple(gaps(trials, V05)), V05.version)


def first_hit_table() -> pd.DataFrame:
    """Return the official table: submission, w (workload), study, trial, idx, time, step, n (number of evaluations)."""
    with as_file(files("harness.compat") / "data" / TABLE) as path, gzip.open(path, "rt", encoding="utf-8") as text:
        return pd.read_csv(text)
