"""An optimizer of a library as a recipe, in which every number of its constructor is a hyperparameter."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from harness.contracts.errors import BadInput
from harness.contracts.messages import said
from harness.contracts.optimizers import CLIP, Optimizer
from harness.contracts.parameters import decay_groups
from harness.contracts.spaces import Hyperparameters
from harness.registry.libraries.groups import GROUPS
from harness.registry.libraries.seeding import seed_steps
from harness.registry.libraries.table import RECIPE, Row, Verdict, rate_space

_RENAMED = {"lr": "learning_rate", "eps": "epsilon", "clip": "own_clip"}
_IMPLEMENTATION = ("foreach", "maximize", "capturable", "differentiable", "fused")
"""Arguments of torch optimizers that choose an implementation: they are not hyperparameters."""


def library_optimizer(name: str, kind: type, row: Row | None, *, declared: bool = False) -> Optimizer:
    """Return the recipe of a library's optimizer.

    Args:
        name: full name of the class.
        kind: the class.
        row: what the table says of it; None if it knows nothing.
        declared: whether the library's own default rate is meant, where another was measured.

    Raises:
        BadInput: the constructor needs more than the parameters to train and numbers.
    """
    parameters = _arguments(name, kind, row)
    defaults = _defaults(parameters, row)
    if row is not None and row.learning_rate is not None and not declared:
        defaults["learning_rate"] = row.learning_rate

    built = _asking(kind) if row is not None and row.loss else kind

    def build(model: Any, hyperparameters: Hyperparameters) -> Any:
        if row is not None and row.contiguous:
            for p in model.parameters():
                p.data = p.data.contiguous()
        given = _constructor_values(parameters, row, hyperparameters)
        first = _first(model, row, given, hyperparameters)
        try:
            made = built(first, **given)
        except MemoryError:
            raise
        except Exception as error:
            raise BadInput(f"'{name}' cannot take the model as it is ({said(error)}): {RECIPE}") from error
        if row is not None and row.seeded:
            seed_steps(made)
        return made

    summary = (inspect.getdoc(kind) or name).strip().splitlines()[0]
    return Optimizer(
        name,
        build,
        summary,
        defaults,
        {"learning_rate": rate_space(defaults["learning_rate"])},
        deviation=row.how if row is not None and row.verdict is Verdict.DEVIATES else "",
    )


def _asking(kind: Any) -> type:
    """Return a subclass whose `step` needs the closure that its parent can do without, so that it gets the loss."""

    def step(self: Any, closure: Any) -> Any:
        return kind.step(self, closure)

    return type(kind.__name__, (kind,), {"step": step, "__module__": kind.__module__})


def _arguments(name: str, kind: type, row: Row | None) -> dict[str, inspect.Parameter]:
    """Return the constructor's arguments after the first that a user can set.

    Raises:
        BadInput: the constructor needs more than the parameters to train and numbers.
    """
    first, *others = inspect.signature(kind).parameters.items()
    expected = row.takes if row is not None else "params"
    if not first[0].startswith("param") and first[0] != expected:
        raise BadInput(f"'{name}' takes '{first[0]}' instead of the parameters to train: {RECIPE}")
    given = {*row.fixed, *row.tied} if row is not None else set()
    parameters = {key: item for key, item in others if key not in given}
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    missing = [
        key for key, item in parameters.items() if item.default is item.empty and item.kind not in variadic and key != "lr"
    ]
    if missing:
        raise BadInput(f"'{name}' needs '{missing[0]}', which has no default: {RECIPE}")
    return parameters


def _defaults(parameters: Mapping[str, inspect.Parameter], row: Row | None) -> dict[str, Any]:
    """Return {hyperparameter: the library's default}."""
    plain = {key: item.default for key, item in parameters.items() if isinstance(item.default, int | float)}
    defaults = {_RENAMED.get(key, key): value for key, value in plain.items() if key not in _IMPLEMENTATION}
    defaults.setdefault("learning_rate", 1e-3)
    defaults[CLIP] = 0.0
    defaults |= dict(zip(_beta_names(parameters), parameters["betas"].default if "betas" in parameters else (), strict=False))
    return {**defaults, **(GROUPS[row.groups][1] if row is not None and row.groups else {})}


def _beta_names(parameters: Mapping[str, inspect.Parameter]) -> list[str]:
    """Return beta1, beta2, ... for a constructor whose `betas` is a tuple of numbers."""
    betas = parameters["betas"].default if "betas" in parameters else ()
    numbers = isinstance(betas, tuple) and all(isinstance(item, int | float) for item in betas)
    return [f"beta{i + 1}" for i in range(len(betas))] if numbers else []


def _constructor_values(
    parameters: Mapping[str, inspect.Parameter], row: Row | None, hyperparameters: Hyperparameters
) -> dict[str, Any]:
    """Return {argument: value} for the constructor, after its first argument."""
    original = {_RENAMED.get(key, key): key for key in parameters}
    given = {original[key]: value for key, value in hyperparameters.items() if key in original}
    betas = _beta_names(parameters)
    if betas:
        given["betas"] = tuple(hyperparameters[beta] for beta in betas)
    if row is not None:
        given |= {**row.fixed, **{key: hyperparameters[source] for key, source in row.tied.items()}}
    return given


def _first(model: Any, row: Row | None, given: dict[str, Any], hyperparameters: Hyperparameters) -> Any:
    """Return the first argument of the constructor; the weight decay that the groups contain is removed from `given`."""
    if row is not None and row.takes == "model":
        return model
    if row is not None and row.groups:
        return GROUPS[row.groups][0](model, hyperparameters)
    decay = given.pop("weight_decay", None)
    return [p for p in model.parameters() if p.requires_grad] if decay is None else decay_groups(model, decay)
