"""Optimizer recipes: what holds for all of them beside their formulas, which `conformance/` compares, and facts of a few."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from harness import ContractError
from harness.contracts.returned import takes_loss
from harness.registry import all_submissions, find_optimizer
from submissions.optimizers._factors import spectrum

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
