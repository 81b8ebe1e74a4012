"""Trials with given gains: frames in the shape of `harness.results.read_trials`, on a ruler where log E is minus the loss."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from harness.records import PROTOCOL_VERSION
from harness.scoring.ruler import Ruler, ruler_of

BUDGET = 3200.0
BATCH = 10.0
SECONDS = 0.002
"""Per example."""
HORIZONS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 3 / 8, 1 / 2, 3 / 4, 1, 3 / 2, 2, 3)


def log_ruler(workload: str) -> Ruler:
    """Return the ruler on which the loss -log h is reached with h budgets: log E(q) = -q between log(1/32) and log 3."""
    return ruler_of(workload, {h * BUDGET: [-math.log(h)] * 3 for h in HORIZONS}, budget=BUDGET)


def trial(
    submission: str, workload: str, study: int, index: int, gain: float, *, horizon: float = 1.0, **other: Any
) -> dict[str, Any]:
    """Return one complete trial that gains `gain` at a horizon in budgets; a NaN gain is a metric that is not finite."""
    end = horizon * BUDGET
    examples = np.array([end / 2, end])
    metric = np.array([4.0, -(gain + math.log(horizon))])
    row = {
        "submission": submission,
        "workload": workload,
        "held_out": False,
        "study": study,
        "trial": index,
        "status": "missed",
        "complete": True,
        "hit_index": -1,
        "horizon_examples": end,
        "budget_examples": BUDGET,
        "budget_steps": BUDGET / BATCH,
        "end_examples": end,
        "end_seconds": end * SECONDS,
        "end_steps": end / BATCH,
        "curve": {"examples": examples, "seconds": examples * SECONDS, "steps": examples / BATCH, "metric": metric},
        "paired": True,
        **other,
    }
    if row["status"] not in ("missed", "reached", "finished"):
        cut = {name: values[:1] for name, values in row["curve"].items()}
        row |= {"complete": False, "curve": cut, "end_examples": end / 2, "end_seconds": end / 2 * SECONDS, "end_steps": 1.0}
    return row


def race(gains: Mapping[str, Mapping[str, Sequence[float]]], **other: Any) -> pd.DataFrame:
    """Return one trial per study at horizon 1: {submission: {workload: gain of every study}}."""
    return pd.DataFrame(
        trial(submission, workload, study, 0, gain, **other)
        for submission, workloads in gains.items()
        for workload, studies in workloads.items()
        for study, gain in enumerate(studies)
    )


def random_race(
    generator: np.random.Generator,
    submissions: int,
    workloads: int,
    studies: int,
    horizons: Sequence[float] = (0.5, 1.0),
    trials: int = 2,
) -> pd.DataFrame:
    """Return trials of random gains, some limited, some failed, with a cost per example of their own."""
    rows = []
    for s in range(submissions):
        cost = generator.uniform(0.5, 2)
        for w in range(workloads):
            for j in range(studies):
                index = 0
                for h in horizons:
                    for _ in range(trials):
                        gain = generator.normal(0.1 * s, 0.3)
                        status = "diverged" if generator.random() < 0.05 else "missed"
                        row = trial(f"s{s}", f"w{w}", j, index, gain, horizon=h, status=status)
                        row["end_seconds"] = row["end_examples"] * cost * SECONDS * generator.uniform(0.95, 1.05)
                        rows.append(row)
                        index += 1
    return pd.DataFrame(rows)


def rulers_of(trials: pd.DataFrame) -> dict[str, Ruler]:
    """Return the logarithmic ruler of every workload."""
    return {str(workload): log_ruler(str(workload)) for workload in set(trials["workload"])}


def on_a_board(trials: pd.DataFrame, *, track: str = "schedule", **other: Any) -> pd.DataFrame:
    """Return the trials with every column that a board needs; their facts carry the logarithmic rulers."""
    facts = {w: {"workload": {"ruler": ruler.to_json(), "version": 1}} for w, ruler in rulers_of(trials).items()}
    places = zip(trials["submission"], trials["workload"], trials["study"], trials["trial"], strict=True)
    return trials.assign(
        id=["/".join(map(str, place)) for place in places],
        base_workload=trials["workload"],
        family=trials["workload"],
        track=track,
        suite="laptop",
        target=-10.0,
        lower_is_better=True,
        metric="loss",
        budget_seconds=math.nan,
        hit_examples=math.inf,
        hit_seconds=math.inf,
        hit_steps=math.inf,
        machine="one",
        concurrency=1,
        ended_as="",
        protocol=PROTOCOL_VERSION,
        facts=[facts[w] | {"submission": {"content_hash": s}} for w, s in zip(trials.workload, trials.submission, strict=True)],
        environment=[{}] * len(trials),
        **other,
    )
