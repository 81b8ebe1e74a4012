"""Frames of trials made by hand or by simulation, in the shape of `harness.results.read_trials`."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from harness.compat import first_hits

PERIOD = 100.0
BATCH = 10.0


def row(
    submission: str,
    workload: str,
    study: int,
    trial: int,
    metric: Sequence[float],
    *,
    clocks: Sequence[float] | None = None,
    target: float = 1.0,
    status: str = "",
    end: float | None = None,
    horizon: float = 1000.0,
    budget: float = 1000.0,
    base: str = "",
    complete: bool = False,
    **other: Any,
) -> dict[str, Any]:
    """Return one trial with a loss curve, evaluated every 100 examples by default; each keyword is set by some test."""
    values = np.array(metric, dtype=float)
    examples = np.array(clocks if clocks is not None else PERIOD * np.arange(1, len(values) + 1), dtype=float)
    met = values <= target
    index = int(np.argmax(met)) if met.any() else -1
    hit = float(examples[index]) if index >= 0 else math.inf
    last = float(examples[-1]) if len(examples) else 0.0
    end = last if end is None else end
    base = base or workload
    return {
        "id": f"{submission}/{workload}/{study}/{trial}",
        "submission": submission,
        "workload": workload,
        "base_workload": base,
        "held_out": base != workload,
        "family": base[:1],
        "track": "schedule",
        "suite": "laptop",
        "study": study,
        "trial": trial,
        "seed": study,
        "status": status or ("reached" if index >= 0 else "missed"),
        "reason": "",
        "complete": complete,
        "metric": "loss",
        "lower_is_better": True,
        "target": target,
        "budget_examples": budget,
        "budget_seconds": math.nan,
        "budget_steps": budget / BATCH,
        "horizon_examples": horizon,
        "evaluation_period": PERIOD,
        "hit_index": index,
        "hit_examples": hit,
        "hit_seconds": hit / 7,
        "hit_steps": hit / BATCH,
        "end_examples": end,
        "end_seconds": end / 7,
        "end_steps": end / BATCH,
        "curve": {"examples": examples, "seconds": examples / 7, "steps": examples / BATCH, "metric": values},
        "hyperparameters": {"learning_rate": 0.1},
        "paired": True,
        "machine": "here",
        "concurrency": 1,
        **other,
    }


def from_times(times: Mapping[str, Mapping[str, Sequence[float]]], *, budget: float = 1000.0, **other: Any) -> pd.DataFrame:
    """Return a frame of one trial per study with the given times to target; infinite: it misses, NaN: it was killed.

    A label ``base+variant`` is a held-out variant of ``base``.
    """
    rows = []
    for submission, workloads in times.items():
        for label, studies in workloads.items():
            for study, time in enumerate(studies):
                base = label.split("+")[0]
                if math.isnan(time):
                    trial = row(submission, label, study, 0, [2.0], status="killed", base=base, budget=budget, horizon=budget)
                elif math.isinf(time):
                    clocks = [budget / 2, budget]
                    trial = row(
                        submission, label, study, 0, [2.0, 2.0], clocks=clocks, base=base, budget=budget, horizon=budget
                    )
                else:
                    clocks = [time * 0.9, time]
                    trial = row(
                        submission, label, study, 0, [2.0, 0.5], clocks=clocks, base=base, budget=budget, horizon=budget
                    )
                rows.append({**trial, **other})
    return pd.DataFrame(rows)


def algoperf() -> pd.DataFrame:
    """Return AlgoPerf's official first-hit table as trials; it has neither curves nor the clock at the end of a miss."""
    return first_hits().trials


