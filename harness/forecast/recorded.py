"""Recorded trials as curves that the loss law is fitted to, and the loss that it predicts for another schedule."""

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
from harness.records import TrialRecord

LOGARITHM = "log10_"
"""Metrics whose names start so are the decimal logarithm of a loss; the loss is fitted, and told as its logarithm again."""

USABLE = ("reached", "missed", "finished", "pruned")
"""How a trial may have ended whose curve is fitted, as far as it goes."""

NEAR = 1e-4
"""Relative difference between a recorded rate and the schedule's that may be rounding."""


@dataclass(frozen=True)
class Prediction:
    """The loss that the law predicts for a schedule that was not run.

    Attributes:
        steps, examples: of every evaluation after warm-up.
        values: the metric there.
        fit: the law, and how it fits the curves that it comes from.
        notes: what makes one doubt it, in words.
    """

    steps: Steps
    examples: Steps
    values: Array
    fit: Fit
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Recorded:
    """A recorded trial whose rate followed a closed-form schedule, as the law sees it."""

    record: TrialRecord
    curve: Curve
    batch_size: int
    metric: str

    @property
    def logarithmic(self) -> bool:
        """Whether the metric is the decimal logarithm of the loss that is fitted."""
        return self.metric.startswith(LOGARITHM)

    def shown(self, losses: Array) -> Array:
        """Return losses as values of the metric; NaN where there is no such value."""
        if not self.logarithmic:
            return losses
        return np.where(losses > 0, np.log10(np.maximum(losses, 1e-300)), math.nan)


