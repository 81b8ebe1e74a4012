"""Optimizers and schedulers of libraries, by their full names: ``torch.optim.Adagrad``, ``pytorch_optimizer.Adan``."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from importlib import import_module
from typing import Any

from harness.contracts.errors import BadInput, did_you_mean
from harness.contracts.messages import said
from harness.contracts.optimizers import CLIP, Optimizer, decay_groups
from harness.contracts.returned import PROCEDURE
from harness.contracts.schedules import Schedule
from harness.contracts.spaces import Hyperparameters, LogUniform
from harness.registry.tried import RECIPE, check_trains

OPTIMIZERS = ("torch.optim", "pytorch_optimizer")
SCHEDULERS = ("torch.optim.lr_scheduler",)

_RENAMED = {"lr": "learning_rate", "eps": "epsilon", "clip": "own_clip"}
_IMPLEMENTATION = ("foreach", "maximize", "capturable", "differentiable", "fused")
"""Arguments of torch optimizers that choose an implementation: they are not hyperparameters."""

_HORIZON_ARGUMENTS = ("T_max", "T_0", "total_iters", "total_steps")
"""Arguments of torch schedulers that are set to the horizon."""

SHORT = 8
"""Steps that a scheduler is tried for when it is named."""

SCHEDULE = "write a schedule, a function of step and horizon with @schedule, like the built-in 'cosine'"


def is_library_name(name: str) -> bool:
    """Return whether `name` has the form of a class in one of the modules `OPTIMIZERS` or `SCHEDULERS`."""
    return name.rpartition(".")[0] in OPTIMIZERS + SCHEDULERS


def library_plugin(name: str) -> Optimizer | Schedule:
    """Return an optimizer recipe or a schedule that wraps a library's class.

    Raises:
        BadInput: the library is not installed, it has no such class, or the class needs arguments that a recipe cannot give.
    """
    module_name, _, class_name = name.rpartition(".")
    classes = _classes(name)
    if class_name not in classes:
        raise BadInput(f"{module_name} has no '{class_name}'{_nearest(module_name, class_name, classes)}")
    return _plugin(name, classes[class_name])


def _classes(name: str) -> dict[str, type]:
    """Return {name: class} of the optimizers, or the schedulers, in the module of a class's full name."""
    module_name = name.rpartition(".")[0]
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        raise BadInput(f"'{name}' needs the module '{error.name}', which is not installed here") from None
    ancestor = (
        import_module("torch.optim.lr_scheduler").LRScheduler
        if module_name in SCHEDULERS
        else import_module("torch.optim").Optimizer
    )
    classes = {key: item for key, item in vars(module).items() if inspect.isclass(item) and issubclass(item, ancestor)}
    return {
        key: item
        for key, item in classes.items()
        if item is not ancestor and not key.startswith("_") and not inspect.isabstract(item)
    }


def _plugin(name: str, kind: type) -> Optimizer | Schedule:
    return _schedule(name, kind) if name.rpartition(".")[0] in SCHEDULERS else _optimizer(name, kind)


def _nearest(module_name: str, class_name: str, classes: Mapping[str, type]) -> str:
    """Return what the user may have meant, of the classes that can be used."""

    def usable(key: str) -> bool:
        try:
            plugin = _plugin(f"{module_name}.{key}", classes[key])
            if isinstance(plugin, Optimizer):
                check_trains(plugin.name, plugin, {})
        except BadInput:
            return False
        return True

    close = [key for key in get_close_matches(class_name, classes, n=len(classes)) if usable(key)]
    return did_you_mean(class_name, close or filter(usable, classes))


