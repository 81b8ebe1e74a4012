"""What a plug-in computes is charged, and training past the end of the trial is not evaluated."""

import copy
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.autograd import forward_ad

from harness.contracts.errors import ContractError
from harness.trial.setup import prepare
from tests.hostile import DATA, race
from tests.toy import Blobs, Plain, run_record, spec, submission


@pytest.mark.parametrize(
    ("plugin", "reason"),
    [
        (lambda task: setattr(task, "batch_size", 1), "task.batch_size cannot be set"),
        (lambda task: setattr(task, "steps", 0), "task.steps cannot be set"),
        (lambda task: setattr(task, "loss", print), "task.loss cannot be set"),
        (lambda task: setattr(task.draw(4), "size", 1), "'size'"),
        (lambda task: setattr(task.draw(4), "indices", torch.arange(1)), "'indices'"),
        (copy.copy, "a task cannot be copied"),
        (copy.deepcopy, "a task cannot be copied"),
    ],
)
def test_a_plug_in_cannot_change_or_copy_what_is_counted(plugin, reason):
    class Meddles(Plain):
        """Tries to change what is counted."""

        def update(self, batch):
            plugin(self.task)

    record = race(Meddles)
    assert (record.status, record.evaluations) == ("failed", ())
    assert reason in record.reason


class GradientsInside(nn.Module):
    """Enables gradients where the caller had disabled them."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, inputs):
        torch.set_grad_enabled(True)
        return self.model(inputs)


def toy_task():
    return prepare(spec(), Blobs("smoke"), DATA, torch.device("cpu")).task


@pytest.mark.parametrize("call", ["loss", "example_losses"])
def test_gradients_enabled_inside_the_model_are_charged(call):
    task = toy_task()
    with torch.no_grad():
        found = getattr(task, call)(task.draw(4), GradientsInside(task.model))
    assert task.examples == 4
    for _ in range(2):
        found.sum().backward(retain_graph=True)
    assert task.examples == pytest.approx(4 + 4 * 2 / 3)


@pytest.mark.parametrize("kind", ["create_graph", "batched"])
def test_backward_passes_that_compute_more_than_they_charge_are_refused(kind):
    task = toy_task()
    losses, weights = task.example_losses(task.draw(4)), list(task.model.parameters())
    with pytest.raises(ContractError, match=r"use task\.hessian_vector_product"):
        if kind == "batched":
            torch.autograd.grad(losses, weights, grad_outputs=torch.eye(4), is_grads_batched=True)
        else:
            torch.autograd.grad(losses.sum(), weights, create_graph=True)


def transforms(one, weights):
    directions = {name: torch.ones_like(value) for name, value in weights.items()}
    return {
        "vmap": lambda: torch.func.vmap(one)({name: torch.stack([value] * 3) for name, value in weights.items()}),
        "grad": lambda: torch.func.grad(one)(weights),
        "jacfwd": lambda: torch.func.jacfwd(one)(weights),
        "jvp": lambda: torch.func.jvp(one, (weights,), (directions,)),
        "dual": lambda: dual(one, weights, directions),
    }


def dual(one, weights, directions):
    with forward_ad.dual_level():
        return one({name: forward_ad.make_dual(value, directions[name]) for name, value in weights.items()})


@pytest.mark.parametrize("name", ["vmap", "grad", "jacfwd", "jvp", "dual"])
@pytest.mark.parametrize("call", ["loss", "example_losses"])
def test_a_loss_inside_a_transform_is_refused_and_the_message_names_what_to_use_instead(name, call):
    task = toy_task()
    batch = task.draw(4)
    task.model.eval()
    weights = {key: value.detach() for key, value in task.model.named_parameters()}

    def one(weights):
        return getattr(task, call)(batch, lambda inputs: torch.func.functional_call(task.model, weights, (inputs,))).sum()

    with pytest.raises(ContractError, match=r"use task\.stacked_losses"):
        transforms(one, weights)[name]()
    assert task.examples >= 4


class TrainsOnInItsLastStep(Plain):
    """Takes 400 steps within its last one."""

    def update(self, batch):
        left = self.task.budget - self.task.examples
        for _ in range(400 if left <= 80 else 1):
            super().update(batch)


class TrainsOnAfterAnEvaluation(Plain):
    """Takes 400 steps when it restores its weights after an evaluation."""

    def restore_after_evaluation(self):
        if self.task.examples > 800:
            for _ in range(400):
                self.update(self.task.draw(16))


class TrainsOnInObserve(Plain):
    """Takes 400 steps when it gets the validation metric."""

    listens = ("validation_metric",)

    def observe(self, feedback):
        if self.task.examples > 800 and feedback.validation_metric is not None:
            for _ in range(400):
                self.update(self.task.draw(16))


class TrainsOnInItsFirstStep(Plain):
    """Spends several budgets in its first step."""

    def update(self, batch):
        for _ in range(400):
            super().update(batch)


@pytest.mark.parametrize(
    ("plugin", "judged"),
    [(TrainsOnInItsLastStep, 11), (TrainsOnAfterAnEvaluation, 11), (TrainsOnInObserve, 10), (TrainsOnInItsFirstStep, 0)],
)
def test_a_target_that_is_met_far_past_the_end_is_missed(plugin, judged):
    within, beyond = (
        min(e["metric"] for e in race(Plain, target=0.0, budget=budget, horizon=budget).evaluations) for budget in (960, 6400)
    )
    assert beyond < within
    record = race(plugin, target=(within + beyond) / 2)
    assert (record.status, len(record.evaluations)) == ("missed", judged)
    assert record.reason.startswith("the last step ended ")
    assert all(evaluation["examples"] <= 960 for evaluation in record.evaluations)


class Batches(Plain):
    """Draws batches that are larger than an evaluation period and do not divide the budget."""

    def batch_size(self):
        return 93


def test_a_large_batch_that_does_not_divide_the_budget_loses_no_hit():
    best = race(Batches, target=0.0).evaluations
    assert [evaluation["examples"] for evaluation in best][-1] == 93 * 11 > 960
    record = race(Batches, target=min(evaluation["metric"] for evaluation in best))
    assert (record.status, record.clocks["examples"]) == ("reached", 93 * 11)


def test_the_charge_for_the_validation_metric_does_not_count_as_overshoot():
    class Listens(Plain):
        """Is charged many examples for the metric."""

        listens = ("validation_metric",)

    data = {**DATA, "validation": {name: values.repeat_interleave(9, 0) for name, values in DATA["validation"].items()}}
    workload = Blobs("smoke")
    workload.size = replace(workload.size, validation_examples=0)
    record = run_record(spec(track="self-tuning", target=0.0), workload, submission(Listens), data)
    assert (record.status, record.reason[:4]) == ("missed", "best")
    assert record.clocks["examples"] > 1.1 * 960
