"""`timetrial run --dry-run`: the trials of a plan and their estimated CPU time."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from harness.cli.left_out import print_left_out
from harness.plan import Plan
from harness.records import TrialRecord, TrialSpec
from harness.results import ResultStore
from harness.rules import RULESETS

ASSUMED_SECONDS = 1.5
"""CPU seconds assumed for a trial over a workload's budget if there are no records: what the laptop suite was designed for."""


def print_estimate(plan: Plan, results: Path, workers: int | None, *, pruned: bool) -> None:
    """Print each trial that would run, and an estimate of the CPU time, which `pruned` says that pruning will reduce."""
    store = ResultStore(results)
    records = list(store.records())
    print_left_out(store.damaged, partial(print, file=sys.stderr))
    measured, recorded = _seconds_per_example(records), {record.spec.id for record in records}
    waiting = [spec for spec in plan.trials if spec.id not in recorded]
    print("study  trial  workload                 submission                     horizon  hyperparameters")
    for spec in waiting:
        print(_line(spec))
    total = sum(spec.horizon * measured.get(spec.workload_label, _assumed(spec)) for spec in waiting)
    count = workers or os.cpu_count() or 1
    basis = "measured on records in this directory" if measured else f"assuming {ASSUMED_SECONDS} s per workload's budget"
    bound, less = ("at most", ", before pruning") if pruned else ("about", "")
    print(
        f"{len(waiting)} trials to run ({len(plan.trials) - len(waiting)} recorded already): {bound} {total:.0f} CPU seconds, "
        f"{total / count / 60:.1f} minutes with {count} workers{less} ({basis})"
    )


def _line(spec: TrialSpec) -> str:
    values = ", ".join(
        f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value}" for name, value in spec.hyperparameters.items()
    )
    horizon = spec.horizon / spec.budget
    return f"{spec.study:5d}  {spec.trial:5d}  {spec.workload_label:<24} {spec.submission:<30} {horizon:7.3f}  {values}"


def _assumed(spec: TrialSpec) -> float:
    """Return the CPU seconds per charged example that are assumed for a workload without records."""
    return ASSUMED_SECONDS * RULESETS[spec.track].budget / spec.budget


def _seconds_per_example(records: Iterable[TrialRecord]) -> dict[str, float]:
    """Return {workload: mean CPU seconds per charged example}, set-up and evaluation included, of workloads with records."""
    seconds: dict[str, float] = defaultdict(float)
    examples: dict[str, float] = defaultdict(float)
    for record in records:
        clocks = record.clocks
        if clocks.get("examples"):
            seconds[record.spec.workload_label] += record.total_seconds
            examples[record.spec.workload_label] += clocks["examples"]
    return {name: seconds[name] / examples[name] for name in seconds}
