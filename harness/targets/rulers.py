"""Measures rulers: the final metric of a workload's reference recipe under `cosine`, at horizons of 1/32 to 3 budgets.

A ruler says what a quality is worth in budgets of the reference recipe (docs/statistics.md, "The ruler"). It is fixed data like
a target: measured once, stored with the value of every seed in `rulers.json` beside the workload's module, and read by scoring.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from harness.canonical import plain, stable_seed
from harness.contracts.workloads import Workload
from harness.plan import Plan
from harness.records import Status, TrialRecord, TrialSpec
from harness.registry import find_workload
from harness.results import ResultStore
from harness.rules import RULER
from harness.targets.protocol import Configuration, at_horizon, plan_of, trial_of
from harness.targets.target_entry import NoTarget, result_of


@dataclass(frozen=True)
class RulerDesign:
    """Which trials a ruler is made of.

    Attributes:
        horizons: in budgets of the workload, ascending.
        seeds: trials per horizon, each with a seed of its own that no race uses.
    """

    horizons: tuple[float, ...]
    seeds: int


BASE = RulerDesign((1 / 32, 1 / 16, 1 / 8, 1 / 4, 3 / 8, 1 / 2, 3 / 4, 1.0, 3 / 2, 2.0, 3.0), 20)
"""The ruler of a base workload, which boards read."""

VARIANT = RulerDesign((1 / 8, 1 / 4, 1 / 2, 1.0, 2.0), 5)
"""The ruler of a held-out variant, which only calibration reads."""


def ruler_trials(workload: Workload, design: RulerDesign) -> list[TrialSpec]:
    """Return the trials of a workload's ruler, seed by seed, so that an interrupted measurement has whole seeds.

    Each trial trains the reference recipe at its reference rate under `cosine`, and only its end is evaluated.
    """
    size = workload.size
    recipe = Configuration(f"{size.reference.optimizer}+cosine", dict(workload.reference_hyperparameters))
    return [
        _trial(workload, recipe, horizon, seed, index)
        for seed in range(design.seeds)
        for index, horizon in enumerate(design.horizons)
    ]


def _trial(workload: Workload, recipe: Configuration, horizon: float, seed: int, index: int) -> TrialSpec:
    whole = trial_of(workload, recipe, RULER, stable_seed(0, workload.label, "ruler", seed), seed, index)
    return at_horizon(whole, workload, horizon)


class RulerRun:
    """Measures the rulers of several workloads and of their held-out variants together, so that all cores stay busy.

    Every trial is recorded in `store` and never run again.

    Args:
        workloads: base workloads at one size; their targets and reference recipes must be set.
        store: the records.
        run_plan: runs those trials of a plan that are not in `store`.
        designs: of base workloads and of held-out variants.

    Attributes:
        without_ruler: {label: reason} of those for which a trial has no result; filled by `measure`.
    """

    def __init__(
        self,
        workloads: Sequence[Workload],
        store: ResultStore,
        run_plan: Callable[[Plan], None],
        designs: tuple[RulerDesign, RulerDesign] = (BASE, VARIANT),
    ) -> None:
        self.store, self._run_plan = store, run_plan
        self.without_ruler: dict[str, str] = {}
        self._trials: dict[str, list[TrialSpec]] = {}
        self._workloads: dict[str, Workload] = {}
        for workload in workloads:
            variants = [find_workload(workload.name, workload.size_name, name) for name in workload.variants]
            for each, design in ((workload, designs[0]), *((variant, designs[1]) for variant in variants)):
                self._workloads[each.label] = each
                self._trials[each.label] = ruler_trials(each, design)

    def measure(self) -> dict[str, dict[str, Any]]:
        """Run what is missing and return {label: its ruler as JSON types}, with provenance; `without_ruler` has the others."""
        self._run_plan(plan_of([spec for specs in self._trials.values() for spec in specs], self._workloads, RULER))
        rulers = {}
        for label, specs in self._trials.items():
            try:
                rulers[label] = ruler_json(self._workloads[label], [result_of(self.store, spec) for spec in specs])
            except NoTarget as error:
                self.without_ruler[label] = str(error)
        return rulers


def ruler_json(workload: Workload, records: Sequence[TrialRecord]) -> dict[str, Any]:
    """Return a ruler as `rulers.json` keeps it: `harness.scoring.ruler.Ruler.to_json` and where it comes from.

    A seed that diverged has the value null.
    """
    finals: dict[float, list[float | None]] = {}
    for record in records:
        end = record.evaluations[-1] if record.evaluations else {}
        value = end.get("metric") if record.status == Status.FINISHED else None
        finals.setdefault(float(record.spec.horizon), []).append(value)
    first = records[0]
    size = workload.size
    return {
        "workload": workload.label,
        "lower_is_better": workload.lower_is_better,
        "budget": float(size.budget),
        "finals": [{"examples": examples, "metric": plain(finals[examples])} for examples in sorted(finals)],
        "metric": workload.metric,
        "target": size.target,
        "reference": {
            "optimizer": size.reference.optimizer,
            "warmup": size.reference.warmup,
            **dict(workload.reference_hyperparameters),
        },
        "date": datetime.now(UTC).date().isoformat(),
        "machine": first.environment.get("machine", ""),
        "versions": {**first.spec.libraries, "timetrial": first.environment.get("timetrial", "")},
        "seconds": round(math.fsum(record.total_seconds for record in records), 1),
    }
