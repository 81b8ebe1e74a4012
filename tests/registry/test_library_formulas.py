"""Classes of the libraries follow the formula of their name, or deviate as their row says."""

from __future__ import annotations

import pytest
import torch

from harness.registry.libraries import OPTIMIZERS, all_rows
from harness.registry.libraries.table import Verdict
from tests.registry.test_library_table import installed

torch.set_num_threads(1)
CLASSES = installed()
FORMULAS = {
    "SGD": lambda g, s, t, lr: lr * g,
    "Adagrad": lambda g, s, t, lr: lr * g / (s.setdefault("n", g * 0).add_(g * g).sqrt() + 1e-10),
    "RMSprop": lambda g, s, t, lr: lr * g / (s.setdefault("n", g * 0).mul_(0.99).add_(g * g, alpha=0.01).sqrt() + 1e-8),
    "Adam": lambda g, s, t, lr: adam(g, s, t, lr, 1e-8),
    "AdamW": lambda g, s, t, lr: adam(g, s, t, lr, 1e-8) + lr * 0.01 * s["w"],
    "Lion": lambda g, s, t, lr: lion(g, s, lr),
}
"""The update of each class at step t (from 1), for its gradient and its state, in which "w" are the weights."""

FOLLOWING = [name for name in CLASSES if name.rpartition(".")[2] in FORMULAS]


def adam(g, s, t, lr, epsilon):
    m = s.setdefault("m", g * 0).mul_(0.9).add_(g, alpha=0.1)
    v = s.setdefault("v", g * 0).mul_(0.999).add_(g * g, alpha=0.001)
    return lr * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + epsilon)


def lion(g, s, lr):
    m = s.setdefault("m", g * 0)
    update = lr * torch.sign(0.9 * m + 0.1 * g)
    m.mul_(0.99).add_(g, alpha=0.01)
    return update


def ten_steps(name):
    """Return the weights after ten steps by the class, and by its formula."""
    draws = torch.Generator().manual_seed(4)
    gradients = [torch.randn(4, 3, generator=draws, dtype=torch.float64) for _ in range(10)]
    p = torch.nn.Parameter(torch.ones(4, 3, dtype=torch.float64))
    expected = p.detach().clone()
    state = {"w": expected}
    optimizer = CLASSES[name]([p], lr=0.1)
    for t, g in enumerate(gradients, start=1):
        optimizer.param_groups[0]["lr"] = 0.1 / t
        p.grad = g.clone()
        optimizer.step()
        expected -= FORMULAS[name.rpartition(".")[2]](g, state, t, 0.1 / t)
    return p.detach(), expected


@pytest.mark.parametrize("name", FOLLOWING)
def test_classes_that_conform_follow_their_formula(name):
    assert all_rows()[name].verdict is Verdict.CONFORMS
    torch.testing.assert_close(*ten_steps(name), rtol=1e-12, atol=1e-12)


def test_classes_of_both_libraries_are_compared_with_the_formula_of_their_name():
    both = {f"{module}.{key}" for module in OPTIMIZERS for key in ("SGD", "RMSprop", "Adam", "AdamW")}
    assert set(FOLLOWING) == {*both, "torch.optim.Adagrad", "pytorch_optimizer.Lion"}


def test_lamb_deviates_as_its_row_says():
    assert all_rows()["pytorch_optimizer.Lamb"].verdict is Verdict.DEVIATES
    p = torch.nn.Parameter(torch.full((5, 5), 0.2, dtype=torch.float64))
    before = p.detach().clone()
    optimizer = CLASSES["pytorch_optimizer.Lamb"]([p], lr=1e-3)
    p.grad = torch.arange(1.0, 26.0, dtype=torch.float64).reshape(5, 5)
    optimizer.step()
    update = torch.sign(p.grad)  # the bias-corrected direction of the first step
    expected = 1e-3 * before.norm() / update.norm() * update
    assert (before - p.detach()).norm() > 5 * expected.norm()
