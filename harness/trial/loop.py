"""One TrialSpec -> one TrialRecord."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from time import perf_counter  # by name: a plug-in may patch the module
from typing import Any

import torch
from torch import Tensor

from harness.contracts import ContractError, TrainingAlgorithm, Workload
from harness.plan import full_hyperparameters
from harness.pruning import FORECAST, Signal, Stop, beater_of, forecast, kind_of, upcoming
from harness.records import TrialRecord, TrialSpec, meets_target, stable_seed
from harness.registry import Submission
from harness.rules import OVERSHOOT, RULESETS
from harness.trial.answers import learning_rate, refreshes_batchnorm
from harness.trial.clock import DIGITS, Stopwatch
from harness.trial.failures import explain, told_to_end
from harness.trial.judging import Judge, built, evaluate, evaluate_whole, refresh_batchnorm
from harness.trial.process_state import kept
from harness.trial.scheduled import Scheduled
from harness.trial.task import TrialTask
from harness.trial.time_limit import TrialTimeout, check_time

TRACE_POINTS = 100
"""Points of the recorded learning-rate trace, about."""


MAX_CODE = 20_000
"""Characters of a submission's source that a record keeps; the hash tells the whole."""


class Trace:
    """The learning-rate trace: a point about every `every` charged examples."""

    def __init__(self, every: float, points: list[tuple[float, float, float]]) -> None:
        self.due, self._every, self._points = 0.0, 3 * every, points

    def add(self, task: TrialTask, algorithm: TrainingAlgorithm) -> None:
        """Add the point that is due."""
        self._points.append((task.steps, task.examples, learning_rate(algorithm) or 0.0))
        self.due += self._every


class Run:
    """A trial under way: what happened so far, and how it ended."""

    def __init__(self, spec: TrialSpec, workload: Workload) -> None:
        self.spec, self.workload = spec, workload
        self.status, self.reason = "failed", "it did not start"
        self.complete = False
        self.evaluations: list[dict[str, float]] = []
        self.learning_rates: list[tuple[float, float, float]] = []
        self.clocks: dict[str, float] = {}
        self.beater: dict[str, Any] | None = None
        self.pruned_by = ""

    def end(self, status: str, reason: str, *, complete: bool = False) -> None:
        """Say how it ended; meeting the target, once said, stands."""
        self.complete = complete
        if self.status != "reached":
            self.status, self.reason = status, reason

    def stop(self, stop: Stop, due: float, clock: str) -> None:
        """End it because of what the race has told it."""
        self.beater, self.pruned_by = beater_of(stop, due), kind_of(stop)
        self.end("pruned", stop.words(clock))

    def overspent(self, before: float, now: float, end: float) -> bool:
        """Return whether the last step overshot the end of the trial by more than a step may; it has then ended, unjudged.

        A step may overshoot by `OVERSHOOT` of the trial's length, or by an evaluation period where that is more: a batch
        that is larger than the reference, or does not divide what is left, is no reason to lose a hit. The training is
        what counts, from `before` to `now` charged examples; what hearing the validation metric was charged does not.
        """
        over, most = now - max(before, end), max(OVERSHOOT * end, self.spec.evaluation_period)
        if over > most:
            status = "missed" if RULESETS[self.spec.track].targeted else "failed"
            reason = f"the last step ended {over:g} examples past the end; more than {most:g} are not judged"
            self.end(status, reason, complete=status == "missed" and bool(self.evaluations))
        return over > most

    def hopeless(self, end: float) -> bool:
        """Return whether the forecast says that it cannot reach its target; it has then ended."""
        examples, values = ([evaluation[name] for evaluation in self.evaluations] for name in ("examples", "metric"))
        target, lower = self.spec.target, self.workload.lower_is_better
        why = forecast(examples, values, self.learning_rates, target=target, lower_is_better=lower, end=end)
        if why:
            self.pruned_by = FORECAST
            self.end("pruned", why)
        return bool(why)


