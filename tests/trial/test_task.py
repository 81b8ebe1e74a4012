"""Every way in which a training algorithm can use the loss is charged, close to what it costs."""

import math

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from harness import ContractError
from harness.canonical import stable_seed
from harness.trial.batches import IndexStream
from harness.trial.meter import Meter
from harness.trial.setup import warm_up_pass
from harness.trial.task import TrialTask
from tests.toy import Blobs, spec

torch.set_num_threads(1)
WORKLOAD = Blobs("smoke", "wide")
DATA = WORKLOAD.load(None)


@pytest.fixture
def task():
    torch.manual_seed(0)
    return TrialTask(spec(), WORKLOAD, WORKLOAD.build_model().train(), DATA["train"], Meter(torch.device("cpu")))


def _charge(task, call):
    before = task.examples
    call()
    return task.examples - before


def test_a_loss_costs_one_per_example_with_gradients_and_a_third_without(task):
    batch = task.draw(12)

    def silent():
        with torch.no_grad():
            task.loss(batch)

    assert _charge(task, lambda: task.loss(batch).backward()) == 12
    assert _charge(task, silent) == 4
    assert _charge(task, lambda: task.example_losses(batch).sum().backward()) == 12
    assert _charge(task, lambda: task.example_correct(batch)) == 4


@pytest.mark.parametrize("passes", [1, 2, 3])
def test_every_further_backward_pass_through_a_loss_costs_two_thirds_per_example(task, passes):
    batch = task.draw(12)

    def again():
        loss = task.loss(batch)
        for _ in range(passes):
            torch.autograd.grad(loss, list(task.model.parameters()), retain_graph=True)

    assert _charge(task, again) == pytest.approx(12 + 8 * (passes - 1))


def test_the_charge_of_every_service_is_within_ten_percent_of_counted_flops():
    """The FLOPs of one loss call with its backward pass are the unit, 1 per example."""
    from torch import nn

    class Deep(Blobs):
        """Deep enough that the first layer's missing input gradient hardly matters."""

        def build_model(self):
            layers = [m for _ in range(12) for m in (nn.Linear(64, 64), nn.ReLU())]
            return nn.Sequential(nn.Linear(8, 64), nn.ReLU(), *layers, nn.Linear(64, 3))

    workload = Deep("smoke")
    model = workload.build_model()
    task = TrialTask(spec(), workload, model, DATA["train"], Meter(torch.device("cpu")))
    batch = task.draw(32)
    vectors = [torch.ones_like(p) for p in model.parameters()]
    stacked = {name: torch.stack([p.detach()] * 3) for name, p in model.named_parameters()}

    def count(call):
        with FlopCounterMode(display=False) as counter:
            call()
        return counter.get_total_flops()

    unit = count(lambda: task.loss(batch).backward()) / 32
    for call in (
        lambda: task.hessian_vector_product(batch, vectors),
        lambda: task.stacked_losses(batch, stacked),
        lambda: task.example_correct(batch),
    ):
        charge = _charge(task, call)
        assert charge == pytest.approx(count(call) / unit, rel=0.1)


def test_the_mean_of_per_example_gradients_is_the_gradient(task):
    task.model.eval()
    batch = task.draw(10)
    single = task.example_gradients(batch)
    task.loss(batch).backward()
    for name, p in task.model.named_parameters():
        assert single[name].shape == (10, *p.shape)
        torch.testing.assert_close(single[name].mean(0), p.grad, atol=1e-6, rtol=1e-4)


def test_a_product_that_fails_halfway_is_charged_for_the_gradient_that_hooks_have_seen(task):
    seen: list[torch.Tensor] = []
    hook = next(task.model.parameters()).register_hook(lambda gradient: seen.append(gradient))
    before = task.examples
    batch = task.draw(10)
    with pytest.raises((RuntimeError, ValueError)):
        task.hessian_vector_product(batch, [torch.ones(1, 2, 3, 4, 5)] * len(list(task.model.parameters())))
    hook.remove()
    assert len(seen) <= (task.examples - before) / batch.size + 1e-9
    assert task.examples - before >= batch.size


def test_a_hessian_vector_product_is_the_derivative_of_the_gradient(task):
    model = task.model.eval().double()
    data = {k: v.double() if v.is_floating_point() else v for k, v in DATA["train"].items()}
    task = TrialTask(spec(), WORKLOAD, model, data, Meter(torch.device("cpu")))
    batch = task.draw(20)
    parameters = list(model.parameters())
    vectors = [torch.randn_like(p) for p in parameters]

    def gradient(shift):
        with torch.no_grad():
            for p, v in zip(parameters, vectors, strict=True):
                p += shift * v
        found = torch.autograd.grad(task.loss(batch), parameters)
        with torch.no_grad():
            for p, v in zip(parameters, vectors, strict=True):
                p -= shift * v
        return found

    expected = [(a - b) / 2e-5 for a, b in zip(gradient(1e-5), gradient(-1e-5), strict=True)]
    for found, wanted in zip(task.hessian_vector_product(batch, vectors), expected, strict=True):
        torch.testing.assert_close(found, wanted, atol=1e-4, rtol=1e-3)


def test_stacked_losses_are_the_losses_of_each_set_of_weights(task):
    batch = task.draw(10)
    sets = [{n: p.detach() * scale for n, p in task.model.named_parameters()} for scale in (1.0, 0.5, 2.0)]
    stacked = {name: torch.stack([s[name] for s in sets]) for name in sets[0]}
    losses = task.stacked_losses(batch, stacked)
    task.model.eval()
    for weights, loss in zip(sets, losses, strict=True):
        task.model.load_state_dict({**task.model.state_dict(), **weights})
        with torch.no_grad():
            torch.testing.assert_close(task.loss(batch), loss)


def test_services_leave_modes_and_statistics_as_they_were(task):
    kept = {k: v.clone() for k, v in task.model.state_dict().items()}
    batch = task.draw(10)
    task.example_gradients(batch)
    task.hessian_vector_product(batch, [torch.ones_like(p) for p in task.model.parameters()])
    assert all(m.training for m in task.model.modules())
    assert all(torch.equal(kept[k], v) for k, v in task.model.state_dict().items())


def test_a_warm_up_pass_leaves_no_trace(task):
    kept = {k: v.clone() for k, v in task.model.state_dict().items()}
    warm_up_pass(WORKLOAD, task.model, DATA["train"], torch.device("cpu"))
    assert task.examples == 0
    assert all(p.grad is None for p in task.model.parameters())
    assert all(torch.equal(kept[k], v) for k, v in task.model.state_dict().items())


@pytest.mark.parametrize("sizes", [[7] * 30, [400, 3, 900, 1], [399, 2, 2000]])
def test_the_data_order_does_not_depend_on_the_batch_sizes(sizes):
    whole = IndexStream(400, 5).take(sum(sizes))
    stream = IndexStream(400, 5)
    assert torch.equal(torch.cat([stream.take(n) for n in sizes]), whole)
    for epoch in whole.split(400):
        assert len(epoch.unique()) == len(epoch)


def test_a_workload_without_correct_predictions_says_so(task, monkeypatch):
    monkeypatch.setattr(Blobs, "example_correct", lambda self, outputs, examples: None)
    with pytest.raises(ContractError, match="does not say which predictions are correct"):
        task.example_correct(task.draw(4))


def test_seeds_for_different_purposes_differ():
    assert len({stable_seed(1, purpose) for purpose in ("weights", "data", "training", "algorithm", "batchnorm")}) == 5
    assert math.log2(stable_seed(1, "data")) < 63
