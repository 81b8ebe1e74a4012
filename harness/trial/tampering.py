"""The functions that compute, count and time a trial, and whether they are still the ones that were imported.

They are looked at before every evaluation, so only those that matter there are. At the end of a trial
`harness.trial.process.originals` looks at everything that later trials could meet.
"""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Iterable, Mapping
from operator import is_
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn

from harness.contracts.errors import ContractError
from harness.contracts.workloads import Workload
from harness.trial.process.originals import note_replaced

TORCH = str(Path(torch.__file__).parent)
"""Torch's folder. Torch replaces some of its own functions, for instance when it compiles for the first time."""

HARNESS = ("harness.trial.", "harness.pruning.", "harness.records", "harness.canonical")
"""Modules of the harness that take part in a trial, by the beginnings of their names."""

LIBRARIES = (torch, torch.Tensor, nn.Parameter, torch.linalg, torch.special, nn.functional, torch._C._nn, nn.Module, math)

CALLS = ("__call__", "_call_impl", "_wrapped_call_impl")
"""Private names through which a module of torch computes."""

SLOTS = "__slotnames__"
"""What Python itself notes on a class, and in each below it, when an object of the class is first copied."""


class Tampering(ContractError):
    """What judges a trial, or what it is judged on, was changed while the trial ran: nothing that it measured counts."""


class Functions:
    """The functions of some modules and classes as they are now, to find out later whether one was replaced.

    Args:
        spaces: the modules and classes. Of torch's, only functions with public names, and `CALLS`, are watched.
    """

    def __init__(self, spaces: Iterable[Any]) -> None:
        self._spaces = [(space, dict(vars(space)), _functions(space)) for space in dict.fromkeys(spaces)]

    def check(self) -> None:
        """Check that nothing was replaced, except by torch itself; what was is put back, for the next trial in this process.

        Raises:
            Tampering: something was.
        """
        first = ""
        for index, (space, names, functions) in enumerate(self._spaces):
            now = vars(space)
            if len(now) == len(names) and all(map(is_, now.values(), names.values())):  # of all names, which is quickest
                continue
            changed = {name: value for name, value in functions.items() if now.get(name) is not value}
            hiding = [name for name in now.keys() - names.keys() if _hides(space, name) and not _is_of_torch(now[name])]
            for name in (*(name for name in changed if not _is_of_torch(now.get(name))), *hiding):
                first = first or f"{_label(space)}.{name}"
                note_replaced(f"{_label(space)}.{name}")
                _put_back(space, name, changed)
            self._spaces[index] = space, dict(vars(space)), {name: vars(space)[name] for name in functions}
        if first:
            raise Tampering(f"{first} was replaced, which judges or counts the trial: leave it as it is")


def process_functions() -> Functions:
    """Return the functions of torch and of the harness that a trial rests on."""
    own = [module for start in HARNESS for module in _modules(start)]
    classes = [value for module in own for value in _classes(module)]
    return Functions([*LIBRARIES, *own, *classes])


def workload_functions(workload: Workload) -> Functions:
    """Return the functions of a workload: of its classes, of the module of each, and of the other modules of its package."""
    classes = [cls for cls in type(workload).__mro__ if cls is not object]
    modules = [sys.modules[cls.__module__] for cls in classes if cls.__module__ in sys.modules]
    package, dot, _ = type(workload).__module__.partition(".")
    return Functions([*classes, *modules, *(_modules(package + dot) if dot else [])])


def model_functions(model: nn.Module) -> Functions:
    """Return the functions of the classes of a model's modules."""
    return Functions(cls for module in model.modules() for cls in type(module).__mro__ if cls is not object)


def hidden_functions(workload: Workload) -> list[str]:
    """Return the functions of a workload that attributes of the instance hide."""
    return [name for name in vars(workload) if callable(getattr(type(workload), name, None))]


def changed_values(workload: Workload, before: Mapping[str, Any]) -> list[str]:
    """Return `size`, and the public attributes that a workload's class declares, as far as its instance has others than before.

    What a workload itself keeps under other names, such as a table that it makes when it builds a model, may change.
    """
    now = vars(workload)
    declared = [name for name in {**before, **now} if not name.startswith("_") and hasattr(type(workload), name)]
    names = dict.fromkeys((*declared, "size"))
    return [name for name in names if now.get(name) is not before.get(name) or (name in now) != (name in before)]


def _functions(space: Any) -> dict[str, Any]:
    """Return {name: function or class} of a module or class that are watched."""
    found = {
        name: value
        for name, value in vars(space).items()
        if callable(value) or isinstance(value, (staticmethod, classmethod, property))
    }
    if not _label(space).startswith("torch"):
        return found
    return {
        name: value
        for name, value in found.items()
        if (not name.startswith("_") or name in CALLS) and not isinstance(value, type)  # torch.Storage changes with the type
    }


def _put_back(space: Any, name: str, originals: Mapping[str, Any]) -> None:
    if name in originals:
        setattr(space, name, originals[name])
    else:
        delattr(space, name)


def _hides(space: Any, name: str) -> bool:
    """Return whether a name of a class hides an inherited one."""
    return isinstance(space, type) and name != SLOTS and any(name in vars(base) for base in space.__mro__[1:])


def _modules(start: str) -> list[ModuleType]:
    """Return the loaded modules whose names begin with `start`."""
    return [module for name, module in list(sys.modules.items()) if name.startswith(start)]


def _classes(module: ModuleType) -> list[type]:
    """Return the classes that a module defines."""
    return [value for value in vars(module).values() if isinstance(value, type) and value.__module__ == module.__name__]


def _is_of_torch(value: Any) -> bool:
    """Return whether a function, and what it wraps, are defined in torch's own files."""
    while True:
        code = getattr(value, "__code__", None)
        if code is None or not str(code.co_filename).startswith(TORCH):
            return False
        if not hasattr(value, "__wrapped__"):
            return True
        value = value.__wrapped__


def _label(space: Any) -> str:
    return space.__name__ if inspect.ismodule(space) else f"{space.__module__}.{space.__qualname__}"
