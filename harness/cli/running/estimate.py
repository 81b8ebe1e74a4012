"""`timetrial run --dry-run`: the trials, and what they would cost."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

from harness.plan import Plan
from harness.records import TrialSpec
from harness.results import ResultStore
from harness.rules import RULESETS

SECONDS_A_BUDGET = 1.5
"""CPU seconds of a trial of the workload's budget assumed where no record says better: the suite's design figure."""


def print_estimate(plan: Plan, results: Path, workers: int | None) -> None:
    """Print every trial that would run, and the estimated CPU time before pruning."""
    cost = _seconds_an_example(results)
    store = ResultStore(results)
    waiting = [spec for spec in plan.trials if not store.file_of(spec).exists()]
    print("study  trial  workload                 submission                     horizon  hyperparameters")
    for spec in waiting:
        values = ", ".join(
            f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value}"
            for name, value in spec.hyperparameters.items()
        )
        share = spec.horizon / spec.budget
        print(f"{spec.study:5d}  {spec.trial:5d}  {spec.workload_label:<24} {spec.submission:<30} {share:7.3f}  {values}")
    total = sum(spec.horizon * cost.get(spec.workload_label, _assumed(spec)) for spec in waiting)
    count = workers or os.cpu_count() or 1
    basis = "measured on records in this directory" if cost else f"assuming {SECONDS_A_BUDGET} s a workload's budget"
    print(
        f"{len(waiting)} trials to run ({len(plan.trials) - len(waiting)} recorded already): at most {total:.0f} CPU seconds, "
        f"{total / count / 60:.1f} minutes with {count} workers, before pruning ({basis})"
    )


def _assumed(spec: TrialSpec) -> float:
    """Return the CPU seconds a charged example assumed of a workload without records."""
    return SECONDS_A_BUDGET * RULESETS[spec.track].budget / spec.budget


def _seconds_an_example(results: Path) -> dict[str, float]:
    """Return, for each workload with records, the mean CPU seconds of a charged example, set-up and evaluation included."""
    seconds: dict[str, float] = defaultdict(float)
    examples: dict[str, float] = defaultdict(float)
    for record in ResultStore(results).records():
        clocks = record.clocks
        if clocks.get("examples"):
            spent = clocks["seconds"] + clocks["evaluation_seconds"] + clocks["setup_seconds"]
            seconds[record.spec.workload_label] += spent
            examples[record.spec.workload_label] += clocks["examples"]
    return {name: seconds[name] / examples[name] for name in seconds}
