"""Recorded trials as curves that the loss law is fitted to, and the metric that it predicts for another schedule."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.contracts.errors import BadInput
from harness.contracts.schedules import Schedule, checked_multiplier
from harness.forecast.fit import FEWEST, Curve, Fit, Steps, fit_law
from harness.forecast.law import Array
from harness.records import Status, TrialRecord, TrialSpec

LOG10_PREFIX = "log10_"
"""A metric whose name starts so is the decimal logarithm of a loss. The law is fitted to the loss itself."""

USABLE = (Status.REACHED, Status.MISSED, Status.FINISHED, Status.PRUNED)
"""Statuses of trials that can be fitted; of a pruned trial, the part that ran."""

RATE_TOLERANCE = 1e-4
"""Relative difference between a recorded learning rate and the schedule's that may be rounding."""


@dataclass(frozen=True)
class Prediction:
    """The metric that the law predicts for a schedule that was not run.

    Attributes:
        steps, examples: steps and charged examples at each evaluation after warm-up, [n].
        values: the predicted metric, [n].
        fit: the law, and how well it fits the curves.
        notes: reasons to doubt the prediction, sentences.
    """

    steps: Steps
    examples: Steps
    values: Array
    fit: Fit
    notes: tuple[str, ...]


@dataclass(frozen=True)
class RecordedCurve:
    """The loss curve of a recorded trial whose learning rate followed a closed-form schedule.

    Attributes:
        record: the trial.
        curve: learning rates, and losses at evaluations after warm-up.
        batch_size: examples per step.
        metric: name of the recorded metric: the loss, or its decimal logarithm.
    """

    record: TrialRecord
    curve: Curve
    batch_size: int
    metric: str

    @property
    def logarithmic(self) -> bool:
        """Whether the metric is the decimal logarithm of the loss that is fitted."""
        return self.metric.startswith(LOG10_PREFIX)

    def as_metric(self, losses: Array) -> Array:
        """Return losses converted to the metric; NaN if a loss has no logarithm."""
        if not self.logarithmic:
            return losses
        return np.where(losses > 0, np.log10(np.maximum(losses, 1e-300)), math.nan)


