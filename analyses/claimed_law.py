"""Claim 14 from the budget track's records: how far the loss law is off at the end, as analyses/loss_law.py has it."""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from analyses.claim_verdicts import Contest, Measured
from analyses.loss_law import FITTED
from harness.contracts.errors import BadInput
from harness.forecast.fit import fit_law
from harness.forecast.recorded import RecordedCurve, recorded_curve
from harness.records import TrialRecord
from harness.registry import find_schedule
from harness.scoring.intervals import Estimate

LIMIT = 0.01
"""The claim: the mean error is below this share of the loss."""

Run = tuple[str, int]


def measure_law(
    records: Iterable[TrialRecord], contest: Contest, workloads: Sequence[str], schedules: Sequence[str], studies: int = 3
) -> Measured:
    """Return 1 % less the mean error of the law, over workloads (t interval); theta above 0 where the claim holds.

    Args:
        records: of the budget track; only those at the whole budget count.
        contest: the claim.
        workloads: labels of all workloads that must have run.
        schedules: that must all have run; they and no others are foretold, less those that the law is fitted to.
        studies: that each of them must have on each workload.
    """
    asked = [*FITTED, *(name for name in schedules if name not in FITTED)]
    at_end = [r for r in records if r.spec.horizon == r.spec.budget]
    whole = [r for r in at_end if r.spec.submission in asked and r.spec.workload_label in workloads]
    by_workload: dict[str, list[TrialRecord]] = defaultdict(list)
    for record in whole:
        by_workload[record.spec.workload_label].append(record)
    few = [name for name in asked if any(_studies(by_workload[w], name) < studies for w in workloads)]
    if few or not workloads:
        return Measured(contest, None, 0.0, reason=f"too few studies of {', '.join(few)}" if few else "no workload")
    errors = {w: law_errors(by_workload[w]) for w in workloads}
    for workload, values in errors.items():
        told = f"{100 * float(np.mean(values)):.2f} % over {len(values)} curves" if values else "refused"
        print(f"loss law, {workload}: {told}", file=sys.stderr)
    means = [float(np.mean(values)) for values in errors.values() if values]
    refused = [w for w, values in errors.items() if not values]
    curves = sum(_studies(by_workload[w], name) for w in errors if w not in refused for name in asked[len(FITTED) :])
    lost = curves - sum(len(values) for values in errors.values())
    notes = [f"no loss that the law could be fitted to on {', '.join(refused)}"] if refused else []
    if lost:
        notes.append(f"{lost} of {curves} curves on the other workloads could not be foretold (diverged, say)")
    reason = "; ".join(notes)
    if len(means) < 2:
        return Measured(contest, None, 0.0, reason=reason or "one workload gives no interval")
    spread = float(np.std(means, ddof=1)) / math.sqrt(len(means))
    estimate = Estimate(LIMIT - float(np.mean(means)), spread, len(means) - 1.0)
    return Measured(contest, estimate, 0.0, studies, len(means), reason=reason)


def _studies(records: list[TrialRecord], name: str) -> int:
    return len({r.spec.study for r in records if r.spec.submission == name and r.status != "killed"})


def law_errors(records: Sequence[TrialRecord]) -> list[float]:
    """Return |predicted / true - 1| at the end of every foretold schedule and study of one workload.

    A study's peak rate is the one of its grid under which cosine ended best. Curves that the forecast refuses (diverged, say)
    are left out.
    """
    errors = []
    for study in sorted({r.spec.study for r in records}):
        at_rate: dict[float, dict[str, RecordedCurve]] = defaultdict(dict)
        for record in records:
            if record.spec.study == study and record.complete:
                try:
                    run = recorded_curve(record, find_schedule)
                except BadInput:
                    continue
                at_rate[float(record.spec.hyperparameters["learning_rate"])][record.spec.submission] = run
        tuned = [(runs["cosine"].curve.losses[-1], rate) for rate, runs in at_rate.items() if "cosine" in runs]
        runs = at_rate[min(tuned)[1]] if tuned else {}
        if all(name in runs for name in FITTED):
            law = fit_law([runs[name].curve for name in FITTED]).law
            for name in sorted(set(runs) - set(FITTED)):
                curve = runs[name].curve
                errors.append(abs(float(law.predict(curve.rates)[curve.steps[-1] - 1] / curve.losses[-1]) - 1))
    return errors
