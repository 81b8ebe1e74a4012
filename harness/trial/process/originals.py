"""Notices functions, classes and modules that a trial replaced, and puts the originals back.

What is compared: every name in the harness's own modules, and in the modules and classes of Python, NumPy, torch and
pytorch_optimizer below every name that holds something callable. What `harness.trial.tampering` watches while a trial runs
is among it, so that what a finaliser replaces later is found too. A comparison of about 25,000 names by identity takes less
than a millisecond. It does not see a function whose code object was exchanged, nor a container whose items were.
"""

from __future__ import annotations

import builtins
import operator
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import torch

OWN = ("harness", "workloads")
"""Packages in which every name counts, constants included."""

PLUGINS = ("submissions", "timetrial_plugins", "pytorch_optimizer")
"""Packages in which every name that holds something callable counts."""

RELOADED = "timetrial_plugins."
"""Modules that the registry itself loads again where their files have changed."""

TORCH = ("torch.nn.", "torch.optim.", "torch.autograd.", "torch.func.")

OTHERS = frozenset(
    name
    for names in (
        "builtins _thread collections contextlib copy copyreg dataclasses functools gc hashlib io itertools json json.decoder",
        "json.encoder logging math numbers numpy numpy.linalg numpy.random operator os pathlib pickle posixpath random re",
        "resource signal statistics struct subprocess tempfile threading time traceback warnings weakref",
        "torch torch._C._nn torch._compile torch._dynamo torch._dynamo.decorators torch._dynamo.eval_frame torch._tensor",
        "torch._VF torch.compiler torch.fft torch.linalg torch.nn torch.optim torch.overrides torch.random torch.special",
    )
    for name in names.split()
)
"""Single modules in which every name that holds something callable counts. Every step of torch's optimizers calls
`torch._dynamo`, also where nothing is compiled; what torch replaces there when it compiles holds nothing callable."""

STRICT = frozenset({"torch._VF", "torch.compiler"})
"""Single modules in which every name counts: a table of functions, and flags that say whether torch compiles now."""

EXTENSIONS: Mapping[str, ModuleType] = {"torch._C._nn": torch._C._nn}
"""Modules of `OTHERS` that not every version of torch lists in `sys.modules`."""

MISSING = object()

_builtins = vars(builtins)


class _Space:
    """The names of a module or a class, and what they held.

    Args:
        label: name of the module or class.
        owner: the module or class.
        names: its names and their present values: always those of the owner.
        strict: whether names that hold nothing callable count too.
    """

    __slots__ = ("held", "label", "names", "owner", "strict")

    def __init__(self, label: str, owner: Any, names: Mapping[str, Any], strict: bool) -> None:
        self.label, self.owner, self.names, self.strict = label, owner, names, strict
        self.held: dict[str, Any] = dict(names)

    def differs(self) -> bool:
        """Return whether a name was added, removed or given another value."""
        return len(self.held) != len(self.names) or not all(map(operator.is_, self.held.values(), self.names.values()))


_spaces: dict[str, tuple[ModuleType, list[_Space]]] = {}
"""{name of a module: the module, its space, and those of its classes}. They are kept from trial to trial, since making them
takes five times as long as comparing them."""

_seen: set[str] = set()
"""Names of the modules that were looked at, of which `_spaces` holds those that count."""

_replaced: list[str] = []
"""What the present trial has replaced so far and was put back already."""


def note_replaced(name: str) -> None:
    """Note that the trial had replaced something that was put back while it ran."""
    _replaced.append(name)


