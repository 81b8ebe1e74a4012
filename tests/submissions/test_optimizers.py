"""Optimizer recipes: what holds for all of them beside their formulas, which `conformance/` compares, and facts of a few."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from harness import ContractError
from harness.contracts.returned import takes_loss
from harness.registry import all_submissions, find_optimizer
from submissions.optimizers._factors import average_factors, spectrum
from submissions.optimizers._kron import _identity
from submissions.optimizers._mkor import _is_factored

torch.set_num_threads(1)
OPTIMIZERS = [s.name for s in all_submissions() if s.optimizer and s.optimizer.function.__module__.startswith("submissions.")]
STEPS = 10


def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 7), nn.LayerNorm(7), nn.Tanh(), nn.Linear(7, 6), nn.Tanh(), nn.Linear(6, 3)).double()


def gradients(weights):
    """Fixed gradients of ten steps, so that only the optimizer can cause a difference."""
    generator = torch.Generator().manual_seed(1)
    scales = [1.0 / (1 + step) for step in range(STEPS)]
    return [[s * torch.randn(p.shape, generator=generator, dtype=p.dtype) for p in weights] for s in scales]


def ours(name, **hyperparameters):
    trained = model()
    optimizer = find_optimizer(name)(trained, hyperparameters)
    for step in gradients(list(trained.parameters())):
        for p, g in zip(trained.parameters(), step, strict=True):
            p.grad = g.clone()
        optimizer.step()
    return list(trained.parameters())


def advance(optimizer):
    """Take a step; one that needs the loss is told 1."""
    optimizer.step(*[lambda: torch.tensor(1.0)] * takes_loss(optimizer))


ADAM = {"learning_rate": 0.01, "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-6, "weight_decay": 0.1}


def test_adamw_is_torch_s():
    trained = model()
    matrices = [p for p in trained.parameters() if p.ndim >= 2]
    vectors = [p for p in trained.parameters() if p.ndim < 2]
    theirs = torch.optim.AdamW([{"params": matrices}, {"params": vectors, "weight_decay": 0.0}], lr=1e-3, weight_decay=0.01)
    for step in gradients(list(trained.parameters())):
        for p, g in zip(trained.parameters(), step, strict=True):
            p.grad = g.clone()
        theirs.step()
    for got, expected in zip(ours("adamw"), trained.parameters(), strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-10, atol=1e-13)
    built = find_optimizer("adamw")(model(), {})
    assert type(built) is torch.optim.AdamW and all(group["fused"] for group in built.param_groups)


def test_nadamw_is_not_torch_s_nadam_which_varies_beta1():
    trained = model()
    theirs = torch.optim.NAdam(trained.parameters(), lr=0.01, betas=(0.8, 0.95), eps=1e-6, decoupled_weight_decay=True)
    for step in gradients(list(trained.parameters())):
        for p, g in zip(trained.parameters(), step, strict=True):
            p.grad = g.clone()
        theirs.step()
    got = ours("nadamw", **{**ADAM, "weight_decay": 0.0})
    assert max(float((a - b).detach().abs().max()) for a, b in zip(got, trained.parameters(), strict=True)) > 1e-3


def test_muon_orthogonalises_hidden_matrices_and_leaves_the_rest_to_adamw():
    trained = model()
    before = [p.detach().clone() for p in trained.parameters()]
    optimizer = find_optimizer("muon")(trained, {"weight_decay": 0.0})
    for p, g in zip(trained.parameters(), gradients(before)[0], strict=True):
        p.grad = g.clone()
    optimizer.step()
    moved = [p.detach() - old for p, old in zip(trained.parameters(), before, strict=True)]
    names = [name for name, _ in trained.named_parameters()]
    for name, change in zip(names, moved, strict=True):
        if name in ("0.weight", "3.weight"):  # singular values of five Newton-Schulz iterations lie in about [0.7, 1.2]
            scale = 0.02 * math.sqrt(max(1, change.shape[0] / change.shape[1]))
            singular = torch.linalg.svdvals(change) / scale
            assert float(singular.min()) > 0.5 and float(singular.max()) < 1.3, name
        else:  # the first step of Adam is lr sign(g)
            assert float(change.abs().max()) == pytest.approx(3e-4, rel=1e-3), name


def test_muon_takes_convolutions_as_hidden_and_embeddings_as_not():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(4, 6)
            self.conv = nn.Conv2d(2, 4, 3)
            self.head = nn.Linear(6, 4)

    net = Net()
    groups = find_optimizer("muon")(net, {}).param_groups
    chosen = {
        name: group["use_muon"] for group in groups for p in group["params"] for name, q in net.named_parameters() if q is p
    }
    assert {name for name, hidden in chosen.items() if hidden} == {"conv.weight"} and len(chosen) == 5
    only = find_optimizer("muon")(nn.Linear(3, 2), {}).param_groups
    assert not any(group["use_muon"] for group in only)


def test_factors_of_low_rank_are_decomposed_in_single_precision():
    """Of some of these, LAPACK's result in single precision is NaN, or it does not converge."""
    for seed in range(40):
        generator = torch.Generator().manual_seed(seed)
        thin = torch.relu(torch.randn(288, 32, generator=generator) - 1) * (torch.rand(288, 1, generator=generator) < 0.5)
        factor = thin @ thin.T
        values, vectors = spectrum(factor)
        torch.testing.assert_close((vectors * values) @ vectors.T, factor, atol=1e-4 * float(factor.max()), rtol=0)


