"""What an optimizer recipe must return, checked before the first step."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from harness.contracts.errors import ContractError
from harness.contracts.messages import shown
from harness.contracts.numbers import number

if TYPE_CHECKING:
    import torch

SAME_RATE = 1e-6
"""Relative difference up to which a learning rate is the one that was set: an optimizer may keep it in single precision."""

CLOSURE = "closure"
"""The one argument that an optimizer's step() may need."""

PROCEDURE = "write a TrainingAlgorithm, whose update() does all of a step, as the built-in 'sam' does"
"""What to write instead of a recipe where the harness's step (gradient of one loss, then `step()`) is not enough."""


def check_optimizer(title: str, made: Any, model: torch.nn.Module) -> torch.optim.Optimizer:
    """Return what a recipe returned, after a check that a trial can train with it.

    It may hold some of the model's parameters only, in any number of groups, and tensors that are not the model's.

    Args:
        title: what messages call the recipe.
        made: what it returned for `model`.

    Raises:
        ContractError: it is not one optimizer, it was not initialised, none of the parameters that it holds is trained, a
            group has no learning rate that can be set, `step` needs an argument other than `closure`, or one of the methods
            `train` and `eval` needs any.
    """
    import torch

    if not isinstance(made, torch.optim.Optimizer):
        raise ContractError(f"{title} returned {_otherwise(made)}")
    if not getattr(made, "param_groups", None):
        raise ContractError(
            f"{title}: its optimizer has no parameter groups: call super().__init__(params, defaults) in the class's __init__"
        )
    trained = {id(p) for p in model.parameters() if p.requires_grad}
    if not any(id(p) in trained for group in made.param_groups for p in group["params"]):
        raise ContractError(f"{title}: its optimizer trains none of the model's parameters: pass it model.parameters()")
    for group in made.param_groups:
        check_rate(title, group)
    if needed := [item for item in _needed(made.step) if item != CLOSURE]:
        raise ContractError(f"{title}: its optimizer's step() needs '{needed[0]}', and the harness passes none: {PROCEDURE}")
    check_switches(title, made)
    return made


def check_rate(title: str, group: dict[str, Any]) -> None:
    """Raise `ContractError` if a parameter group has no learning rate that a schedule can multiply: a finite number >= 0."""
    if "lr" not in group:
        raise ContractError(f"{title}: its optimizer has no learning rate that a schedule could set: {PROCEDURE}")
    try:
        rate = number(group["lr"])
    except (TypeError, OverflowError):
        rate = math.nan
    if not (math.isfinite(rate) and rate >= 0):
        raise ContractError(
            f"{title}: its optimizer's learning rate is {shown(group['lr'])}: a finite number of at least 0 is needed"
        )


def check_kept(title: str, made: torch.optim.Optimizer, rates: Sequence[Any]) -> None:
    """Check that an optimizer still has the groups that a recipe returned, and the learning rates that were set.

    Args:
        title: what messages call the recipe.
        made: the optimizer, after a step.
        rates: what the learning rate of each group was set to before the step.

    Raises:
        ContractError: it has more or fewer groups, or its step changed a learning rate.
    """
    if len(made.param_groups) != len(rates):
        raise ContractError(
            f"{title}: its optimizer had {len(rates)} parameter groups and has {len(made.param_groups)} now: return all of them"
            f" (a parameter without a gradient is left as it is), or {PROCEDURE}"
        )
    for group, expected in zip(made.param_groups, rates, strict=True):
        try:
            same = math.isclose(number(group["lr"]), number(expected), rel_tol=SAME_RATE)
        except (KeyError, TypeError, OverflowError):
            same = False
        if not same:
            raise ContractError(
                f"{title}: its step() changed a group's 'lr' from {shown(expected)} to {shown(group.get('lr'))}, which only the"
                f" schedule sets: keep a factor of your own under another key, or {PROCEDURE}"
            )


def switches(made: torch.optim.Optimizer) -> bool:
    """Return whether an optimizer has other weights judged than it trains: `eval()` writes them, `train()` goes back."""
    return callable(getattr(made, "eval", None)) and callable(getattr(made, "train", None))


def check_switches(title: str, made: torch.optim.Optimizer) -> None:
    """Raise `ContractError` if an optimizer has `eval` and cannot be switched by `eval()` and `train()`."""
    if not callable(getattr(made, "eval", None)):
        return
    if not switches(made):
        raise ContractError(
            f"{title}: its optimizer has eval() and no train(), which is called after every evaluation: define it"
        )
    for name in ("eval", "train"):
        if needed := _needed(getattr(made, name)):
            raise ContractError(
                f"{title}: its optimizer's {name}() needs '{needed[0]}', and the harness passes none: give it a default"
            )


def takes_loss(made: torch.optim.Optimizer) -> bool:
    """Return whether an optimizer's step() needs a closure: it gets one that returns the loss of the step's gradient."""
    return _needed(made.step) == [CLOSURE]


def _needed(method: Callable[..., Any]) -> list[str]:
    """Return the arguments of a method that have no default."""
    try:
        arguments = inspect.signature(method).parameters.values()
    except (TypeError, ValueError):  # it is not a Python function, and does not say
        return []
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [item.name for item in arguments if item.default is item.empty and item.kind not in variadic]


def _otherwise(made: Any) -> str:
    """Return what a recipe returned that is no optimizer, and what to write instead."""
    import torch

    if made is None:
        return "None: end it with `return` and the optimizer"
    if inspect.isclass(made) and issubclass(made, torch.optim.Optimizer):
        return (
            f"the class {made.__name__}: call it, as in {made.__name__}(model.parameters(), lr=hyperparameters.learning_rate)"
        )
    if inspect.isgenerator(made):
        return "a generator: write `return` instead of `yield`"
    if inspect.iscoroutine(made):
        made.close()
        return "a coroutine: write `def` instead of `async def`"
    if isinstance(made, torch.optim.lr_scheduler.LRScheduler):
        kind = type(made).__name__
        return f"the scheduler {kind}: return the optimizer; a schedule is named after the '+' of OPTIMIZER+SCHEDULE"
    inside = list(made.values() if isinstance(made, dict) else made) if isinstance(made, dict | list | tuple) else []
    if sum(isinstance(item, torch.optim.Optimizer) for item in inside):
        return (
            f"a {type(made).__name__} of {len(inside)}: return one optimizer, with a parameter group for each part of the"
            " model, or write a TrainingAlgorithm whose update() steps several"
        )
    return f"a {type(made).__name__}, expected a torch.optim.Optimizer: a class of your own must be a subclass of it"
