"""The optimizer contract: one function from a model and hyperparameters to a torch optimizer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from harness.contracts.attributes import first_line
from harness.contracts.errors import ContractError, did_you_mean
from harness.contracts.messages import named
from harness.contracts.returned import check_optimizer
from harness.contracts.spaces import Hyperparameters, Range, Space, check_defaults, check_known, check_space

if TYPE_CHECKING:
    import torch

CLIP = "clip"
"""Hyperparameter that every recipe has: the largest global norm of a step's gradients; 0, the default, clips nothing."""

BASE = "base"
"""Hyperparameter of a wrapper: the name of the optimizer that it wraps."""


@dataclass(frozen=True)
class Optimizer:
    """An optimizer recipe and its facts. `optimizer` makes it; it is called like the function that it wraps.

    In a step the harness sets the learning rate of every group, computes the gradient of one batch's loss and calls `step()`;
    if `step` needs the argument `closure`, it may call it once for that loss, a scalar without a graph. The groups stay those
    that the recipe returned, and only the harness sets their "lr", a number or a tensor of one element. An optimizer may hold
    a part of the model's parameters only, or parameters that the recipe froze.
    If it has both `train()` and `eval()`, `train()` is called before the first step, `eval()` before an evaluation and
    `train()` after it, on the training clock; BatchNorm statistics are then recomputed for the weights that are judged.
    Whatever needs more (the loss at other weights, several optimizers, a graph of the gradient) is a `TrainingAlgorithm`.

    A wrapper changes what another recipe's optimizer does. Users choose that one by ``NAME:base=OPTIMIZER``, and its
    hyperparameters and space become the wrapper's.

    Attributes:
        name: what users type before the ``+`` in ``-s OPTIMIZER+SCHEDULE``.
        function: ``(model, hyperparameters) -> torch.optim.Optimizer``; the learning rate of each of the optimizer's groups is
            its peak rate. Of a wrapper ``(base, hyperparameters)``, where `base` is the optimizer that the wrapped recipe
            returned.
        summary: first line of the docstring.
        defaults: every hyperparameter with its default; `learning_rate` and `clip` are always among them.
        space: search space for the `external` track, the same for all workloads.
        paper: where the optimizer comes from (arXiv number, DOI or book).
        cost: what a step costs beyond one forward and one backward pass, in words; empty if nothing.
        deviation: how this recipe differs from the source, in words; empty if it does not.
        schedule: the schedule under which it is calibrated, and raced where all submissions are; empty for that of the
            baseline, cosine decay. Under its own name it is raced at a constant rate all the same.
        wraps: of a wrapper, the name of the recipe that it wraps; else empty.
        base: the recipe of that name; None until it is looked up (`over`).
    """

    name: str
    function: Callable[[Any, Hyperparameters], torch.optim.Optimizer]
    summary: str
    defaults: Mapping[str, Any]
    space: Space = field(default_factory=dict)
    paper: str = ""
    cost: str = ""
    deviation: str = ""
    schedule: str = ""
    wraps: str = ""
    base: Optimizer | None = None

    kind = "optimizer"

    def __call__(self, model: torch.nn.Module, hyperparameters: Mapping[str, Any] | None = None) -> torch.optim.Optimizer:
        """Return the optimizer of `model`; a hyperparameter that is not given takes its default.

        With `clip` > 0 every step of it uses gradients that are clipped to that global norm (Pascanu et al. 2013).

        Raises:
            ContractError: a hyperparameter is not declared, `clip` is not a number of at least 0, the recipe did not return
                an optimizer that a trial can train with (`harness.contracts.returned.check_optimizer`), or it is a wrapper
                whose base was not looked up.
        """
        if self.wraps and self.base is None:
            raise ContractError(f"{self.title} wraps another optimizer: look it up by its name, or call its over(optimizer)")
        given = dict(hyperparameters or {})
        check_known(f"optimizer '{self.name}'", given, self.defaults)
        values = Hyperparameters({**self.defaults, **given})
        clip = values.get(CLIP, 0.0)
        check_clip(f"optimizer '{self.name}'", clip)
        made = check_optimizer(self.title, self.function(self._wrapped(model, values), values), model)
        clip_gradients(made, clip)
        return made

    def over(self, base: Optimizer) -> Optimizer:
        """Return this wrapper over the recipe `base`, whose hyperparameters, space, cost and deviation are added to its own.

        Raises:
            ContractError: both have a hyperparameter of the same name.
        """
        own = {key: value for key, value in self.defaults.items() if key != CLIP} | {BASE: base.name}
        for shared in sorted(own.keys() & base.defaults.keys()):
            raise ContractError(f"{self.title} and its base '{base.name}' both have a hyperparameter '{shared}': rename one")
        return replace(
            self,
            defaults={**base.defaults, **own},
            space={**base.space, **self.space},
            cost="; ".join(filter(None, (base.cost, self.cost))),
            deviation="; ".join(filter(None, (base.deviation, self.deviation))),
            wraps=base.name,
            base=base,
        )

    def _wrapped(self, model: Any, values: Hyperparameters) -> Any:
        """Return what the function gets first: the base's optimizer, whose gradients the wrapper clips; else the model."""
        if self.base is None:
            return model
        return self.base(model, {key: values[key] for key in self.base.defaults if key != CLIP})

    @property
    def title(self) -> str:
        """What messages call the recipe: its name and where it is defined."""
        return named("optimizer", self.name, self.function)