def large(name, steps, **hyperparameters):
    """Return the values of a matrix [2049, 2] before and after each step, the gradients of the steps, and its state."""
    layer = nn.Linear(2, 2049, bias=False).double()
    optimizer = find_optimizer(name)(layer, {"weight_decay": 0.0, **hyperparameters})
    generator = torch.Generator().manual_seed(7)  # kron's noise has the seed 1
    weights, given = [layer.weight.detach().clone()], []
    for _ in range(steps):
        given.append(torch.randn(2049, 2, generator=generator, dtype=torch.float64))
        layer.weight.grad = given[-1].clone()
        optimizer.step()
        weights.append(layer.weight.detach().clone())
    return weights, given, optimizer.state[layer.weight]


@pytest.mark.parametrize(("size", "has"), [(2048, True), (2049, False)])
def test_sides_of_at_most_2048_have_factors(size, has):
    factors = {}
    average_factors(factors, torch.ones(size, 1), 0.9)
    assert set(factors) == ({0, 1} if has else {1})
    assert (_identity(torch.ones(size, 1), 0, 2).ndim == 2) == (_identity(torch.ones(1, size), 1, 2).ndim == 2) == has
    assert _is_factored(nn.Linear(2, size)) == _is_factored(nn.Linear(size - 1, 2)) == has  # inputs have a 1 for the bias


def test_soap_turns_no_side_above_2048():
    weights, (first, second), state = large("soap", 2, learning_rate=0.1, epsilon=0.0)
    assert set(state["bases"]) == {1} and torch.equal(weights[0], weights[1])
    basis = torch.linalg.eigh(first.T @ first)[1]
    expected = -0.1 * (second @ basis).sign() @ basis.T  # Adam's first direction is a sign
    torch.testing.assert_close(weights[2] - weights[1], expected, rtol=1e-6, atol=1e-7)


def test_shampoo_leaves_out_a_side_above_2048_and_takes_the_inverse_root_of_the_other():
    weights, (g,), state = large("shampoo", 1, learning_rate=0.1, epsilon=0.0)
    assert set(state["factors"]) == {1}
    values, vectors = torch.linalg.eigh(g.T @ g)
    found = g @ vectors @ torch.diag((values + 1e-6 * values.max()) ** -0.5) @ vectors.T
    expected = -0.1 * found / found.norm() * g.numel() ** 0.5  # Adam's first direction is sign(g)
    torch.testing.assert_close(weights[1] - weights[0], expected, rtol=1e-9, atol=1e-12)


