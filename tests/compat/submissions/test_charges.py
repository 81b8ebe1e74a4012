"""What a submission computes is charged by the same meter as everything else, and what it could not pay for is refused."""

import re

import pytest
import torch

from harness import ContractError
from harness.execution.settings import Settings
from harness.execution.worker import work
from harness.trial.meter import Meter
from harness.trial.task import TrialTask
from tests.compat.submissions.written import STEPS, metrics, planned, ran, updating, written
from tests.toy import Blobs, spec
from workloads.data import data_directory

SECOND = updating("""
loss_of(workload, model, batch, rng).backward()
loss_of(workload, model, batch, rng, update_batch_norm=False).backward()
optimizer.step()
optimizer.zero_grad()
""")

SILENT = updating("""
with torch.no_grad():
    loss_of(workload, model, batch, rng, mode=spec.ForwardPassMode.EVAL)
loss_of(workload, model, batch, rng).backward()
optimizer.step()
optimizer.zero_grad()
""")

AGAIN = updating("""
loss = loss_of(workload, model, batch, rng)
loss.backward(retain_graph=True)
loss.backward()
optimizer.step()
optimizer.zero_grad()
""")


@pytest.mark.parametrize(("update", "price"), [(SECOND, 2), (SILENT, 4 / 3), (AGAIN, 5 / 3)])
def test_a_step_costs_what_it_computes(tmp_path, update, price):
    record = ran(written(tmp_path / "entry", update=update))
    metrics(record)
    assert record.clocks["examples"] / record.clocks["steps"] == pytest.approx(16 * price)
    assert record.clocks["steps"] == pytest.approx(STEPS / price, abs=1)


@pytest.mark.filterwarnings("ignore:Using backward")
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("model(batch['inputs'])", "shows no values"),
        ("batch['inputs'] * 2", "shows no values"),
        ("torch.relu(batch['inputs'])", r"torch.relu\(\) cannot be used"),
        ("batch['targets'].float()", "shows no values"),
        ("workload.loss_fn(torch.zeros(16), torch.zeros(16, 10))", "needs what the input queue gave"),
        ("loss_of(workload, model, batch, rng).backward(create_graph=True)", "create_graph"),
        ("workload._task.let_pass(-16)", "a charge cannot be negative"),
        ("workload._task.model = None", "read-only"),
    ],
)
def test_a_way_around_the_meter_fails_the_trial(tmp_path, body, said):
    record = ran(written(tmp_path / "entry", update=updating(body)))
    assert record.status == "failed" and re.search(said, record.reason), record.reason


def test_a_function_of_the_adapter_that_was_replaced_fails_the_trial(tmp_path):
    replacing = updating("""
if not global_step:
    honest = type(workload).model_fn
    type(workload).model_fn = lambda self, *arguments: honest(self, *arguments)
loss_of(workload, model, batch, rng).backward(); optimizer.step(); optimizer.zero_grad()
""")
    trial = planned(written(tmp_path / "entry", update=replacing))[0]
    record = work(trial, Settings("inline", data_directory()), lambda: None).result.record
    assert record.status == "failed" and "it replaced" in record.reason and "AlgoPerfWorkload.model_fn" in record.reason


def test_weights_may_not_be_trained_before_the_first_step(tmp_path):
    start = """
def init_optimizer_state(workload, model_params, model_state, hyperparameters, rng):
    with torch.no_grad():
        for p in model_params.parameters():
            p.mul_(0.5)
    return {"optimizer": torch.optim.SGD(model_params.parameters(), lr=0.1)}
"""
    assert ran(written(tmp_path / "entry", start=start)).status == "failed"


@pytest.fixture
def task():
    workload = Blobs("smoke")
    torch.manual_seed(0)
    data = workload.load(None)
    return TrialTask(spec(), workload, workload.build_model().train(), data["train"], Meter(torch.device("cpu")))


def test_outputs_pay_for_one_loss_each_and_further_ones_are_charged(task):
    first, second = task.draw(12), task.draw(12)
    outputs = task.outputs(first).detach()
    for charged in (12, 16, 20):
        task.output_losses(outputs * 2, first)
        assert task.examples == charged
    task.outputs(second), task.outputs(second)
    before = task.examples
    task.output_losses(outputs, second), task.output_losses(outputs, first)
    assert task.examples == before
    task.output_losses(outputs, second)
    assert task.examples == before + 4


