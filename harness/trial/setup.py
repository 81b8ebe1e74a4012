"""Everything between a `TrialSpec` and its first step; none of it is on a clock or charged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from harness.contracts import ContractError, Hyperparameters, TrainingAlgorithm, Workload
from harness.records import TrialSpec, stable_seed
from harness.registry import Submission, find_optimizer
from harness.rules import RULESETS
from harness.trial.judging import Judge, built
from harness.trial.scheduled import Scheduled
from harness.trial.task import TrialTask


def prepare(
    spec: TrialSpec, workload: Workload, data: Mapping[str, Any], device: torch.device
) -> tuple[TrialTask, Mapping[str, Tensor], Judge]:
    """Seed, build and warm up the model; return the task, the validation examples, and the judge."""
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
    hyperparameters, own = full_hyperparameters(spec, submission, workload)
    if submission.procedure is not None:
        return submission.procedure(task, hyperparameters)
    recipe = submission.optimizer or find_optimizer(workload.settings.reference.optimizer)
    return Scheduled(task, hyperparameters, recipe=recipe, shape=submission.schedule, settings=own)


def full_hyperparameters(spec: TrialSpec, submission: Submission, workload: Workload) -> tuple[Hyperparameters, dict[str, Any]]:
    """Return the hyperparameters of a trial: the optimizer's (or the procedure's) and the schedule's.

    Where the workload's reference recipe is fixed, its values fill in what the spec does not give; elsewhere the
    submission's own defaults do.
    """
    given = dict(spec.hyperparameters)
    if submission.procedure is not None:
        return Hyperparameters({**submission.procedure.defaults, **given}), {}
    schedule_defaults = submission.schedule.defaults if submission.schedule else {}
    own = {name: given.pop(name) for name in list(given) if name in schedule_defaults}
    if RULESETS[spec.track].reference:
        return Hyperparameters({**workload.reference_hyperparameters, **given}), own
    assert submission.optimizer is not None
    return Hyperparameters({**submission.optimizer.defaults, **given}), own


def check_untrained(task: TrialTask, judge: Judge) -> None:
    """Check that nothing was charged and no weight was changed before the first step, while no clock ran.

    Raises:
        ContractError: something was charged or changed.
    """
    if task._charged.thirds:
        raise ContractError(f"{task.examples:g} examples were charged before the first step: train in update()")
    judge.check_untrained(task.model)


def listened(submission: Submission) -> tuple[str, ...]:
    """Return the names of the signals that a submission listens to."""
    plugin = submission.procedure or submission.schedule
    return plugin.listens if plugin is not None else ()