@dataclass
class Script:
    """What a trial does if nothing stops it: losses at its evaluations, and where between two of them it diverges."""

    submission: str
    workload: str
    base: str
    study: int
    trial: int
    losses: list[float]
    horizon: float
    diverges: float = math.inf
    seen: int = 0
    outcome: dict[str, Any] | None = field(default=None)

    @property
    def cell(self) -> tuple[str, str, int]:
        return self.submission, self.workload, self.study

    def due(self) -> float:
        last = self.at(self.seen - 1) if self.seen else 0.0
        return min((math.floor(last / PERIOD) + 1) * PERIOD, self.horizon)

    def at(self, index: int) -> float:
        return min(PERIOD * (index + 1), self.horizon)

    def record(self, status: str, end: float, *, complete: bool = False) -> dict[str, Any]:
        clocks = [self.at(i) for i in range(self.seen)]
        return row(
            self.submission,
            self.workload,
            self.study,
            self.trial,
            self.losses[: self.seen],
            clocks=clocks,
            status=status,
            end=end,
            horizon=self.horizon,
            base=self.base,
            complete=complete,
        )

    def step(self, *, stop_at_target: bool) -> None:
        """Run up to the next evaluation."""
        due = self.due()
        if due >= self.diverges:
            self.outcome = self.record("diverged", self.diverges, complete=True)
            return
        self.seen += 1
        reached = any(loss <= 1.0 for loss in self.losses[: self.seen])
        if reached and stop_at_target:
            self.outcome = self.record("reached", due)
        elif due >= self.horizon:
            self.outcome = self.record("reached" if reached else "missed", due, complete=True)


def scripts(generator: random.Random, submissions: int, workloads: int, studies: int, trials: int) -> list[Script]:
    """Return random scripts on a coarse grid, so that ties, misses, divergence and skipped variants are common."""
    plan = []
    for s in range(submissions):
        for w in range(workloads):
            for label in (f"w{w}", f"w{w}+v") if w % 2 == 0 else (f"w{w}",):
                always_misses = generator.random() < 0.25
                for study in range(studies):
                    for trial in range(trials):
                        horizon = generator.choice([450.0, 700.0, 1000.0])
                        hit = 99 if always_misses else generator.randrange(0, 14)
                        losses = [
                            0.9 if i >= hit else 1.005 if i >= hit - 1 else 2.0 for i in range(math.ceil(horizon / PERIOD))
                        ]
                        diverges = generator.choice([math.inf, math.inf, generator.uniform(0, 1000)])
                        plan.append(Script(f"s{s}", label, f"w{w}", study, trial, losses, horizon, diverges))
    return plan


def complete_run(plan: Sequence[Script]) -> pd.DataFrame:
    """Return the records of a run that prunes nothing."""
    rows = []
    for script in plan:
        while script.outcome is None:
            script.step(stop_at_target=False)
        rows.append(script.outcome)
    return pd.DataFrame(rows)


def pruned_run(plan: Sequence[Script], generator: random.Random, workers: int) -> pd.DataFrame:
    """Return the records of a run with the safe pruning rules, dispatched in random order over `workers` at random speeds."""
    waiting = list(plan)
    generator.shuffle(waiting)
    running: list[Script] = []
    best: dict[tuple[str, str, int], tuple[float, int]] = {}
    while waiting or running:
        while waiting and len(running) < workers:
            script = waiting.pop()
            if script.base != script.workload and _base_missed(plan, script):
                script.outcome = script.record("skipped", 0.0)
            else:
                running.append(script)
        if not running:
            continue
        script = generator.choice(running)
        leader = best.get(script.cell)
        if leader is not None and (script.due(), script.trial) > leader:
            end = script.at(script.seen - 1) if script.seen else 0.0
            script.outcome = script.record("pruned", end)
        else:
            script.step(stop_at_target=True)
        if script.outcome is not None:
            running.remove(script)
            if script.outcome["status"] == "reached":
                hit = (script.outcome["hit_examples"], script.trial)
                best[script.cell] = min(best.get(script.cell, hit), hit)
    return pd.DataFrame([script.outcome for script in plan])


def _base_missed(plan: Sequence[Script], variant: Script) -> bool:
    bases = [s.outcome for s in plan if s.submission == variant.submission and s.workload == variant.base]
    return all(outcome is not None and outcome["status"] not in ("reached", "killed") for outcome in bases)
