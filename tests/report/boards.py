"""Simulated trials for tests: losses that follow the schedule's learning rate."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from harness.canonical import stable_hash, stable_seed
from harness.records import CLOCKS, PROTOCOL_VERSION, Status
from harness.rules import BUDGET_SHARES, HALF_DECADES, TRACKS
from harness.scoring.medians import Floats

Shape = Callable[[float], float]
"""The multiplier of the learning rate at a share of the horizon."""

SCHEDULES: dict[str, Shape] = {
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
"""{workload: (metric before training, target)}."""

BUDGET = 64_000
"""Charged examples."""

HORIZONS = TRACKS["schedule"].horizons
RULER_HORIZONS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 3 / 8, 1 / 2, 3 / 4, 1, 3 / 2, 2, 3)
RATES = 2

ENVIRONMENT = {
    "machine": "a laptop",
    "device": "cpu",
    "python": "3.11.2",
    "torch": "2.13.0",
    "timetrial": "0.1.0",
    "concurrency": 2,
}


def board_trials(
    submissions: Sequence[str] | Mapping[str, Shape] = tuple(SCHEDULES),
    workloads: Mapping[str, tuple[float, float]] | None = None,
    *,
    studies: int = 3,
    trials: int = RATES * len(HORIZONS),
    evaluations: int = 30,
    environment: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
    rulers: bool = False,
) -> pd.DataFrame:
    """Return one row per trial, as `harness.results.read_trials` returns them.

    Args:
        submissions: names, or {name: shape of its schedule}; a name without a shape is simulated as cosine.
        workloads: {name: (metric before training, target)}; `WORKLOADS` by default.
        studies: studies per submission and workload.
        trials: trials per study.
        evaluations: evaluations per trial that runs over the whole budget.
        environment: environment of every trial; `ENVIRONMENT` by default.
        facts: what the records say about every submission, in addition to the simulated facts.
        rulers: the records carry the rulers of their workloads, so that boards read compute saved.
    """
    shapes = submissions if isinstance(submissions, Mapping) else SCHEDULES
    rows = [
        _row(name, shapes.get(name, SCHEDULES["cosine"]), (workload, *levels), (study, trial), evaluations)
        for workload, levels in (workloads or WORKLOADS).items()
        for study in range(studies)
        for trial in range(trials)
        for name in submissions
    ]
    levels = workloads or WORKLOADS
    measured = {label: _ruler(label, *levels[label]) if rulers else None for label in levels}
    frame = pd.DataFrame(rows)
    frame["environment"] = [dict(environment or ENVIRONMENT) for _ in rows]
    frame["facts"] = [
        {
            "submission": _submission_facts(row["submission"], facts),
            "workload": _workload_facts(row["workload"]) | {"ruler": measured[row["workload"]]},
        }
        for row in rows
    ]
    return frame


def _row(
    submission: str, shape: Shape, workload: tuple[str, float, float], indices: tuple[int, int], evaluations: int
) -> dict[str, Any]:
    label, start, target = workload
    study, trial = indices
    shift = float(np.random.default_rng(stable_seed(label, study)).uniform())
    luck = np.random.default_rng(stable_seed(label, study, trial))
    rate = 3.0 ** (shift - 0.5 - trial // len(HORIZONS) % RATES)
    horizon = BUDGET * HORIZONS[trial % len(HORIZONS)]
    examples = np.arange(1, evaluations + 1) * BUDGET / evaluations
    examples = examples[examples <= horizon]
    multipliers, metric = _run(shape, examples, rate, (start, target), luck)
    status, reason = Status.MISSED, "the horizon ended before the target was met"
    if rate > 1.4 and shape(0.5) > 0.9:
        metric[4:] = np.nan
        status, reason = Status.DIVERGED, "the training loss was not finite at step 240"
    hits = np.flatnonzero(metric <= target)
    hit = int(hits[0]) if len(hits) else -1
    if hit >= 0:
        status, reason = Status.REACHED, f"{metric[hit]:.4f} meets the target {target:g}"
    if status == Status.DIVERGED:
        examples, metric, multipliers = examples[:5], metric[:5], multipliers[:5]
    scale = {"examples": 1.0, "seconds": 1.5 / BUDGET, "steps": 1 / 64}
    curve = {clock: examples * factor for clock, factor in scale.items()} | {"metric": metric, "accuracy": 1 - metric / start}
    row: dict[str, Any] = {
        "id": stable_hash(submission, label, study, trial)[:16],
        "submission": submission,
        "workload": label,
        "base_workload": label,
        "held_out": False,
        "family": "images",
        "track": "schedule",
        "suite": "laptop",
        "protocol": PROTOCOL_VERSION,
        "study": study,
        "trial": trial,
        "seed": stable_seed(label, study),
        "status": str(status),
        "reason": reason,
        "complete": True,
        "metric": "cross_entropy",
        "lower_is_better": True,
        "target": target,
        "hit_index": hit,
        "curve": curve,
        "learning_rates": np.column_stack([examples / 64, examples, 0.003 * rate * multipliers]),
        "hyperparameters": {"learning_rate": 0.003 * rate},
        "paired": True,
        "machine": "a laptop",
        "concurrency": 2,
    }
    for clock, factor in scale.items():
        row[f"budget_{clock}"] = BUDGET * factor
        row[f"hit_{clock}"] = float(examples[hit] * factor) if hit >= 0 else math.inf
        row[f"end_{clock}"] = float(examples[-1] * factor)
    row |= {"horizon_examples": horizon, "evaluation_period": BUDGET / evaluations}
    row["evaluation_points"] = tuple(share * BUDGET for share in HORIZONS if share * BUDGET < horizon)
    row["file"] = f"trials/{row['id']}.json"
    return row


def _run(
    shape: Shape, examples: Floats, rate: float, levels: tuple[float, float], luck: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return the multipliers and the metric at `examples`, evenly spaced up to the horizon."""
    start, target = levels
    horizon, warmup = examples[-1], 0.05 * examples[-1]
    multipliers = np.array(
        [min(e / warmup, 1.0) * shape(max(0.0, min(1.0, (e - warmup) / (horizon - warmup)))) for e in examples]
    )
    area = np.cumsum(multipliers) * rate * 30 * examples[0] / BUDGET
    noise = 0.012 * luck.standard_normal(len(examples))
    floor = target * 0.85
    return multipliers, floor + (start - floor) * (1 + area) ** -1.05 + 0.09 * target * rate * multipliers + noise