def test_kron_learns_a_diagonal_of_a_side_above_2048():
    _, (g,), state = large("kron", 1, precondition_rate=0.3)
    left, right = state["factors"]
    noise = torch.randn(2049, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    a, b = (x.square().sum(1) for x in (g, noise))
    torch.testing.assert_close(left, 1 - 0.3 * (a - b) / (a + b).max(), rtol=1e-12, atol=1e-13)
    assert float((left - 1).abs().max()) > 0.1 and right.shape == (2, 2)


@pytest.mark.parametrize(("size", "same"), [(2047, False), (2049, True)])
def test_mkor_is_lamb_for_a_layer_with_a_side_above_2048(size, same):
    shared = {"learning_rate": 0.01, "weight_decay": 0.1, "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-6}
    after = {}
    for name, own in (("lamb", {}), ("mkor", {"refresh": 1})):
        torch.manual_seed(0)
        layer = nn.Linear(size, 3)
        optimizer = find_optimizer(name)(layer, {**shared, **own})
        for _ in range(3):
            layer.zero_grad()
            layer(torch.randn(4, size)).square().mean().backward()
            optimizer.step()
        after[name] = torch.cat([p.detach().flatten() for p in layer.parameters()])
    assert torch.equal(after["lamb"], after["mkor"]) == same


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (1, [*range(1, 13)]),
        (495, [*range(495, 502), 503, 505]),
        (1500, [1502, 1505, 1508]),  # exp(.001 (1500 - 501)) = 2.72
        (5000, [5033, 5067, 5101]),
    ],
)
def test_kron_learns_its_factors_in_every_step_up_to_501_then_more_rarely_and_at_last_in_one_of_34(first, expected):
    assert learning_steps(first, expected[-1]) == expected


def learning_steps(first, last):
    """Return the steps, from the first to the last, after which the factors of kron are others."""
    layer = nn.Linear(2, 2, bias=False)
    optimizer = find_optimizer("kron")(layer, {})
    state, found, before = optimizer.state[layer.weight], [], torch.eye(2).repeat(2, 1)
    state["step"] = first - 1
    for step in range(first, last + 1):
        layer.weight.grad = torch.eye(2)
        optimizer.step()
        now = torch.cat(state["factors"])
        if not torch.equal(now, before):
            found.append(step)
        before = now
    return found


@pytest.mark.parametrize("scaling", ["signal_to_noise", "root_of_size"])
def test_sgd_sai_gives_tensors_of_one_element_the_scale_1(scaling):
    layer = nn.Linear(1, 1).double()
    optimizer = find_optimizer("sgd_sai")(layer, {"scaling": scaling, "learning_rate": 0.1, "weight_decay": 0.5})
    before = [p.item() for p in layer.parameters()]
    for p in layer.parameters():
        p.grad = torch.full_like(p, 3.0)
    optimizer.step()
    expected = before[0] * (1 - 0.1 * 0.5) - 0.1 * 3, before[1] - 0.1 * 3
    assert [float(p) for p in layer.parameters()] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_biases_and_norm_parameters_are_not_decayed(name):
    recipe = find_optimizer(name)
    for group in recipe(model(), {"weight_decay": 0.1}).param_groups:
        assert {p.ndim >= 2 for p in group["params"]} == {group["weight_decay"] == 0.1}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_multiplier_of_zero_stops_all_weights(name):
    trained = model()
    optimizer = find_optimizer(name)(trained, {})
    before = [p.detach().clone() for p in trained.parameters()]
    for group in optimizer.param_groups:
        group["lr"] = 0.0
    for p in trained.parameters():
        p.grad = torch.ones_like(p)
    advance(optimizer)
    assert all(torch.equal(p, old) for p, old in zip(trained.parameters(), before, strict=True))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_unknown_hyperparameter_is_an_error_that_names_the_nearest(name):
    with pytest.raises(ContractError, match="did you mean 'learning_rate'"):
        find_optimizer(name)(model(), {"learning_rat": 1})
    assert set(find_optimizer(name).space) <= set(find_optimizer(name).defaults)
