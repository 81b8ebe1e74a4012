"""The optimizer contract: one function from a model and hyperparameters to a torch optimizer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.contracts.attributes import first_line
from harness.contracts.errors import ContractError, did_you_mean
from harness.contracts.spaces import Hyperparameters, Range, Space, check_known, check_plain

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Optimizer:
    """An optimizer recipe and its facts; made by `optimizer`, called like the function it wraps.

    Attributes:
        name: what users type before the ``+`` in ``-s OPTIMIZER+SCHEDULE``.
        function: ``(model, hyperparameters) -> torch.optim.Optimizer``, its learning rate the peak.
        defaults: every hyperparameter with its default; `learning_rate` is always one of them.
        space: workload-agnostic search space for the `external` track.
        summary, paper, cost, deviation: as for a schedule.
    """

    name: str
    function: Callable[[Any, Hyperparameters], torch.optim.Optimizer]
    summary: str
    defaults: Mapping[str, Any]
    space: Space = field(default_factory=dict)
    paper: str = ""
    cost: str = ""
    deviation: str = ""

    kind = "optimizer"

    def __call__(self, model: torch.nn.Module, hyperparameters: Mapping[str, Any] | None = None) -> torch.optim.Optimizer:
        """Return the optimizer of `model`; hyperparameters not given take their defaults.

        Raises:
            ContractError: a hyperparameter is not declared.
        """
        given = dict(hyperparameters or {})
        check_known(f"optimizer '{self.name}'", given, self.defaults)
        return self.function(model, Hyperparameters({**self.defaults, **given}))


def optimizer(
    *,
    defaults: Mapping[str, Any],
    space: Mapping[str, Range] | None = None,
    name: str = "",
    paper: str = "",
    cost: str = "",
    deviation: str = "",
) -> Callable[[Callable[[Any, Hyperparameters], Any]], Optimizer]:
    """Turn a function ``(model, hyperparameters) -> torch.optim.Optimizer`` into an `Optimizer`.

    Raises:
        ContractError: the signature is another, `learning_rate` has no default, or the space names an
            undeclared hyperparameter.
    """

    def wrap(function: Callable[[Any, Hyperparameters], Any]) -> Optimizer:
        title = name or function.__name__
        arguments = list(inspect.signature(function).parameters)
        if arguments != ["model", "hyperparameters"]:
            raise ContractError(
                f"optimizer '{title}' must be def {title}(model, hyperparameters), not ({', '.join(arguments)})"
            )
        if "learning_rate" not in defaults:
            raise ContractError(
                f"optimizer '{title}' declares no default for 'learning_rate'{did_you_mean('learning_rate', defaults)}"
            )
        check_known(f"optimizer '{title}'", dict(space or {}), defaults)
        check_plain(f"optimizer '{title}'", defaults, space or {})
        return Optimizer(
            name=title,
            function=function,
            summary=first_line(function),
            defaults=dict(defaults),
            space=dict(space or {}),
            paper=paper,
            cost=cost,
            deviation=deviation,
        )

    return wrap


def decay_groups(model: torch.nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Return two parameter groups: matrices with `weight_decay`, biases and norm parameters (< 2-D) without.

    Every recipe uses this one split, so that submissions differ in what they mean to differ in.
    """
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]
