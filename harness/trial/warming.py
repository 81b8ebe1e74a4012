"""First calls of an accelerator: kernels are loaded and optimizers allocate, so a few steps on copies precede the clock."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from harness.canonical import stable_seed
from harness.contracts.workloads import Workload
from harness.records import TrialSpec
from harness.registry import Submission, find_optimizer
from harness.trial.batches import on_device
from harness.trial.judging import build_model
from harness.trial.meter import Meter
from harness.trial.scheduled import Scheduled
from harness.trial.setup import full_hyperparameters
from harness.trial.task import TrialTask

STEPS = 3
"""Steps on the copies: the first one makes the optimizer's state, the second one uses it."""


def warm_up_steps(
    submission: Submission, spec: TrialSpec, workload: Workload, train: Mapping[str, Tensor], device: torch.device
) -> None:
    """Take a few steps of the trial's optimizer on another model, then seed torch as for the first step of the trial.

    The model has other initial weights than the trial's and trains on one batch, so that an optimizer learns nothing about its
    trial here. A procedure decides for itself what it computes: it is not run, and its first steps are on the clock.

    Args:
        submission: of the trial.
        spec: of the trial.
        workload: builds the model.
        train: the training examples, {name: tensor [n, ...]}.
        device: where the trial trains.
    """
    if submission.procedure is None:
        torch.manual_seed(stable_seed(spec.seed, "warming"))
        few = on_device({name: values[: workload.size.batch_size] for name, values in train.items()}, device, workload.host)
        task = TrialTask(spec, workload, build_model(workload, device).train(), few, Meter(device))
        hyperparameters, _ = full_hyperparameters(spec, submission, workload)
        recipe = submission.optimizer or find_optimizer(workload.size.reference.optimizer)
        algorithm = Scheduled(task, hyperparameters, recipe=recipe, schedule=None, schedule_hyperparameters={})
        for _ in range(STEPS):
            algorithm.update(algorithm.select())
    torch.manual_seed(stable_seed(spec.seed, "training"))