def _optimizer(name: str, kind: type) -> Optimizer:
    """Return a recipe with `decay_groups` in which every numeric argument of the constructor is a hyperparameter."""
    first, *others = inspect.signature(kind).parameters.items()
    if not first[0].startswith("param"):
        raise BadInput(f"'{name}' takes '{first[0]}' instead of the parameters to train: {RECIPE}")
    parameters = dict(others)
    _refuse(name, kind, parameters)
    defaults = _numbers(parameters)
    defaults.setdefault("learning_rate", 1e-3)
    defaults[CLIP] = 0.0
    betas = parameters["betas"].default if "betas" in parameters else ()
    beta_names = [f"beta{i + 1}" for i in range(len(betas))] if _is_numbers(betas) else []
    defaults |= dict(zip(beta_names, betas, strict=bool(beta_names)))
    original = {_RENAMED.get(key, key): key for key in parameters}

    def build(model: Any, hyperparameters: Hyperparameters) -> Any:
        given = {original[key]: value for key, value in hyperparameters.items() if key in original}
        if beta_names:
            given["betas"] = tuple(hyperparameters[beta] for beta in beta_names)
        decay = given.pop("weight_decay", None)
        trained = [p for p in model.parameters() if p.requires_grad] if decay is None else decay_groups(model, decay)
        try:
            return kind(trained, **given)
        except MemoryError:
            raise
        except Exception as error:
            raise BadInput(f"'{name}' cannot take the model as it is ({said(error)}): {RECIPE}") from error

    rate = defaults["learning_rate"]
    summary = (inspect.getdoc(kind) or name).strip().splitlines()[0]
    return Optimizer(name, build, summary, defaults, {"learning_rate": LogUniform(rate / 10, rate * 10)})


def _refuse(name: str, kind: type, parameters: Mapping[str, inspect.Parameter]) -> None:
    """Raise `BadInput` if the constructor needs more than parameters and numbers, or `step` needs an argument."""
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    missing = [
        key for key, item in parameters.items() if item.default is item.empty and item.kind not in variadic and key != "lr"
    ]
    if missing:
        raise BadInput(f"'{name}' needs '{missing[0]}', which has no default: {RECIPE}")
    closure = inspect.signature(getattr(kind, "step")).parameters.get("closure")  # noqa: B009 a bare type has no step
    if closure is not None and closure.default is closure.empty:
        raise BadInput(f"'{name}' needs a closure that returns the loss, and the harness's step passes none: {PROCEDURE}")


def _numbers(parameters: Mapping[str, inspect.Parameter]) -> dict[str, Any]:
    """Return {name in this harness: default} of the constructor's arguments that are numbers or booleans."""
    plain = {key: item.default for key, item in parameters.items() if isinstance(item.default, int | float)}
    return {_RENAMED.get(key, key): value for key, value in plain.items() if key not in _IMPLEMENTATION}


def _is_numbers(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(item, int | float) for item in value)


def _schedule(name: str, kind: type) -> Schedule:
    """Return a schedule that tabulates a torch scheduler on a dummy optimizer whose learning rate is 1."""
    parameters = {key: item for key, item in inspect.signature(kind).parameters.items() if key != "optimizer"}
    missing = [
        key for key, item in parameters.items() if item.default is item.empty and key not in (*_HORIZON_ARGUMENTS, "max_lr")
    ]
    if missing:
        raise BadInput(f"'{name}' needs '{missing[0]}', which has no default: {SCHEDULE}")
    if "metrics" in inspect.signature(getattr(kind, "step")).parameters:  # noqa: B009 a bare type has no step
        raise BadInput(f"'{name}' depends on the run's metrics: use the built-in schedule 'plateau'")
    horizon_arguments = [key for key in _HORIZON_ARGUMENTS if key in parameters]

    @lru_cache(maxsize=8)
    def table(horizon: int) -> list[float]:
        torch = import_module("torch")
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        extra = {key: value for key, value in (("max_lr", 1.0), ("cycle_momentum", False)) if key in parameters}
        scheduler = kind(optimizer, **dict.fromkeys(horizon_arguments, horizon), **extra)
        values = []
        for _ in range(horizon):
            values.append(float(optimizer.param_groups[0]["lr"]))
            optimizer.step()
            if len(values) < horizon:
                scheduler.step()
        return values

    def multiplier(step: float, horizon: float) -> float:
        return table(max(math.ceil(horizon), 1))[int(step)]

    try:
        table(SHORT)
    except Exception as error:
        raise BadInput(f"'{name}' gives no learning rates ({said(error)}): {SCHEDULE}") from error
    summary = (inspect.getdoc(kind) or name).strip().splitlines()[0]
    return Schedule(name, multiplier, summary, anytime=not horizon_arguments, deviation="tabulated at whole steps")