def optimizer(
    *bare: object,
    defaults: Mapping[str, Any] | None = None,
    space: Mapping[str, Range] | None = None,
    name: str = "",
    paper: str = "",
    cost: str = "",
    deviation: str = "",
    schedule: str = "",
    wraps: str = "",
) -> Callable[[Callable[[Any, Hyperparameters], Any]], Optimizer]:
    """Turn a function ``(model, hyperparameters) -> torch.optim.Optimizer`` into an `Optimizer`.

    With `wraps`, the name of the optimizer that comes with timetrial and is wrapped by default, the function is
    ``(base, hyperparameters)``, and `defaults` and `space` are of the wrapper's own hyperparameters.

    Raises:
        ContractError: it is used without parentheses or without `defaults`, the function's arguments are not these,
            `learning_rate` of a recipe that wraps none has no default, the space names a hyperparameter without a default, or a
            default cannot be stored in a record.
    """
    if bare or defaults is None:
        function_name = getattr(bare[0], "__name__", "NAME") if bare else "NAME"
        raise ContractError(
            'an optimizer states its defaults; defaults must be a mapping: write @optimizer(defaults={"learning_rate": 0.001})'
            f" above def {function_name}(model, hyperparameters)"
        )
    declared = defaults

    def wrap(function: Callable[[Any, Hyperparameters], Any]) -> Optimizer:
        title = name or function.__name__
        arguments = ", ".join(inspect.signature(function).parameters)
        expected = "base, hyperparameters" if wraps else "model, hyperparameters"
        if arguments != expected:
            raise ContractError(f"optimizer '{title}' must be def {title}({expected}), not ({arguments})")
        check_defaults(f"optimizer '{title}'", declared)
        if "learning_rate" not in declared and not wraps:
            raise ContractError(
                f"optimizer '{title}' declares no default for 'learning_rate'{did_you_mean('learning_rate', declared)}"
            )
        check_space(f"optimizer '{title}'", space or {}, {CLIP: 0.0, **declared})
        return Optimizer(
            name=title,
            function=function,
            summary=first_line(function),
            defaults={CLIP: 0.0, **declared},
            space=dict(space or {}),
            paper=paper,
            cost=cost,
            deviation=deviation,
            schedule=schedule,
            wraps=wraps,
        )

    return wrap


def check_clip(owner: str, norm: Any) -> None:
    """Check a largest global norm.

    Raises:
        ContractError: it is not a number of at least 0; `owner` begins the message.
    """
    if isinstance(norm, bool) or not isinstance(norm, int | float) or not norm >= 0:
        raise ContractError(f"{owner}: {CLIP} must be a number of at least 0, not {norm!r}")


def clip_gradients(optimizer: torch.optim.Optimizer, norm: float) -> None:
    """Let every step of `optimizer` use gradients scaled down to the global norm `norm` where theirs is larger; 0 for none.

    After the step the gradients are scaled back, so that signals such as gradient norms are those of the loss. Recipes need
    not call it, since every `Optimizer` has the hyperparameter `clip`; a `TrainingAlgorithm` with an optimizer of its own may.

    Raises:
        ContractError: `norm` is not a number of at least 0.
    """
    check_clip("clip_gradients", norm)
    if not norm:
        return
    import torch

    scale: list[Any] = []
    steps = 0  # torch also calls the hooks around `super().step()`, once another instance of that class has been made

    def gradients() -> list[Any]:
        return [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]

    def before(*_: Any) -> None:
        nonlocal steps
        steps += 1
        found = gradients()
        if not found or steps > 1:
            return
        with torch.no_grad():
            total = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(found)))
            scale[:] = [(norm / total).clamp(max=1.0)]  # stays on the device: a comparison would wait for it
            torch._foreach_mul_(found, scale[0])

    def after(*_: Any) -> None:
        nonlocal steps
        steps -= 1
        if steps == 0 and (found := gradients()):
            with torch.no_grad():
                torch._foreach_div_(found, scale[0])

    optimizer.register_step_pre_hook(before)
    optimizer.register_step_post_hook(after)