class Originals:
    """Remembers what is there now; `restore` puts back what was replaced since, and says what that was.

    Args:
        own_process: whether nothing but trials changes this process, so that what the last one left is what is there now.
    """

    def __init__(self, *, own_process: bool) -> None:
        for name in (sys.modules.keys() | EXTENSIONS.keys()) - _seen:
            _seen.add(name)
            if _counts(name):
                module = _present(name)
                _spaces[name] = module, _spaces_of(module, name)
        if not own_process:
            _take_as_they_are()
        _replaced.clear()

    def restore(self) -> list[str]:
        """Put back what was replaced, and return the names of it."""
        replaced = [*_replaced]
        for name, (module, spaces) in [*_spaces.items()]:
            if _present(name) is not module:
                if name.startswith(RELOADED):
                    _forget(name)
                    continue
                sys.modules[name] = module
                replaced.append(f"the module {name}")
            for space in spaces:
                if space.differs():
                    replaced += _put_back(space)
                    space.held = dict(space.names)
        return sorted(set(replaced))


@contextmanager
def builtins_restored() -> Iterator[None]:
    """Put builtin functions back after the body, before anything else is done, since everything else calls some of them."""
    before = _builtins.copy()
    try:
        yield
    finally:
        found = _builtins.copy()
        _builtins.update(before)
        _replaced.extend(f"builtins.{name}" for name, value in before.items() if found.get(name, MISSING) is not value)


def _take_as_they_are() -> None:
    """Take changes that came from outside of a trial, such as the user's own, for what is there."""
    for name, (module, spaces) in [*_spaces.items()]:
        if _present(name) is not module:
            _forget(name)
        for space in spaces:
            if space.differs():
                space.held = dict(space.names)


def _forget(name: str) -> None:
    """Forget a module; it counts again from the next trial on, if there is one of its name."""
    del _spaces[name]
    _seen.discard(name)


def _present(name: str) -> Any:
    """Return the module that an import by this name gives now."""
    return sys.modules.get(name, EXTENSIONS.get(name))


def _counts(name: str) -> bool:
    return name in OTHERS or name.split(".", 1)[0] in (*OWN, *PLUGINS) or name.startswith(TORCH)


def _spaces_of(module: ModuleType, name: str) -> list[_Space]:
    """Return the space of a module and those of the classes that it defines, its own class included."""
    strict = name in STRICT or name.split(".", 1)[0] in OWN
    values = (*vars(module).values(), type(module))
    classes = [value for value in values if isinstance(value, type) and value.__module__ == name]
    spaces = [_Space(f"{name}.{owner.__qualname__}", owner, owner.__dict__, strict) for owner in dict.fromkeys(classes)]
    return [_Space(name, module, vars(module), strict), *spaces]


def _put_back(space: _Space) -> Iterator[str]:
    """Put the replaced values of a space back; yield their names."""
    for name, value in space.held.items():
        now = space.names.get(name, MISSING)
        if now is not value and (space.strict or _is_callable(value)) and not _is_profiled(now, value):
            setattr(space.owner, name, value)
            yield f"{space.label}.{name}"
    for name in [*(space.names.keys() - space.held.keys())]:
        now, hidden = space.names[name], _hidden_by(space.owner, name)
        if hidden is not MISSING and _is_callable(now) and not _is_profiled(now, hidden):
            delattr(space.owner, name)
            yield f"{space.label}.{name}"


def _is_callable(value: Any) -> bool:
    """Return whether a value is a function, a class or a descriptor such as a property; a submodule is not."""
    return callable(value) or hasattr(type(value), "__get__")


def _is_profiled(now: Any, before: Any) -> bool:
    """Return whether `now` is what torch makes of an optimizer's `step` when the first optimizer of the class is created."""
    return getattr(now, "__code__", None) is _PROFILED and getattr(now, "__wrapped__", None) is before


def _hidden_by(owner: Any, name: str) -> Any:
    """Return what a new name hides; `MISSING` if nothing.

    In a class this is an inherited attribute, and in a module a builtin, or what its class looks up as `torch._VF` does.
    """
    if isinstance(owner, type):
        return next((vars(base)[name] for base in owner.__mro__[1:] if name in vars(base)), MISSING)
    look_up = getattr(type(owner), "__getattr__", None)
    try:
        return look_up(owner, name) if look_up is not None else _builtins.get(name, MISSING)
    except AttributeError:
        return MISSING


_PROFILED = torch.optim.Optimizer.profile_hook_step(lambda optimizer: None).__code__
