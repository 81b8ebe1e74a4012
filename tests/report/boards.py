"""Trials frames made by simulation: losses that follow the schedule's learning rate, for tests of the report."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from harness.records import stable_hash, stable_seed
from harness.rules import BUDGET_SHARES, HALF_DECADES

SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda u: 1.0,
    "cosine": lambda u: 0.5 * (1 + math.cos(math.pi * u)),
    "exponential": lambda u: math.exp(-4 * u),
    "inverse_sqrt": lambda u: 1 / math.sqrt(1 + 20 * u),
    "linear": lambda u: 1 - u,
    "onecycle": lambda u: 0.04 + 0.96 * (u / 0.3 if u < 0.3 else 0.5 * (1 + math.cos(math.pi * (u - 0.3) / 0.7))),
    "polynomial": lambda u: (1 - u) ** 2,
    "rex": lambda u: (1 - u) / (0.5 + 0.5 * (1 - u)),
    "step": lambda u: 0.1 ** int(3 * u),
    "wsd": lambda u: min(1.0, 5 * (1 - u)),
}
SOURCE = """from harness import schedule


@schedule
def shape(step, horizon):
    '{name}'
    return 1 - step / horizon
"""
WORKLOADS = {"digits_mlp": (2.3, 0.9), "fashion_mnist_resnet": (2.3, 1.2), "shakespeare_lm": (4.4, 2.6)}


def board_trials(
    submissions: Sequence[str] = tuple(SCHEDULES),
    workloads: Mapping[str, tuple[float, float]] | None = None,
    *,
    studies: int = 3,
    trials: int = 6,
    budget: int = 64_000,
    evaluations: int = 30,
    complete: bool = True,
    environment: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
    shapes: Mapping[str, Callable[[float], float]] | None = None,
) -> pd.DataFrame:
    """Return one row a trial, as `harness.scoring` reads records; names without a shape are raced as cosine."""
    known = shapes or SCHEDULES
    rows = []
    for workload, (start, target) in (workloads or WORKLOADS).items():
        for study in range(studies):
            for trial in range(trials):
                for submission in submissions:
                    shape = known.get(submission, SCHEDULES["cosine"])
                    rows.append(_row(submission, shape, workload, start, target, study, trial, budget, evaluations, complete))
    frame = pd.DataFrame(rows)
    frame["environment"] = [dict(environment or ENVIRONMENT) for _ in rows]
    frame["facts"] = [
        {"submission": _submission_facts(row["submission"], facts), "workload": _workload_facts(row["workload"])}
        for row in rows
    ]
    return frame


ENVIRONMENT = {
    "machine": "a laptop",
    "device": "cpu",
    "python": "3.11.2",
    "torch": "2.13.0",
    "timetrial": "0.1.0",
    "concurrency": 2,
}


def _row(
    submission: str,
    shape: Callable[[float], float],
    workload: str,
    start: float,
    target: float,
    study: int,
    trial: int,
    budget: int,
    evaluations: int,
    complete: bool,
) -> dict[str, Any]:
    seed = stable_seed(workload, study)
    luck = np.random.default_rng(stable_seed(workload, study, trial))
    rate = 3.0 ** (trial % 3 - 1) * float(luck.uniform(0.8, 1.25))
    horizon = budget * (1 - 0.15 * (trial // 3 % 3))
    examples = np.arange(1, evaluations + 1) * (budget / evaluations)
    examples = examples[examples <= horizon]
    warmup = 0.05 * budget
    multipliers = np.array(
        [min(e / warmup, 1.0) * shape(max(0.0, min(1.0, (e - warmup) / (horizon - warmup)))) for e in examples]
    )
    area = np.cumsum(multipliers) * rate * 30 / evaluations
    noise = 0.012 * luck.standard_normal(len(examples))
    metric = target * 0.85 + (start - target * 0.85) * (1 + area) ** -1.05 + 0.09 * target * rate * multipliers + noise
    status, reason = "missed", "the horizon ended before the target was met"
    if rate > 3.3 and shape(0.5) > 0.9:
        metric[4:] = np.nan
        status, reason = "diverged", "the training loss was not finite at step 240"
    hits = np.flatnonzero(metric <= target)
    hit = int(hits[0]) if len(hits) else -1
    if hit >= 0:
        status, reason = "reached", f"{metric[hit]:.4f} meets the target {target:g}"
        if not complete:
            examples, metric, multipliers = examples[: hit + 1], metric[: hit + 1], multipliers[: hit + 1]
    if status == "diverged":
        examples, metric, multipliers = examples[:5], metric[:5], multipliers[:5]
    scale = {"examples": 1.0, "seconds": 1.5 / budget, "steps": 1 / 64}
    curve = {clock: examples * factor for clock, factor in scale.items()} | {"metric": metric, "accuracy": 1 - metric / start}
    row: dict[str, Any] = {
        "id": stable_hash(submission, workload, study, trial)[:16],
        "submission": submission,
        "workload": workload,
        "base_workload": workload,
        "held_out": False,
        "family": "images",
        "track": "schedule",
        "suite": "laptop",
        "study": study,
        "trial": trial,
        "seed": seed,
        "status": status,
        "reason": reason,
        "complete": complete,
        "metric": "cross_entropy",
        "lower_is_better": True,
        "target": target,
        "hit_index": hit,
        "curve": curve,
        "learning_rates": np.column_stack([examples / 64, examples, 0.003 * rate * multipliers]),
        "hyperparameters": {"learning_rate": 0.003 * rate, "horizon": horizon / budget},
        "paired": True,
        "machine": "a laptop",
        "concurrency": 2,
    }
    for clock, factor in scale.items():
        row[f"budget_{clock}"] = budget * factor
        row[f"hit_{clock}"] = float(examples[hit] * factor) if hit >= 0 else math.inf
        row[f"end_{clock}"] = float(examples[-1] * factor)
    row["horizon_examples"] = horizon
    row["file"] = f"trials/{row['id']}.json"
    return row


def _submission_facts(name: str, facts: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "name": name,
        "kind": "schedule",
        "summary": f"The {name} schedule.",
        "paper": "arXiv:2107.04197",
        "anytime": name in ("constant", "inverse_sqrt"),
        "cost": "",
        "deviation": "",
        "hyperparameters": {"power": 2.0},
        "space": {"power": "Uniform(1, 4)"},
        "content_hash": stable_hash(name),
        "code": SOURCE.format(name=name),
        **(facts or {}),
    }


def _workload_facts(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "version": 1,
        "summary": f"{name}: a small model on real data.",
        "algoperf": "imagenet_resnet",
        "data": {"code": "scikit-learn", "licence": "BSD-3-Clause", "citation": "Alpaydin & Kaynak 1998", "family": "images"},
        "target_provenance": "provisional",
    }


def unraced(track: str, submissions: Sequence[str] = ("cosine", "linear", "rex")) -> pd.DataFrame:
    """Return simulated trials as the budget track or --sensitivity would have left them."""
    trials = board_trials(
        submissions, {"w": (2.3, 0.9), "v": (4.4, 2.6)}, trials=len(BUDGET_SHARES if track == "budget" else HALF_DECADES)
    )
    trials["track"], trials["status"], trials["target"] = track, "finished", np.nan
    trials["end_examples"] = [curve["examples"][-1] for curve in trials["curve"]]
    if track == "budget":
        trials["horizon_examples"] = [
            BUDGET_SHARES[t] * b for t, b in zip(trials["trial"], trials["budget_examples"], strict=True)
        ]
    else:
        trials["hyperparameters"] = [{"learning_rate": 0.01 * HALF_DECADES[t]} for t in trials["trial"]]
    for facts in trials["facts"]:
        facts["workload"]["trivial_metric"] = 5.0
    return trials
