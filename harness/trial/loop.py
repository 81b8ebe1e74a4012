"""One trial, from a `TrialSpec` to a `TrialRecord`: the training loop, in the order in which things happen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter  # by name: a plug-in may patch the module
from typing import Any

import torch
from torch import Tensor

from harness.contracts import TrainingAlgorithm, Workload
from harness.pruning import StopChannel, next_evaluation
from harness.records import Status, TrialResult, TrialSpec, meets_target, stable_seed
from harness.registry import Submission
from harness.rules import RULESETS
from harness.trial.answers import learning_rate, refreshes_batchnorm
from harness.trial.clock import DIGITS, Stopwatch
from harness.trial.failures import explain, told_to_end
from harness.trial.judging import evaluate, evaluate_whole, refresh_batchnorm
from harness.trial.outcome import Run, Trace
from harness.trial.process_state import kept
from harness.trial.setup import check_untrained, listened, prepare, start_algorithm
from harness.trial.task import TrialTask
from harness.trial.time_limit import TrialTimeout, check_time

TRACE_POINTS = 100
"""Points of the recorded learning-rate trace, about."""


@dataclass(frozen=True)
class TrialSettings:
    """How a trial is run: where it trains, and what may stop it before its horizon.

    Attributes:
        device: where to train; examples are moved there.
        stop_channel: asked before every evaluation; returns what stops the trial, or None.
        run_to_end: go on to the end of the horizon, past the target and whatever the stop channel returns.
        stop_hopeless: stop where a forecast from the curve says that the target is out of reach.
        environment: facts of the machine, for the record.
    """

    device: torch.device | str = "cpu"
    stop_channel: StopChannel = lambda: None
    run_to_end: bool = False
    stop_hopeless: bool = False
    environment: Mapping[str, Any] = field(default_factory=dict)


DEFAULTS = TrialSettings()


def run_trial(
    spec: TrialSpec,
    workload: Workload,
    submission: Submission,
    data: Mapping[str, Mapping[str, Tensor]],
    settings: TrialSettings = DEFAULTS,
) -> TrialResult:
    """Run one trial and return its record and artefacts, whatever the submission does.

    Args:
        spec: what to run.
        workload, submission: the plug-ins that `spec` names.
        data: what `workload.load` returned.
        settings: where to run it, and what may stop it.
    """
    began = perf_counter()
    run = Run(spec, workload)
    try:
        with kept(torch.device(settings.device)):
            _train(run, submission, data, settings)
    except TrialTimeout as error:
        run.broke(Status.TIMEOUT, str(error), error)
    except (MemoryError, torch.OutOfMemoryError) as error:
        run.broke(Status.OUT_OF_MEMORY, explain(error), error)
    except BaseException as error:
        if told_to_end(error):
            raise
        run.broke(Status.FAILED, explain(error), error)
    return run.result(submission, settings.environment, round(perf_counter() - began, DIGITS))


def _train(run: Run, submission: Submission, data: Mapping[str, Any], settings: TrialSettings) -> None:
    spec, workload, size = run.spec, run.workload, run.workload.settings
    rules = RULESETS[spec.track]
    device = torch.device(settings.device)
    setup = Stopwatch(device)
    setup.start()
    task, validation, judge = prepare(spec, workload, data, device)
    algorithm = start_algorithm(submission, task, spec, workload)
    signals = listened(submission)
    refresh = refreshes_batchnorm(algorithm)
    check_untrained(task, judge)
    setup.stop()

    training, evaluating = Stopwatch(device), Stopwatch(device)
    end = min(spec.horizon, spec.budget)
    trace = Trace(end / TRACE_POINTS, run.learning_rates)
    before = 0.0
    while True:
        following = next_evaluation(task.examples, spec)
        due = following if rules.clock == "examples" else training.seconds
        stop = None if settings.run_to_end else settings.stop_channel()
        if stop is not None and stop.stops(spec.trial, due):
            return run.stop(stop, due, rules.clock)

        training.start()
        finite = train_until(following, task, algorithm, signals, trace)
        algorithm.prepare_for_evaluation()
        training.stop()
        run.clocks = _clocks(task, training, evaluating, setup)
        if not (finite and task.finite()):
            return run.end(Status.DIVERGED, f"loss or weights not finite at step {task.steps}", complete=True)
        if run.overspent(before, task.examples, end):
            return None

        evaluating.start()
        judged = judge.judged(task.model)
        if refresh:
            refresh_batchnorm(workload, judged, task._train, seed=stable_seed(spec.seed, "batchnorm"))
        metrics = evaluate(workload, judged, validation, size.validation_examples)
        if rules.whole and task.examples >= end:
            metrics |= evaluate_whole(workload, judged, {"whole": validation, "test": data["test"]})
        evaluating.stop()
        value = metrics.pop(workload.metric)
        at = {"examples": task.examples, "seconds": training.seconds, "steps": float(task.steps)}
        run.evaluations.append({**at, "metric": value, **metrics})
        run.clocks = _clocks(task, training, evaluating, setup)

        if meets_target(value, spec.target, lower_is_better=workload.lower_is_better):
            run.end(Status.REACHED, f"{workload.metric} {value:.4g} meets the target {spec.target:g}")
            if not settings.run_to_end:
                return None
        if task.examples >= end:
            if not rules.targeted:
                return run.end(Status.FINISHED, f"final {workload.metric} {value:.4g}", complete=True)
            return run.end(Status.MISSED, f"best {workload.metric} {run.best():.4g}, target {spec.target:g}", complete=True)
        if settings.stop_hopeless and not settings.run_to_end and run.hopeless(end):
            return None

        training.start()
        before = task.examples
        algorithm.restore_after_evaluation()
        if "validation_metric" in signals:
            judged_on = len(next(iter(validation.values())))
            judged_on = min(judged_on, size.validation_examples or judged_on)
            task._charged.charge(judged_on, 1)
            before += judged_on / 3
            algorithm.observe(task.feedback((), value if workload.lower_is_better else -value))
        training.stop()


def train_until(upcoming: float, task: TrialTask, algorithm: TrainingAlgorithm, signals: tuple[str, ...], trace: Trace) -> bool:
    """Train until `upcoming` charged examples; return whether all losses were finite."""
    while task._charged.thirds < 3 * upcoming:
        batch = algorithm.select()
        algorithm.update(batch)
        check_time()
        if not task.end_step():
            return False
        if signals:
            algorithm.observe(task.feedback(signals, learning_rate=learning_rate(algorithm)))
        if task._charged.thirds >= trace.due:
            trace.add(task, algorithm)
    return True


def _clocks(task: TrialTask, training: Stopwatch, evaluating: Stopwatch, setup: Stopwatch) -> dict[str, float]:
    return {
        "examples": task.examples,
        "seconds": training.seconds,
        "steps": float(task.steps),
        "process_seconds": training.process_seconds,
        "evaluation_seconds": evaluating.seconds,
        "setup_seconds": setup.seconds,
    }
