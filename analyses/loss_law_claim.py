"""Claim 14 of docs/claims.md: how far the loss law's predictions are off at the end of training, from budget-track records."""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from analyses.claim_verdicts import Measured
from analyses.comparisons import PlannedComparison
from analyses.loss_law import FITTED
from harness.contracts.errors import BadInput
from harness.forecast.fit import fit_law
from harness.forecast.recorded import RecordedCurve, recorded_curve
from harness.records import Status, TrialRecord
from harness.registry import find_schedule
from harness.scoring.intervals import Estimate

LIMIT = 0.01
"""The claim: the mean error is below this share of the loss."""


def measure_law(
    records: Iterable[TrialRecord],
    comparison: PlannedComparison,
    workloads: Sequence[str],
    schedules: Sequence[str],
    studies: int = 3,
) -> Measured:
    """Return 1 % minus the mean error of the law, with a t interval over workloads; theta is above 0 where the claim holds.

    Args:
        records: of the budget track; only those whose horizon is the full budget count.
        comparison: the claim.
        workloads: labels of all workloads that must have run.
        schedules: schedules that must all have run. All but those that the law is fitted to are predicted, and no others.
        studies: studies that each of them must have on each workload.
    """
    names = [*FITTED, *(name for name in schedules if name not in FITTED)]
    by_workload: dict[str, list[TrialRecord]] = defaultdict(list)
    for record in records:
        spec = record.spec
        if spec.horizon == spec.budget and spec.submission in names and spec.workload_label in workloads:
            by_workload[spec.workload_label].append(record)
    few = [name for name in names if any(_studies(by_workload[w], name) < studies for w in workloads)]
    if few or not workloads:
        return Measured(comparison, None, 0.0, reason=f"too few studies of {', '.join(few)}" if few else "no workload")
    errors = {w: law_errors(by_workload[w]) for w in workloads}
    for workload, values in errors.items():
        outcome = f"{100 * float(np.mean(values)):.2f} % over {len(values)} curves" if values else "could not be fitted"
        print(f"loss law, {workload}: {outcome}", file=sys.stderr)
    means = [float(np.mean(values)) for values in errors.values() if values]
    possible = {w: sum(_studies(by_workload[w], name) for name in names[len(FITTED) :]) for w in errors}
    reason = _what_is_absent(errors, possible)
    if len(means) < 2:
        return Measured(comparison, None, 0.0, reason=reason or "one workload gives no interval")
    spread = float(np.std(means, ddof=1)) / math.sqrt(len(means))
    estimate = Estimate(LIMIT - float(np.mean(means)), spread, len(means) - 1.0)
    return Measured(comparison, estimate, 0.0, studies, len(means), reason=reason)


def _what_is_absent(errors: Mapping[str, Sequence[float]], possible: Mapping[str, int]) -> str:
    """Which workloads have no error, and how many curves of the others; "" if there are all.

    Args:
        errors: workload -> errors of its predicted curves.
        possible: workload -> how many curves it has to predict.
    """
    unfitted = [w for w, values in errors.items() if not values]
    notes = [f"no loss that the law can be fitted to on {', '.join(unfitted)}"] if unfitted else []
    curves = sum(count for w, count in possible.items() if w not in unfitted)
    absent = curves - sum(len(values) for values in errors.values())
    if absent:
        notes.append(f"{absent} of {curves} curves on the other workloads could not be predicted (because they diverged, say)")
    return "; ".join(notes)


def _studies(records: list[TrialRecord], name: str) -> int:
    return len({r.spec.study for r in records if r.spec.submission == name and r.status != Status.KILLED})


def law_errors(records: Sequence[TrialRecord]) -> list[float]:
    """Return |predicted / true - 1| at the end of training, for every predicted schedule and study of one workload.

    The peak rate of a study is the one of its grid at which cosine ended best. Curves that the forecast refuses (because they
    diverged, say) are left out.
    """
    errors = []
    for study in sorted({r.spec.study for r in records}):
        by_rate: dict[float, dict[str, RecordedCurve]] = defaultdict(dict)
        for record in records:
            if record.spec.study == study and record.complete:
                try:
                    run = recorded_curve(record, find_schedule)
                except BadInput:
                    continue
                by_rate[float(record.spec.hyperparameters["learning_rate"])][record.spec.submission] = run
        ends = [(runs["cosine"].curve.losses[-1], rate) for rate, runs in by_rate.items() if "cosine" in runs]
        runs = by_rate[min(ends)[1]] if ends else {}
        if all(name in runs for name in FITTED):
            law = fit_law([runs[name].curve for name in FITTED]).law
            for name in sorted(set(runs) - set(FITTED)):
                curve = runs[name].curve
                errors.append(abs(float(law.predict(curve.rates)[curve.steps[-1] - 1] / curve.losses[-1]) - 1))
    return errors
