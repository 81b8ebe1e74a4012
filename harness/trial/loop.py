"""One trial, from a `TrialSpec` to a `TrialRecord`: the training loop, in the order in which things happen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from time import perf_counter  # by name: a plug-in may patch the module
from typing import Any

import torch
from torch import Tensor

from harness.canonical import stable_seed
from harness.contracts.algorithms import TrainingAlgorithm
from harness.contracts.workloads import Workload
from harness.pruning import StopChannel, next_evaluation
from harness.records import Status, TrialResult, TrialSpec
from harness.registry import Submission
from harness.rules import RULESETS
from harness.trial.answers import refreshes_batchnorm
from harness.trial.arranged import arrange
from harness.trial.clock import DIGITS, Clocks
from harness.trial.judging import evaluate, evaluate_parts, refresh_batchnorm
from harness.trial.losses import LossLog
from harness.trial.meter import Meter
from harness.trial.outcome import Run, Trace
from harness.trial.process.accelerator import is_accelerator
from harness.trial.process.failures import explain, status_of
from harness.trial.process.guard import restored
from harness.trial.process.interrupts import is_from_outside
from harness.trial.process.pending import raise_pending
from harness.trial.process.undisturbed import Undisturbed
from harness.trial.seals import Seals, sealed
from harness.trial.setup import check_untrained, listened, no_gradients_of, prepare, start_algorithm
from harness.trial.signals import Signals
from harness.trial.tampering import Tampering, process_functions
from harness.trial.warming import warm_up_steps

TRACE_POINTS = 100
"""About how many points a recorded learning-rate trace has."""


@dataclass(frozen=True)
class TrialSettings:
    """How a trial is run: where it trains, and what may stop it before its horizon.

    Attributes:
        device: where to train; examples are moved there.
        stop_channel: asked before every evaluation; returns what stops the trial, or None.
        run_to_end: go on to the end of the horizon, past the target and whatever the stop channel returns; without it the
            trial is pruned.
        environment: facts of the machine, for the record.
        limits: returns the context that limits time and memory while the trial is set up and trained.
        deterministic: whether an accelerator computes by deterministic algorithms, where torch has them; a CPU always does.
        log_losses: keep the training losses, thinned, as an artefact.
    """

    device: torch.device | str = "cpu"
    stop_channel: StopChannel = lambda: None
    run_to_end: bool = True
    environment: Mapping[str, Any] = field(default_factory=dict)
    limits: Callable[[], AbstractContextManager[None]] = nullcontext
    deterministic: bool = True
    log_losses: bool = False


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
        device = torch.device(settings.device)
        with restored(device), sealed(FUNCTIONS, workload, data) as seals, settings.limits(), ExitStack() as ending:
            arrange(device, deterministic=settings.deterministic)
            _train(run, submission, data, settings, seals, ending)
    except Tampering as error:
        run.void(str(error), error)
    except BaseException as error:
        if is_from_outside(error):
            raise
        run.fail(status_of(error), explain(error), error)
    return run.result(submission, settings.environment, round(perf_counter() - began, DIGITS))


def _train(
    run: Run, submission: Submission, data: Mapping[str, Any], settings: TrialSettings, seals: Seals, ending: ExitStack
) -> None:
    """Set up, then train and evaluate in turn, until something ends the trial; `ending` gets what is to be done then."""
    spec, workload, rules = run.spec, run.workload, RULESETS[run.spec.track]
    device = torch.device(settings.device)
    clocks, others = Clocks(device), Undisturbed(device)

    clocks.setup.start()
    ready = prepare(spec, workload, data, device)
    meter, task, judge = ready.meter, ready.task, ready.judge
    ending.callback(task.close)
    if is_accelerator(device):
        warm_up_steps(submission, spec, workload, ready.train, device)
    seals.add(task.model, {"train": ready.train, "validation": ready.validation})
    clocks.constructor.start()
    with no_gradients_of(task.model):
        algorithm = start_algorithm(submission, task, spec, workload)
        signals = Signals(listened(submission), task, meter, algorithm) if listened(submission) else None
        refresh = refreshes_batchnorm(algorithm)
        check_untrained(ready)
    others.suspend()
    clocks.constructor.stop()
    clocks.setup.stop()

    end = min(spec.horizon, spec.budget)
    trace = Trace(end / TRACE_POINTS, run.learning_rates)
    run.losses = LossLog(end, device) if settings.log_losses else None
    before = 0.0
    while True:
        following = next_evaluation(meter.examples, spec)
        earliest = {**clocks.read(meter), "examples": following}[rules.clock]  # the next evaluation, on the track's clock
        stop = None if settings.run_to_end else settings.stop_channel()
        if stop is not None and stop.stops(spec.trial, earliest):
            return run.stop(stop, earliest, rules.clock)

        clocks.training.start()
        others.resume()
        finite = train_until(following, meter, algorithm, signals, trace, run.losses)
        algorithm.prepare_for_evaluation()
        others.suspend()
        clocks.training.stop()
        run.clocks = clocks.read(meter)
        with others.judging():
            if not (finite and meter.finite(judge.weights_of(task.model))):
                return run.end(Status.DIVERGED, f"loss or weights not finite at step {meter.steps}", complete=True)
            if run.overspent(before, meter.examples, end):
                return None

            clocks.evaluation.start()
            seals.check_content()
            model = judge.model_with_values_of(task.model)
            if refresh:
                refresh_batchnorm(workload, model, ready.train, seed=stable_seed(spec.seed, "batchnorm"))
            metrics = evaluate(workload, model, ready.validation, ready.judged)
            if rules.full_evaluation and meter.examples >= end:
                metrics |= evaluate_parts(workload, model, {"whole": ready.validation, "test": data["test"]})
            clocks.evaluation.stop()
        run.clocks = clocks.read(meter)
        value = run.evaluated(metrics)

        if run.status == Status.REACHED and not settings.run_to_end:
            return None
        if meter.examples >= end:
            return run.finish()

        clocks.training.start()
        others.resume()
        before = meter.examples
        algorithm.restore_after_evaluation()
        if signals is not None and signals.of_evaluations:
            meter.charge(ready.judged, 1)
            before += ready.judged / 3
            algorithm.observe(signals.of_evaluation(value if workload.lower_is_better else -value))
        others.suspend()
        clocks.training.stop()


def train_until(
    examples: float,
    meter: Meter,
    algorithm: TrainingAlgorithm,
    signals: Signals | None,
    trace: Trace,
    losses: LossLog | None = None,
) -> bool:
    """Train until `examples` examples have been charged; return whether all losses were finite."""
    while meter.thirds < 3 * examples:
        batch = algorithm.select()
        algorithm.update(batch)
        raise_pending()
        finite = meter.end_step()
        if losses is not None and meter.thirds >= losses.due:
            losses.add(meter)
        if not finite:
            return False
        if signals is not None:
            algorithm.observe(signals.of_step())
        if meter.thirds >= trace.due:
            trace.add(meter, algorithm)
    return True


FUNCTIONS = process_functions()
"""The functions that a trial rests on. Noted here, when all of them exist and before a worker imports a plug-in."""