def _ruler(label: str, start: float, target: float) -> dict[str, Any]:
    """Return the ruler of a simulated workload, with five seeds, as the facts of a record carry it."""
    finals = []
    for h in RULER_HORIZONS:
        examples = np.arange(1, 31) * (h * BUDGET / 30)
        seeds = [np.random.default_rng(stable_seed("ruler", label, seed)) for seed in range(5)]
        metrics = [_run(SCHEDULES["cosine"], examples, 1.0, (start, target), luck)[1][-1] for luck in seeds]
        finals.append({"examples": h * BUDGET, "metric": [float(metric) for metric in metrics]})
    return {"workload": label, "version": 1, "lower_is_better": True, "budget": float(BUDGET), "finals": finals}


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


def budget_trials(*, rulers: bool = False) -> pd.DataFrame:
    """Return simulated trials of the budget track; with `rulers` the records carry those of their workloads."""
    trials = _trials_without_race("budget", len(BUDGET_SHARES), rulers=rulers)
    shares = [BUDGET_SHARES[trial] for trial in trials["trial"]]
    trials = trials.assign(horizon_examples=trials["budget_examples"] * shares)
    if rulers:  # a reading off rulers needs curves that end with the horizon
        ends = zip(trials["curve"], trials["horizon_examples"], strict=True)
        trials["curve"] = [_stretched(curve, end) for curve, end in ends]
    return trials


def _stretched(curve: Mapping[str, Any], end: float) -> dict[str, Any]:
    """Return a curve whose clocks are scaled so that it ends after `end` examples."""
    scale = end / curve["examples"][-1]
    return {name: values * scale if name in CLOCKS else values for name, values in curve.items()}


def sensitivity_trials() -> pd.DataFrame:
    """Return simulated trials of ``--sensitivity``."""
    trials = _trials_without_race("sensitivity", len(HALF_DECADES))
    return trials.assign(hyperparameters=[{"learning_rate": 0.01 * HALF_DECADES[trial]} for trial in trials["trial"]])


def _trials_without_race(track: str, count: int, *, rulers: bool = False) -> pd.DataFrame:
    levels = {"w": (2.3, 0.9), "v": (4.4, 2.6)}
    trials = board_trials(["cosine", "linear", "rex"], levels, trials=count, rulers=rulers)
    trials["track"], trials["status"], trials["target"] = track, str(Status.FINISHED), np.nan
    trials["end_examples"] = [curve["examples"][-1] for curve in trials["curve"]]
    for facts in trials["facts"]:
        facts["workload"]["trivial_metric"] = 5.0
    return trials


def trials_of_long_names():
    """Return trials of submissions with long names, in files as a store names them, and the name of the last submission."""
    near, far = (letter * 75 for letter in "nf")
    trials = board_trials(["cosine", near, far], {"digits_mlp": WORKLOADS["digits_mlp"]}, studies=1)
    folders = {"cosine": "cosine", near: f"{near[:60]}~12345678", far: f"{far[:60]}~87654321"}
    trials["file"] = [f"trials/digits_mlp/{folders[name]}/{i}.json" for i, name in enumerate(trials["submission"])]
    return trials, far
