"""Every optimizer recipe can clip the gradients of its steps to a global norm."""

import copy

import pytest
import torch
from torch import nn

from harness import ContractError, optimizer
from harness.contracts.returned import takes_loss
from harness.registry import all_submissions, find_optimizer

RECIPES = [s.name for s in all_submissions() if s.optimizer]
OVERWRITES = ("muon",)
"""Recipes whose optimizer leaves something else in the gradients, clipped or not."""
SMALL_RATES = {"apollo_mini": 1e-4, "momo": 0.01, "soap": 1e-4}
"""Torch divides by the norm plus 1e-6; at their default rates these recipes move so far that this exceeds the tolerance."""


@optimizer(defaults={"learning_rate": 0.1})
def descent(model, hyperparameters):
    """Gradient descent with momentum, which remembers the gradients that it was given."""
    return torch.optim.SGD(model.parameters(), lr=hyperparameters.learning_rate, momentum=0.9)


def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 3)).double()


def gradients(weights: list[nn.Parameter]) -> list[list[torch.Tensor]]:
    """Return gradients of several steps, some of a global norm above 1 and some below."""
    generator = torch.Generator().manual_seed(1)
    return [[scale * torch.randn(p.shape, generator=generator).double() for p in weights] for scale in (3, 0.01, 1, 0.05, 9, 1)]


def train(recipe, clip: float, before=lambda weights: None) -> tuple[list[nn.Parameter], list[list[torch.Tensor]]]:
    """Return the weights after all steps, and the gradients that each step left."""
    trained = model()
    weights = list(trained.parameters())
    rate = {"learning_rate": SMALL_RATES[recipe.name]} if recipe.name in SMALL_RATES else {}
    made, left = recipe(trained, {"clip": clip, **rate}), []
    for step in gradients(weights):
        for p, g in zip(weights, step, strict=True):
            p.grad = g.clone()
        before(weights)
        made.step(*[lambda: torch.tensor(1.0).double()] * takes_loss(made))
        left.append([p.grad.clone() for p in weights])
    return weights, left


def close(one: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    return all(torch.allclose(a, b, rtol=1e-6, atol=1e-12) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("name", ["descent", *RECIPES])
def test_a_step_with_clip_is_the_step_with_gradients_clipped_by_torch(name):
    recipe = descent if name == "descent" else find_optimizer(name)
    clipped, _ = train(recipe, 0.5)
    expected, _ = train(recipe, 0.0, lambda weights: nn.utils.clip_grad_norm_(weights, 0.5))
    assert close(clipped, expected)


@pytest.mark.parametrize("name", ["descent", *(name for name in RECIPES if name not in OVERWRITES)])
def test_after_a_step_the_gradients_are_those_of_the_loss_again(name):
    weights, left = train(descent if name == "descent" else find_optimizer(name), 0.5)
    for found, given in zip(left, gradients(weights), strict=True):
        assert close(found, given)


class Twice(torch.optim.SGD):
    """Its `step` calls that of a class of which there is an instance, around which torch calls the hooks once more."""

    def step(self, closure=None):
        super().step(closure)


@optimizer(defaults={"learning_rate": 0.1})
def inherited(model, hyperparameters):
    """Gradient descent."""
    torch.optim.SGD(model.parameters(), lr=0.1)
    return Twice(model.parameters(), lr=hyperparameters.learning_rate)


def test_hooks_that_torch_calls_twice_clip_once_and_leave_the_gradients_of_the_loss():
    weights, left = train(inherited, 0.5)
    for found, given in zip(left, gradients(weights), strict=True):
        assert close(found, given)
    assert close(weights, train(inherited, 0.0, lambda weights: nn.utils.clip_grad_norm_(weights, 0.5))[0])


def test_clipping_changes_where_gradients_are_large_and_only_there():
    plain, _ = train(descent, 0.0)
    assert not close(train(descent, 0.5)[0], plain)
    assert all(torch.equal(a, b) for a, b in zip(train(descent, 1e6)[0], plain, strict=True))


def test_zero_is_the_default_and_adds_no_hook():
    assert descent.defaults == {"clip": 0.0, "learning_rate": 0.1}
    hooks = [
        (made._optimizer_step_pre_hooks, made._optimizer_step_post_hooks)
        for made in (descent(model()), descent(model(), {"clip": 0}), descent(model(), {"clip": 1}))
    ]
    assert [(len(before), len(after)) for before, after in hooks] == [(0, 0), (0, 0), (1, 1)]


def test_a_model_without_gradients_and_one_whose_gradients_are_zero_can_take_a_step():
    trained = model()
    made = descent(trained, {"clip": 1.0})
    start = copy.deepcopy(trained.state_dict())
    made.step()
    for p in trained.parameters():
        p.grad = torch.zeros_like(p)
    made.step()
    assert all(torch.equal(start[name], value) for name, value in trained.state_dict().items())


@pytest.mark.parametrize("value", [-1, -0.5, float("nan"), "1", None, True, [1.0]])
def test_a_clip_that_is_no_number_of_at_least_0_is_refused_in_one_line(value):
    with pytest.raises(ContractError, match=r"^optimizer 'descent': clip must be a number of at least 0, not ") as refused:
        descent(model(), {"clip": value})
    assert "\n" not in str(refused.value)


def test_a_recipe_may_choose_its_own_default_and_range():
    from harness import LogUniform

    @optimizer(defaults={"learning_rate": 0.1, "clip": 2.0}, space={"clip": LogUniform(0.1, 10)})
    def clipping(model, hyperparameters):
        """Clips."""
        return torch.optim.SGD(model.parameters(), lr=hyperparameters.learning_rate)

    assert clipping.defaults["clip"] == 2.0 and clipping.space["clip"] == LogUniform(0.1, 10)
    assert len(clipping(model())._optimizer_step_pre_hooks) == 1