def recorded(record: TrialRecord, find_schedule: Callable[[str], Schedule]) -> Recorded:
    """Return a trial as the law sees it: the rate of every step, and the loss at the evaluations after warm-up.

    Args:
        record: of a trial of a schedule, or of OPTIMIZER+SCHEDULE.
        find_schedule: what a name or path means.

    Raises:
        BadInput: it is no such trial, diverged, has too few evaluations, a metric that is no loss, or a rate that is not what
            the schedule's source here says.
    """
    spec, facts = record.spec, record.facts.get("workload", {})
    who, batch, metric = f"--fit {spec.id}", facts.get("batch_size"), str(facts.get("metric", "metric"))
    if record.facts.get("imported") is not None or not batch:
        raise BadInput(f"{who}: an imported log does not say what its learning rate was; give a trial that timetrial ran")
    if record.status not in USABLE:
        raise BadInput(f"{who}: that trial ended as '{record.status}' ({record.reason}); give one that trained to its end")
    if not facts.get("lower_is_better", True):
        raise BadInput(f"{who}: {metric} of '{spec.workload_label}' is better when higher, and the law is one of losses")
    schedule = _closed_form(find_schedule(spec.source or spec.submission), who)
    settings = {name: value for name, value in spec.hyperparameters.items() if name in schedule.defaults}
    rates = rates_of(schedule, settings, spec.horizon, spec.warmup, batch, float(spec.hyperparameters.get("learning_rate", 0)))
    _check_rates(record, rates, spec.warmup // batch, who)
    after = [e for e in record.evaluations if (e["examples"] or 0) > spec.warmup]
    values = np.array([np.nan if e["metric"] is None else e["metric"] for e in after], dtype=float)
    losses = 10.0**values if metric.startswith(LOGARITHM) else values
    if len(losses) < FEWEST:
        raise BadInput(f"{who}: {len(losses)} evaluations after warm-up, the fit needs {FEWEST}; give a longer trial")
    if not (np.isfinite(losses).all() and (losses > 0).all()):
        raise BadInput(
            f"{who}: {metric} of '{spec.workload_label}' is not above 0 everywhere, as a loss is; it cannot be fitted"
        )
    steps = np.array([round(e["steps"] or 0) for e in after], dtype=np.int64)
    return Recorded(record, Curve(rates, steps, losses), batch, metric)


def rates_of(schedule: Schedule, settings: Mapping[str, Any], horizon: int, warmup: int, batch_size: int, peak: float) -> Array:
    """Return the learning rate of every step of a trial, its warm-up steps at the rate that they lead to.

    Args:
        schedule: a closed-form one.
        settings: its hyperparameters where they are not the defaults.
        horizon, warmup: charged examples, the horizon with the warm-up.
        batch_size: examples a step.
        peak: the peak learning rate.
    """
    before, steps = warmup // batch_size, round(horizon / batch_size)
    bound = schedule.start(horizon=steps - before, warmup=before, batch_size=batch_size, hyperparameters=settings)
    multipliers = [checked_multiplier(schedule, bound.multiplier(float(step)), step) for step in range(steps - before)]
    return peak * np.array(multipliers[:1] * before + multipliers)


def predict(schedule: Schedule, settings: Mapping[str, Any], runs: Sequence[Recorded]) -> Prediction:
    """Return the metric that the law, fitted to `runs`, predicts for a schedule over the first run's horizon and warm-up.

    Raises:
        BadInput: the schedule is not closed-form, the runs do not belong together, or none says what annealing brings.
    """
    _closed_form(schedule, f"'{schedule.name}'")
    for other in runs[1:]:
        _belong_together(runs[0], other)
    if all((np.diff(run.curve.rates[: run.curve.steps[-1]]) >= 0).all() for run in runs):
        names = " and ".join(f"'{run.record.spec.submission}'" for run in runs)
        raise BadInput(f"the rate of {names} never falls, which says nothing of annealing: add --fit with a run of cosine, say")
    first, fit = runs[0], fit_law([run.curve for run in runs])
    spec = first.record.spec
    rates = rates_of(
        schedule, settings, spec.horizon, spec.warmup, first.batch_size, float(spec.hyperparameters["learning_rate"])
    )
    steps = _evaluated(first)
    losses = fit.law.predict(rates)[steps - 1]
    notes = tuple(note for run in runs if (note := _rising(run)))
    if not (np.isfinite(losses).all() and (losses > 0).all()):
        notes += ("the predicted loss leaves what a loss can be: the law does not hold for this schedule",)
    return Prediction(steps, steps * first.batch_size, first.shown(losses), fit, notes)


def _closed_form(schedule: Schedule, who: str) -> Schedule:
    if schedule.closed_loop:
        raise BadInput(
            f"{who}: '{schedule.name}' listens to its run, so its rate is not known beforehand; choose a closed-form one"
        )
    return schedule


def _check_rates(record: TrialRecord, rates: Array, warmup: int, who: str) -> None:
    """Compare the recorded trace, whose points are told after their step, with what the schedule's source says."""
    trace = [(round(step) - 1, rate) for step, _, rate in record.learning_rates if round(step) > warmup]
    if any(
        step >= len(rates) or not math.isclose(rate, rates[step], rel_tol=NEAR, abs_tol=NEAR * rates.max())
        for step, rate in trace
    ):
        raise BadInput(
            f"{who}: its recorded learning rates are not those of '{record.spec.submission}' as it stands here; run it again"
        )


def _evaluated(run: Recorded) -> Steps:
    """Return the steps at which a whole trial of this specification is evaluated after its warm-up."""
    spec, batch = run.record.spec, run.batch_size
    due = [*range(spec.evaluation_period, spec.horizon, spec.evaluation_period), spec.horizon]
    return np.array(sorted({-(-at // batch) for at in due if at > spec.warmup}), dtype=np.int64)


def _belong_together(first: Recorded, other: Recorded) -> None:
    """Refuse runs whose curves one law cannot hold for."""
    for what, value in _conditions(other).items():
        expected = _conditions(first)[what]
        if value != expected:
            raise BadInput(
                f"--fit {other.record.spec.id}: its {what} is {value}, that of {first.record.spec.id} {expected}; "
                "give runs that differ in schedule, seed or horizon only"
            )


def _conditions(run: Recorded) -> dict[str, Any]:
    spec = run.record.spec
    return {
        "workload": f"{spec.workload_label} ({spec.size})",
        "version of the workload": spec.workload_hash[:12],
        "optimizer": spec.submission.rpartition("+")[0] or "the reference",
        "batch size": run.batch_size,
        "peak learning rate": float(spec.hyperparameters["learning_rate"]),
    }


def _rising(run: Recorded) -> str:
    """Return a note where the loss of a run rises at its end, which the law cannot do; else ""."""
    quarters = [float(part.mean()) for part in np.array_split(run.curve.losses, 4)]
    if quarters[-1] <= quarters[-2]:
        return ""
    return f"the loss of '{run.record.spec.submission}' ({run.record.spec.id}) rises at its end, where the law does not hold"
