"""Everything between a `TrialSpec` and its first step; none of it is on a clock or charged."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from harness.canonical import stable_seed
from harness.contracts.algorithms import TrainingAlgorithm
from harness.contracts.errors import ContractError
from harness.contracts.spaces import Hyperparameters
from harness.contracts.workloads import Workload
from harness.records import TrialSpec
from harness.registry import Submission, find_optimizer
from harness.registry.backward import backward_passes_refused
from harness.trial.batches import on_device
from harness.trial.judging import Judge, autocast_of, build_model, judged_examples
from harness.trial.meter import Meter
from harness.trial.scheduled import Scheduled
from harness.trial.task import TrialTask


@dataclass(frozen=True)
class Prepared:
    """What is ready before the training algorithm is started.

    Attributes:
        meter: counts what is charged.
        task: what the training algorithm gets.
        judge: evaluates the weights.
        train, validation: examples, {name: tensor [n, ...]}, on the device; on the host where the workload is not
            resident, and those that it keeps there.
        judged: how many of the validation examples an evaluation uses: the first ones.
    """

    meter: Meter
    task: TrialTask
    judge: Judge
    train: Mapping[str, Tensor]
    validation: Mapping[str, Tensor]
    judged: int


def prepare(spec: TrialSpec, workload: Workload, data: Mapping[str, Any], device: torch.device) -> Prepared:
    """Seed and build the model, run one warm-up pass, and build the judge.

    Raises:
        ContractError: the workload keeps examples on the host that it does not have.
    """
    if absent := sorted(set(workload.host) - set(data["train"])):
        raise ContractError(f"{type(workload).__name__}.host names {', '.join(absent)}, which load() does not return")
    home = device if workload.size.resident else "cpu"
    train, validation = (on_device(data[part], home, workload.host) for part in ("train", "validation"))
    torch.manual_seed(stable_seed(spec.seed, "weights"))
    model = build_model(workload, device).train()
    meter = Meter(device)
    task = TrialTask(spec, workload, model, train, meter)
    warm_up_pass(workload, model, train, device)
    judge = Judge(workload, model)
    torch.manual_seed(stable_seed(spec.seed, "training"))
    judged = judged_examples(validation, workload.size.validation_examples)
    return Prepared(meter, task, judge, train, validation, judged)


def warm_up_pass(workload: Workload, model: nn.Module, train: Mapping[str, Tensor], device: torch.device) -> None:
    """Run one batch forward and backward and revert its effects, so that compilation and first calls are on no clock."""
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    examples = on_device({name: values[: workload.size.batch_size] for name, values in train.items()}, device, workload.host)
    with autocast_of(workload, device)():
        loss = workload.example_losses(workload.forward(model, examples), examples).mean()
    loss.backward()
    model.zero_grad()
    for name, buffer in model.named_buffers():
        buffer.copy_(buffers[name])


@contextmanager
def no_gradients_of(model: nn.Module) -> Iterator[None]:
    """Refuse backward passes to tensors of the shapes of the model's weights, its own or a copy's, or to as many numbers.

    So nothing can be trained by gradients in a constructor, while no clock runs and nothing is charged, and be written into
    the model later. Computations with fewer numbers than the smallest weight has are free: a schedule may fit its own
    curve. What computes gradients without torch's autograd is not seen here; `constructor_seconds` in the record has its
    time.

    Raises:
        ContractError: at the pass, and again at the end, since a plug-in may have caught the first.
    """
    shapes = {p.shape for p in model.parameters() if p.dim() > 1}
    smallest = min((shape.numel() for shape in shapes), default=math.inf)

    def refused(roots: Sequence[Any]) -> str:
        with torch._C.DisableTorchFunctionSubclass():
            leaves = [Tensor.size(leaf) for leaf in _leaves(roots)]
        if not shapes.isdisjoint(leaves):
            return "a backward pass through the model, or a copy, before the first step: train in update()"
        if (numbers := sum(shape.numel() for shape in leaves)) >= smallest:
            return f"a backward pass to {numbers:,} numbers, as many as a weight has, before the first step: train in update()"
        return ""

    with backward_passes_refused(refused):
        yield


def _leaves(roots: Sequence[Any]) -> Iterator[Tensor]:
    """Return the tensors to which a backward pass from `roots` (tensors or edges of the graph) leads."""
    nodes = [getattr(root, "grad_fn", None) or getattr(root, "node", None) for root in roots]
    seen = set(nodes)
    while nodes:
        node = nodes.pop()
        if node is None:
            continue
        if hasattr(node, "variable"):
            yield node.variable
        following = {other for other, _ in node.next_functions} - seen
        seen |= following
        nodes += following


def start_algorithm(submission: Submission, task: TrialTask, spec: TrialSpec, workload: Workload) -> TrainingAlgorithm:
    """Return the submission's training algorithm, ready for its first step."""
    hyperparameters, own = full_hyperparameters(spec, submission, workload)
    if submission.procedure is not None:
        return submission.procedure(task, hyperparameters)
    recipe = submission.optimizer or find_optimizer(workload.size.reference.optimizer)
    return Scheduled(task, hyperparameters, recipe=recipe, schedule=submission.schedule, schedule_hyperparameters=own)


def full_hyperparameters(spec: TrialSpec, submission: Submission, workload: Workload) -> tuple[Hyperparameters, dict[str, Any]]:
    """Return the hyperparameters of a trial: the optimizer's (or the procedure's) and the schedule's.

    Values that the user set (``NAME:key=value``) come first, then those of the track's lattice. The rest come from the
    workload's reference recipe where the trial trains with it, else from the submission's own defaults.
    """
    values = {**spec.hyperparameters, **spec.given}
    if submission.procedure is not None:
        return Hyperparameters({**submission.defaults, **values}), {}
    schedule_defaults = submission.schedule.defaults if submission.schedule else {}
    own = {name: values.pop(name) for name in list(values) if name in schedule_defaults}
    if spec.reference_recipe:
        return Hyperparameters({**workload.reference_hyperparameters, **values}), own
    defaults = {name: value for name, value in submission.defaults.items() if name not in schedule_defaults}
    return Hyperparameters({**defaults, **values}), own


def check_untrained(ready: Prepared) -> None:
    """Check that nothing was charged and no weight was changed before the first step, while no clock ran.

    Raises:
        ContractError: something was charged or changed.
    """
    if ready.meter.thirds:
        raise ContractError(f"{ready.meter.examples:g} examples were charged before the first step: train in update()")
    ready.judge.check_untrained(ready.task.model)


def listened(submission: Submission) -> tuple[str, ...]:
    """Return the names of the signals that a submission listens to."""
    plugin = submission.procedure or submission.schedule
    return plugin.listens if plugin is not None else ()
