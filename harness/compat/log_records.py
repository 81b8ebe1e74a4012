"""Imported trials as records."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from harness.compat.imported_logs import Logs
from harness.compat.log_curve import COLUMNS
from harness.records import CLOCKS, TrialRecord, TrialSpec


def spec_of(row: Mapping[str, Any], version: str, suite: str) -> TrialSpec:
    """Return what an imported trial was. A budget of 0 examples means that it is unknown."""
    return TrialSpec(
        track=row["track"],
        suite=suite,
        workload=row["base_workload"],
        variant=row["workload"].removeprefix(row["base_workload"]).removeprefix("_"),
        size="full",
        workload_hash=f"algoperf {version}",
        submission=row["submission"],
        submission_hash="imported",
        study=row["study"],
        trial=row["trial"],
        seed=0,
        hyperparameters={},
        budget=0,
        horizon=0,
        warmup=0,
        evaluation_period=0,
        target=row["target"],
    )


def log_records(logs: Logs) -> Iterator[TrialRecord]:
    """Yield the imported trials as records, in the order of the rows.

    From ``facts["imported"]``, `harness.results.read_trials` reads that studies are unpaired, and the budget in seconds.
    """
    for row in logs.trials.to_dict("records"):
        curve = row["curve"]
        names = (*CLOCKS, "metric")
        columns = ([None if math.isnan(x) else x for x in curve[name].tolist()] for name in names)
        budget = None if math.isnan(row["budget_seconds"]) else row["budget_seconds"]
        yield TrialRecord(
            spec=spec_of({str(k): v for k, v in row.items()}, logs.version, logs.suite),
            status=row["status"],
            reason=row["reason"],
            complete=row["complete"],
            evaluations=tuple(dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)),
            clocks={clock: row[f"end_{clock}"] for clock in COLUMNS},
            facts={
                "imported": {"from": f"AlgoPerf {logs.version}", "paired": False, "budget_seconds": budget},
                "workload": {
                    "name": row["base_workload"],
                    "metric": row["metric"],
                    "lower_is_better": row["lower_is_better"],
                    "family": row["family"],
                },
            },
        )