def run_trial(
    spec: TrialSpec,
    workload: Workload,
    submission: Submission,
    data: Mapping[str, Mapping[str, Tensor]],
    *,
    device: torch.device | str = "cpu",
    best_so_far: Signal = lambda: None,
    complete: bool = False,
    stop_hopeless: bool = False,
    environment: Mapping[str, Any] | None = None,
) -> TrialRecord:
    """Run one trial and return its record; whatever the submission does, a record comes back.

    Args:
        spec: what to run.
        workload, submission: the plug-ins that it names.
        data: what `workload.load` returned.
        device: where to train; tensors are moved there.
        best_so_far: the side channel by which the trial learns that it is beaten, or can change no score.
        complete: run on past the target and past being beaten, to the end of the horizon.
        stop_hopeless: stop where a forecast from the curve says that the target is out of reach.
        environment: facts of the machine, for the record.
    """
    began = perf_counter()
    run = Run(spec, workload)
    try:
        where = torch.device(device)
        with kept(where):
            _train(run, submission, data, where, best_so_far, complete, stop_hopeless and not complete)
    except TrialTimeout as error:
        run.end("timeout", str(error))
    except (MemoryError, torch.OutOfMemoryError) as error:
        run.end("out-of-memory", explain(error))
    except BaseException as error:
        if told_to_end(error):
            raise
        run.end("failed", explain(error))
    return TrialRecord(
        spec=spec,
        status=run.status,
        reason=run.reason,
        complete=run.complete,
        evaluations=tuple(run.evaluations),
        learning_rates=tuple(run.learning_rates),
        clocks={**run.clocks, "wall_seconds": round(perf_counter() - began, DIGITS)},
        beater=run.beater,
        pruned_by=run.pruned_by,
        environment=dict(environment or {}),
        facts={"workload": workload_facts(workload), "submission": submission_facts(submission, spec)},
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _train(
    run: Run,
    submission: Submission,
    data: Mapping[str, Any],
    device: torch.device,
    best_so_far: Signal,
    complete: bool,
    stop_hopeless: bool,
) -> None:
    spec, workload, settings = run.spec, run.workload, run.workload.settings
    rules = RULESETS[spec.track]
    setup = Stopwatch(device)
    setup.start()
    task, validation, judge = _prepare(spec, workload, data, device)
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
        following = upcoming(task.examples, spec)
        due = following if rules.clock == "examples" else training.seconds
        stop = None if complete else best_so_far()
        if stop is not None and stop.stops(spec.trial, due):
            return run.stop(stop, due, rules.clock)

        training.start()
        finite = train_until(following, task, algorithm, signals, trace)
        algorithm.prepare_for_evaluation()
        training.stop()
        run.clocks = _clocks(task, training, evaluating, setup)
        if not (finite and task.finite()):
            return run.end("diverged", f"loss or weights not finite at step {task.steps}", complete=True)
        if run.overspent(before, task.examples, end):
            return None

        evaluating.start()
        judged = judge.judged(task.model)
        if refresh:
            refresh_batchnorm(workload, judged, task._train, seed=stable_seed(spec.seed, "batchnorm"))
        metrics = evaluate(workload, judged, validation, settings.validation_examples)
        if rules.whole and task.examples >= end:
            metrics |= evaluate_whole(workload, judged, {"whole": validation, "test": data["test"]})
        evaluating.stop()
        value = metrics.pop(workload.metric)
        at = {"examples": task.examples, "seconds": training.seconds, "steps": float(task.steps)}
        run.evaluations.append({**at, "metric": value, **metrics})
        run.clocks = _clocks(task, training, evaluating, setup)

        if meets_target(value, spec.target, lower_is_better=workload.lower_is_better):
            run.end("reached", f"{workload.metric} {value:.4g} meets the target {spec.target:g}")
            if not complete:
                return None
        if task.examples >= end:
            if not rules.targeted:
                return run.end("finished", f"final {workload.metric} {value:.4g}", complete=True)
            return run.end("missed", f"best {workload.metric} {_best(run):.4g}, target {spec.target:g}", complete=True)
        if stop_hopeless and run.hopeless(end):
            return None

        training.start()
        before = task.examples
        algorithm.restore_after_evaluation()
        if "validation_metric" in signals:
            size = len(next(iter(validation.values())))
            size = min(size, settings.validation_examples or size)
            task._charged.charge(size, 1)
            before += size / 3
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


def _prepare(
    spec: TrialSpec, workload: Workload, data: Mapping[str, Any], device: torch.device
) -> tuple[TrialTask, Mapping[str, Tensor], Judge]:
    """Seed, build and prime the model; return the task, the validation examples, and who judges."""
    home = device if workload.settings.resident else "cpu"
    examples = {part: {name: v.to(home) for name, v in data[part].items()} for part in ("train", "validation")}
    torch.manual_seed(stable_seed(spec.seed, "weights"))
    model = built(workload, device).train()
    task = TrialTask(spec, workload, model, examples["train"], device)
    task._prime()
    judge = Judge(workload, model)
    torch.manual_seed(stable_seed(spec.seed, "training"))
    return task, examples["validation"], judge


def start_algorithm(submission: Submission, task: TrialTask, spec: TrialSpec, workload: Workload) -> TrainingAlgorithm:
    """Return the submission's training algorithm, ready for its first step."""
    from harness.registry import find_optimizer

    hyperparameters, settings = full_hyperparameters(spec, submission, workload)
    if submission.procedure is not None:
        return submission.procedure(task, hyperparameters)
    recipe = submission.optimizer or find_optimizer(workload.settings.reference.optimizer)
    return Scheduled(task, hyperparameters, recipe=recipe, shape=submission.schedule, settings=settings)


def check_untrained(task: TrialTask, judge: Judge) -> None:
    """See that nothing was charged or trained while no clock ran.

    Raises:
        ContractError: something was.
    """
    if task._charged.thirds:
        raise ContractError(f"{task.examples:g} examples were charged before the first step: train in update()")
    judge.check_untrained(task.model)


def listened(submission: Submission) -> tuple[str, ...]:
    """Return the signals that a submission asked for."""
    plugin = submission.procedure or submission.schedule
    return plugin.listens if plugin is not None else ()


def submission_facts(submission: Submission, spec: TrialSpec) -> dict[str, Any]:
    """Return what a board says of a submission: its facts, and the source text of what it is."""
    own = [path for path in submission.files if path == submission.path]
    code = own[0].read_text(encoding="utf-8", errors="replace")[:MAX_CODE] if own and own[0].is_file() else ""
    return {**submission.facts, "name": spec.submission, "code": code}


def workload_facts(workload: Workload) -> dict[str, Any]:
    """Return what a board says of a workload."""
    return {
        "name": workload.name,
        "label": workload.label,
        "variant": workload.variant,
        "version": workload.version,
        "summary": workload.summary,
        "algoperf": workload.algoperf,
        "metric": workload.metric,
        "lower_is_better": workload.lower_is_better,
        "family": workload.data.family,
        "source": workload.data.source,
        "licence": workload.data.licence,
        "citation": workload.data.citation,
        "batch_size": workload.settings.batch_size,
        "budget": workload.settings.budget,
        "target": workload.settings.target,
        "target_provenance": workload.settings.target_provenance,
        "trivial_metric": workload.trivial_metric(),
    }


def _clocks(task: TrialTask, training: Stopwatch, evaluating: Stopwatch, setup: Stopwatch) -> dict[str, float]:
    return {
        "examples": task.examples,
        "seconds": training.seconds,
        "steps": float(task.steps),
        "process_seconds": training.process_seconds,
        "evaluation_seconds": evaluating.seconds,
        "setup_seconds": setup.seconds,
    }


def _best(run: Run) -> float:
    values = [evaluation["metric"] for evaluation in run.evaluations]
    return min(values) if run.workload.lower_is_better else max(values)