def test_outputs_are_charged_as_losses_and_their_first_losses_are_free(task):
    batch = task.draw(12)
    outputs = task.outputs(batch)
    assert task.examples == 12
    losses = task.output_losses(outputs, batch)
    losses.mean().backward(retain_graph=True)
    assert task.examples == 12 and losses.shape == (12,)
    outputs.sum().backward()
    assert task.examples == 20
    with torch.no_grad():
        task.outputs(batch)
    assert task.examples == 24


def test_outputs_of_several_tensors_are_charged_a_backward_pass_through_any_of_them(task):
    forward = Blobs.forward
    task._workload.forward = lambda model, examples: (forward(task._workload, model, examples), examples["inputs"])
    batch = task.draw(12)
    logits, _ = task.outputs(batch)
    task._workload.forward = lambda model, examples: (logits * 2, model(examples["inputs"]) * 3)
    _, second = task.outputs(batch)
    before = task.examples
    second.sum().backward(retain_graph=True)
    assert task.examples == before
    second.sum().backward()
    assert task.examples == before + 8


def test_outputs_inside_a_transform_are_refused(task):
    batch = task.draw(4)
    weights = {name: p.detach().expand(2, *p.shape) for name, p in task.model.named_parameters()}

    def one(weights):
        task.model.eval()
        module = task.model
        return task.outputs(batch, lambda inputs: torch.func.functional_call(module, weights, (inputs,)))

    with pytest.raises(ContractError, match=r"torch\.func"):
        torch.func.vmap(one)(weights)


class Lying(int):
    """A number whose arithmetic is the plug-in's."""

    def __mul__(self, other):
        return self

    def __lt__(self, other):
        return False

    def __radd__(self, other):
        return 0


def test_what_passes_is_a_whole_number_whatever_its_class_computes(task):
    task.loss(task.draw(12))
    task.let_pass(Lying(1))
    assert task.examples == 13
    for odd in (float("nan"), 0.5, torch.tensor(5.0), "5"):
        with pytest.raises(ContractError, match="let_pass takes a whole number of examples"):
            task.let_pass(odd)
    assert task.examples == 13


class Box:
    """A container of which the harness sees nothing."""

    def __init__(self, inside):
        self.inside = inside


def test_outputs_in_another_container_are_refused(task):
    def boxed(inputs):
        with torch.enable_grad():
            return Box(task.model(inputs))

    with torch.no_grad(), pytest.raises(ContractError, match="not Box"):
        task.outputs(task.draw(12), boxed)


def test_losses_of_outputs_that_were_not_charged_cost_as_much_as_a_loss(task):
    batch, kept = task.draw(12), []

    def keeping(inputs):
        with torch.enable_grad():
            kept.append(task.model(inputs))
        return kept[0].detach()

    with torch.no_grad():
        task.outputs(batch, keeping)
    loss = task.output_losses(kept[0], batch).mean()
    assert task.examples == 4 + 12
    loss.backward(retain_graph=True)
    loss.backward()
    assert task.examples == 4 + 12 + 8


def test_losses_of_changed_outputs_are_paid_for(task):
    batch = task.draw(12)
    outputs = task.outputs(batch)
    task.output_losses(outputs.float() * 2 + torch.zeros(outputs.shape[1]), batch).mean().backward()
    assert task.examples == 12
    view = task.outputs(batch, lambda inputs: task.model(inputs).reshape(-1, 12).reshape(12, -1))
    view.div_(2)
    task.output_losses(view, batch).mean().backward()
    assert task.examples == 24


@pytest.mark.parametrize("of", ["outputs", "example_losses"])
def test_backward_passes_inside_vmap_are_refused(task, of):
    found, weights = getattr(task, of)(task.draw(12)), list(task.model.parameters())
    directions = torch.randn(3, *found.shape)
    with pytest.raises(ContractError, match=r"inside torch\.func"):
        torch.func.vmap(lambda v: torch.autograd.grad(found, weights, v, retain_graph=True))(directions)


def test_stacked_losses_are_counted_from_the_weights_that_are_used(task):
    class Few(dict):
        def values(self):
            return iter([next(iter(dict.values(self)))[:1]])

    weights = Few({name: p.detach().expand(9, *p.shape) for name, p in task.model.named_parameters()})
    assert task.stacked_losses(task.draw(12), weights).shape == (9,)
    assert task.examples == 36
