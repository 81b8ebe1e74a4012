"""The optimizer contract: one function from a model and hyperparameters to a torch optimizer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.contracts.attributes import first_line
from harness.contracts.errors import ContractError, did_you_mean
from harness.contracts.spaces import Hyperparameters, Range, Space, check_known, check_recordable

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Optimizer:
    """An optimizer recipe and its facts. `optimizer` makes it; it is called like the function that it wraps.

    Attributes:
        name: what users type before the ``+`` in ``-s OPTIMIZER+SCHEDULE``.
        function: ``(model, hyperparameters) -> torch.optim.Optimizer``; the optimizer's learning rate is the peak rate.
        summary: first line of the docstring.
        defaults: every hyperparameter with its default; `learning_rate` is always one of them.
        space: search space for the `external` track, the same for all workloads.
        paper: where the optimizer comes from (arXiv number, DOI or book).
        cost: what a step costs beyond one forward and one backward pass, in words; empty if nothing.
        deviation: how this recipe differs from the source, in words; empty if it does not.
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
        """Return the optimizer of `model`; a hyperparameter that is not given takes its default.

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
        ContractError: the function's arguments are not ``(model, hyperparameters)``, `learning_rate` has no default, the
            space names a hyperparameter without a default, or a default cannot be stored in a record.
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
        check_recordable(f"optimizer '{title}'", defaults, space or {})
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
    """Return two parameter groups: tensors of two or more dimensions with `weight_decay`, biases and norm scales without.

    Every recipe uses this split, so that submissions differ only where their authors intend it.
    """
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]
