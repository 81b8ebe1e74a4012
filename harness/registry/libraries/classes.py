"""The classes of the libraries that are installed."""

from __future__ import annotations

import inspect
from importlib import import_module

from harness.contracts.errors import BadInput

OPTIMIZERS = ("torch.optim", "pytorch_optimizer")
SCHEDULERS = ("torch.optim.lr_scheduler", "torch.optim.swa_utils")

NO_ANCESTOR = ("ProportionScheduler",)
"""Schedulers of pytorch_optimizer that are subclasses of nothing that says so."""


def is_library_name(name: str) -> bool:
    """Return whether `name` has the form of a class in one of the modules `OPTIMIZERS` or `SCHEDULERS`."""
    return name.rpartition(".")[0] in OPTIMIZERS + SCHEDULERS


def library_classes(module_name: str) -> dict[str, type]:
    """Return {name: class} of the optimizers and the schedulers in one of the modules.

    Raises:
        BadInput: the library is not installed.
    """
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        raise BadInput(f"'{module_name}' needs the module '{error.name}', which is not installed here") from None
    return {
        key: item
        for key, item in vars(module).items()
        if inspect.isclass(item) and not key.startswith("_") and _is_one(key, item)
    }


def _is_one(key: str, item: type) -> bool:
    """Return whether a class of a module is an optimizer or a scheduler that can be built."""
    optimizer = import_module("torch.optim").Optimizer
    scheduler = import_module("torch.optim.lr_scheduler").LRScheduler
    if item is optimizer or item is scheduler or inspect.isabstract(item):
        return False
    return issubclass(item, optimizer) or is_scheduler(item) or key in NO_ANCESTOR


def is_scheduler(item: type) -> bool:
    """Return whether a class is a scheduler: torch's ancestor of all is among its own, or pytorch_optimizer's for a warm-up."""
    scheduler = import_module("torch.optim.lr_scheduler").LRScheduler
    return issubclass(item, scheduler) or any(kind.__name__ == "BaseLinearWarmupScheduler" for kind in item.__mro__)