def recorded_curve(record: TrialRecord, find_schedule: Callable[[str], Schedule]) -> RecordedCurve:
    """Return the loss curve of a trial: the learning rate of each step, and the losses at evaluations after warm-up.

    Args:
        record: a trial of a schedule, or of OPTIMIZER+SCHEDULE.
        find_schedule: returns the schedule of a name or path.

    Raises:
        BadInput: the trial is imported or did not train to an end, its schedule is a closed loop, it has too few evaluations,
            its metric is not a loss, or its learning rates are not those of the schedule's present source.
    """
    spec, facts = record.spec, record.facts.get("workload", {})
    option, batch, metric = f"--fit {spec.id}", facts.get("batch_size"), str(facts.get("metric", "metric"))
    if record.facts.get("imported") is not None or not batch:
        raise BadInput(f"{option}: an imported log contains no learning rates; name a trial that timetrial ran")
    if record.status not in USABLE:
        raise BadInput(f"{option}: that trial ended as '{record.status}' ({record.reason}); name one that trained to its end")
    if not facts.get("lower_is_better", True):
        raise BadInput(f"{option}: the metric {metric} of '{spec.workload_label}' is better when higher, so it is not a loss")
    schedule = _closed_form(find_schedule(spec.source or spec.submission), option)
    hyperparameters = {name: value for name, value in spec.hyperparameters.items() if name in schedule.defaults}
    rates = _rates_in(record, schedule, hyperparameters, batch)
    _check_rates(record, rates, spec.warmup // batch, option)
    after = [e for e in record.evaluations if (e["examples"] or 0) > spec.warmup]
    values = np.array([np.nan if e["metric"] is None else e["metric"] for e in after], dtype=float)
    losses = 10.0**values if metric.startswith(LOG10_PREFIX) else values
    if len(losses) < FEWEST:
        raise BadInput(
            f"{option}: it has {len(losses)} evaluations after warm-up; the fit needs {FEWEST}, so name a longer trial"
        )
    if not (np.isfinite(losses).all() and (losses > 0).all()):
        raise BadInput(f"{option}: {metric} of '{spec.workload_label}' is not above 0 at every evaluation, so it is not a loss")
    steps = np.array([round(e["steps"] or 0) for e in after], dtype=np.int64)
    return RecordedCurve(record, Curve(rates, steps, losses), batch, metric)


def predict(schedule: Schedule, hyperparameters: Mapping[str, Any], runs: Sequence[RecordedCurve]) -> Prediction:
    """Return the metric that the law, fitted to `runs`, predicts for a schedule with the first run's horizon and warm-up.

    Args:
        schedule: a closed-form one.
        hyperparameters: values that replace the schedule's declared defaults.
        runs: at least one.

    Raises:
        BadInput: the schedule is a closed loop, the runs differ in more than schedule, seed and horizon, or the learning
            rate of no run decreases.
    """
    _closed_form(schedule, f"'{schedule.name}'")
    for other in runs[1:]:
        _check_comparable(runs[0], other)
    if all((np.diff(run.curve.rates[: run.curve.steps[-1]]) >= 0).all() for run in runs):
        names = " and ".join(f"'{run.record.spec.submission}'" for run in runs)
        raise BadInput(
            f"the learning rate of {names} never falls, so the effect of annealing cannot be fitted: add --fit with a trial"
            " whose rate falls, of cosine for example"
        )
    first, fit = runs[0], fit_law([run.curve for run in runs])
    rates = _rates_in(first.record, schedule, hyperparameters, first.batch_size)
    steps = _evaluation_steps(first)
    losses = fit.law.predict(rates)[steps - 1]
    notes = tuple(note for run in runs if (note := _note_on_rise(run)))
    if not (np.isfinite(losses).all() and (losses > 0).all()):
        notes += ("some predicted losses are not above 0: the law does not hold for this schedule",)
    return Prediction(steps, steps * first.batch_size, first.as_metric(losses), fit, notes)


def _rates_in(record: TrialRecord, schedule: Schedule, hyperparameters: Mapping[str, Any], batch_size: int) -> Array:
    """Return the learning rate of each step if `schedule` were run with a record's peak rate, horizon and warm-up, [steps].

    Warm-up steps have the rate at the end of warm-up, as the law requires.
    """
    spec = record.spec
    before, steps = spec.warmup // batch_size, round(spec.horizon / batch_size)
    bound = schedule.start(horizon=steps - before, warmup=before, batch_size=batch_size, hyperparameters=hyperparameters)
    multipliers = [checked_multiplier(schedule, bound.multiplier(float(step)), step) for step in range(steps - before)]
    return peak_rate(spec) * np.array(multipliers[:1] * before + multipliers)


def peak_rate(spec: TrialSpec) -> float:
    """Return the peak learning rate of a trial: the user's or the lattice's value; 0 where neither set it."""
    return float({**spec.hyperparameters, **spec.given}.get("learning_rate", 0))


def _closed_form(schedule: Schedule, subject: str) -> Schedule:
    if schedule.closed_loop:
        raise BadInput(
            f"{subject}: the rate of '{schedule.name}' depends on the run, so it is not known in advance;"
            " choose a closed-form schedule"
        )
    return schedule


def _check_rates(record: TrialRecord, rates: Array, warmup: int, option: str) -> None:
    """Compare the recorded rates with the schedule's; a point of the trace carries the number of steps after its step."""
    trace = [(round(step) - 1, rate) for step, _, rate in record.learning_rates if round(step) > warmup]
    tolerance = RATE_TOLERANCE * rates.max()
    if any(
        step >= len(rates) or not math.isclose(rate, rates[step], rel_tol=RATE_TOLERANCE, abs_tol=tolerance)
        for step, rate in trace
    ):
        raise BadInput(
            f"{option}: its recorded learning rates are not those of '{record.spec.submission}' as its source is now;"
            " run the trial again"
        )


def _evaluation_steps(run: RecordedCurve) -> Steps:
    """Return the steps at which a complete trial of this specification is evaluated after warm-up."""
    spec, batch = run.record.spec, run.batch_size
    due = [*range(spec.evaluation_period, spec.horizon, spec.evaluation_period), *spec.evaluation_points, spec.horizon]
    return np.array(sorted({-(-at // batch) for at in due if at > spec.warmup}), dtype=np.int64)


def _check_comparable(first: RecordedCurve, other: RecordedCurve) -> None:
    """Raise `BadInput` if two runs differ in a condition on which the law's parameters depend."""
    for what, value in _conditions(other).items():
        expected = _conditions(first)[what]
        if value != expected:
            raise BadInput(
                f"--fit {other.record.spec.id}: its {what} is {value}, that of {first.record.spec.id} is {expected}; "
                "name trials that differ only in schedule, seed or horizon"
            )


def _conditions(run: RecordedCurve) -> dict[str, Any]:
    spec = run.record.spec
    return {
        "workload": f"{spec.workload_label} ({spec.size})",
        "workload version": spec.workload_hash[:12],
        "optimizer": spec.submission.rpartition("+")[0] or "the reference",
        "batch size": run.batch_size,
        "peak learning rate": peak_rate(spec),
    }


def _note_on_rise(run: RecordedCurve) -> str:
    """Return a note if the loss of a run rises at its end, which the law cannot describe; else ""."""
    quarters = [float(part.mean()) for part in np.array_split(run.curve.losses, 4)]
    if quarters[-1] <= quarters[-2]:
        return ""
    return f"the loss of '{run.record.spec.submission}' ({run.record.spec.id}) rises at its end, where the law does not hold"
