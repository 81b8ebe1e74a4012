"""Derivatives beyond one backward pass: the descent signals, and fallbacks where torch has no rule."""

from __future__ import annotations

import math

import pytest
import torch

from harness import ContractError, DataUnavailable, TrainingAlgorithm
from harness.registry import find_workload
from harness.trial.derivatives import difference_product, gradients_one_by_one, is_missing_rule
from harness.trial.meter import Meter
from harness.trial.task import TrialTask
from tests.toy import Blobs, Plain, run_record, spec, submission
from workloads.data import data_directory

torch.set_num_threads(1)
DATA = Blobs("smoke").load(None)


class Momentum(TrainingAlgorithm):
    """Heavy-ball descent that records its weights, its gradients and the feedback that it gets."""

    defaults = {"learning_rate": 0.05}
    listens = ("descent", "descent_cosine", "learning_rate")

    def update(self, batch):
        weights = list(self.task.model.parameters())
        self._trail = getattr(self, "_trail", [])
        self._buffers = getattr(self, "_buffers", None) or [torch.zeros_like(p) for p in weights]
        self.task.model.zero_grad()
        self.task.loss(batch).backward()
        before = torch.cat([p.detach().flatten().clone() for p in weights])
        self._trail.append((before, torch.cat([p.grad.flatten().clone() for p in weights])))
        for p, buffer in zip(weights, self._buffers, strict=True):
            buffer.mul_(0.5).add_(p.grad)
            p.data.add_(buffer, alpha=-self.learning_rate())

    def learning_rate(self):
        return self.hyperparameters.learning_rate / (1 + len(self._trail)) if hasattr(self, "_trail") else 0.0

    def observe(self, feedback):
        FEEDBACK.append((feedback, list(self._trail)))


FEEDBACK: list = []


def test_the_descent_signals_say_whether_the_step_before_should_have_been_longer():
    FEEDBACK.clear()
    what = spec(target=0.0, track="external", hyperparameters={"learning_rate": 2.0})
    record = run_record(what, Blobs("smoke"), submission(Momentum), DATA, run_to_end=True)
    assert record.status == "missed", record.reason
    assert [feedback.descent for feedback, _ in FEEDBACK[:2]] == [None, None]
    for feedback, trail in FEEDBACK[2:]:
        (w, g), (w_before, _) = trail[-1], trail[-2]
        taken = w_before - w
        assert feedback.descent == pytest.approx(float(g @ taken), rel=1e-4, abs=1e-8)
        assert feedback.descent_cosine == pytest.approx(float(g @ taken / (g.norm() * taken.norm())), rel=1e-4, abs=1e-6)
        assert feedback.learning_rate == 2.0 / (1 + len(trail))
    assert any(feedback.descent < 0 for feedback, _ in FEEDBACK[2:]) and any(
        feedback.descent > 0 for feedback, _ in FEEDBACK[2:]
    )


def test_listening_to_gradient_signals_changes_nothing_and_charges_nothing():
    silent = type("Silent", (Plain,), {"__doc__": "Listens to nothing."})
    listener = type("Listener", (Plain,), {"__doc__": "Listens.", "listens": ("descent", "learning_rate")})
    curves = [
        [e["metric"] for e in run_record(spec(target=0.0, track="external"), Blobs("smoke"), submission(p), DATA).evaluations]
        for p in (silent, listener)
    ]
    assert curves[0] == curves[1] and len(curves[0]) == 12


def test_a_misspelt_signal_is_an_error_that_names_the_right_one():
    with pytest.raises(ContractError, match="did you mean 'descent'"):
        type("Listener", (Plain,), {"__doc__": "Listens.", "listens": ("decent",)})


def test_gradients_one_by_one_equal_the_vectorised_ones():
    torch.manual_seed(0)
    task = TrialTask(spec(), Blobs("smoke"), Blobs("smoke").build_model(), DATA["train"], Meter(torch.device("cpu")))
    batch = task.draw(9)
    vectorised = task.example_gradients(batch)
    task._vectorised = False
    single = task.example_gradients(batch)
    assert task.examples == 18
    for name in vectorised:
        torch.testing.assert_close(single[name], vectorised[name], rtol=1e-5, atol=1e-7)


def test_a_difference_of_gradients_equals_the_product_and_restores_the_weights_exactly():
    torch.manual_seed(0)
    w = torch.nn.Parameter(torch.randn(6, dtype=torch.float64))
    half = torch.randn(6, 6, dtype=torch.float64)
    matrix, kept, vector = half + half.T, w.detach().clone(), torch.randn(6, dtype=torch.float64)
    (found,) = difference_product(lambda: [matrix @ w.detach() + 1], [w], [vector])
    torch.testing.assert_close(found, matrix @ vector)
    assert torch.equal(w.detach(), kept)
    (nothing,) = difference_product(lambda: [matrix @ w.detach()], [w], [torch.zeros_like(vector)])
    assert not nothing.any()


def test_running_out_of_memory_is_not_taken_for_a_missing_rule():
    assert is_missing_rule(RuntimeError("derivative for aten::_ctc_loss_backward is not implemented"))
    assert not is_missing_rule(torch.OutOfMemoryError("vmap ran out of memory"))
    assert not is_missing_rule(RuntimeError("size mismatch"))


def test_where_torch_has_no_rules_both_services_work_and_charge_what_they_compute():
    workload = find_workload("speech_lstm", "laptop")
    torch.manual_seed(0)
    model = workload.build_model().train()
    generator = torch.Generator().manual_seed(1)
    data = _spoken(workload)
    task = TrialTask(spec(), workload, model, data, Meter(torch.device("cpu")))
    batch = task.draw(4)
    gradients = task.example_gradients(batch)
    assert task.examples == 4
    model.eval()
    mean = torch.autograd.grad(task.loss(batch), list(model.parameters()))
    for (name, single), expected in zip(gradients.items(), mean, strict=True):
        assert single.shape == (4, *dict(model.named_parameters())[name].shape)
        torch.testing.assert_close(single.mean(0), expected, rtol=1e-3, atol=1e-5)
    before, kept = task.examples, [p.detach().clone() for p in model.parameters()]
    u, v = ([torch.randn(p.shape, generator=generator) for p in model.parameters()] for _ in range(2))
    products = [task.hessian_vector_product(batch, vectors) for vectors in (u, v)]
    assert task.examples - before == pytest.approx(2 * 4 * 2)
    assert all(torch.equal(a, b) for a, b in zip(kept, model.parameters(), strict=True))
    across = [sum(float((a * b).sum()) for a, b in zip(*pair, strict=True)) for pair in ((v, products[0]), (u, products[1]))]
    sizes = [math.sqrt(sum(float((t**2).sum()) for t in side)) for side in (v, products[0])]
    assert across[0] == pytest.approx(across[1], abs=0.03 * sizes[0] * sizes[1])  # a Hessian is symmetric


def _spoken(workload):
    try:
        return {name: values[:16] for name, values in workload.load(data_directory())["train"].items()}
    except DataUnavailable as error:
        pytest.skip(f"no speech data here: {error}")


def test_gradients_one_by_one_work_for_any_loss():
    weights = {"a": torch.tensor([1.0, 2.0])}
    examples = {"x": torch.tensor([[1.0, 0.0], [0.0, 3.0]])}
    found = gradients_one_by_one(lambda w, e: (w["a"] ** 2 * e["x"]).sum(), weights, examples)
    assert found["a"].tolist() == [[2.0, 0.0], [0.0, 12.0]]
