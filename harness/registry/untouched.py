"""Notices what a plug-in replaces while its file is loaded, and puts the originals back: the process that plans relies on them.

What is compared: every name that holds a function, a class, a descriptor or a module, in the modules of the harness, of the
built-in plug-ins and of what they call to write, read and compare records, and in the classes that these define. It takes about
a millisecond and needs no torch; a trial's process is watched more closely (`harness.trial.process.originals`). It does not see
a function whose code object was exchanged, nor a container whose items were.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from operator import is_
from types import ModuleType
from typing import Any

from harness.contracts.errors import ContractError

PLUGINS = ("submissions", "workloads")
"""Packages of built-in plug-ins, whose modules the registry itself loads again where their files have changed."""

OWN = ("harness", *PLUGINS)
INSIDE = tuple(f"{package}." for package in OWN)

OTHERS = frozenset(
    name
    for names in ("builtins hashlib json json.decoder json.encoder math os", "pathlib pathlib._local posixpath statistics")
    for name in names.split()
)
"""Single modules of Python."""

NAMED = 3
"""So many of the replaced names are named."""

MISSING = object()

_Space = tuple[str, Any, Mapping[str, Any], dict[str, Any]]
"""The label of a module or class, itself, its names as they are, and as they were."""

_builtins = vars(builtins)
_names_of = type.__dict__["__dict__"].__get__
"""Returns the names of a class, whatever its metaclass says."""


class Replaced(ContractError):
    """A plug-in replaced a function, class or module of the harness, or one that the harness calls."""


@contextmanager
def untouched() -> Iterator[None]:
    """Put functions, classes and modules that the body replaced or removed back after it; what it adds may stay.

    Something new that hides a function, such as a module's own `len` or a class's own `__getattribute__`, replaces it.

    Raises:
        Replaced: the body ended without an error, and had replaced something; the message names it.
    """
    names = [name for name in [*sys.modules] if name in OTHERS or name in OWN or name.startswith(INSIDE)]
    modules = {name: module for name in names if isinstance(module := sys.modules.get(name), ModuleType)}
    spaces = _spaces(modules)
    here, present = globals(), _builtins
    here_before, present_before = here.copy(), present.copy()
    try:
        yield
    finally:
        # These first, without a call of any of them: all that follows calls them.
        found: dict[str, dict[str, Any]] = {here_before["__name__"]: here.copy(), "builtins": present.copy()}
        present.update(present_before)
        here.update(here_before)
        for new in here.keys() - here_before.keys():
            del here[new]
        replaced = [*_put_back_modules(modules), *_put_back(spaces, found)]
    if replaced:
        more = f" and {len(replaced) - NAMED} more" if len(replaced) > NAMED else ""
        raise Replaced(f"it replaced {', '.join(replaced[:NAMED])}{more}: leave it as it is")


def _remembered() -> Callable[[Mapping[str, ModuleType]], list[_Space]]:
    """Return a function that returns the spaces of some modules as they are now.

    It keeps them from call to call, since to make them takes several times as long as to compare them.
    """
    known: dict[str, tuple[ModuleType, list[_Space]]] = {}

    def spaces(modules: Mapping[str, ModuleType]) -> list[_Space]:
        for label, module in modules.items():
            if (
                label not in known
                or known[label][0] is not module
                or any(_differs(names, held) for *_, names, held in known[label][1])
            ):
                known[label] = module, [*_spaces_of(label, module)]
        return [space for label in modules for space in known[label][1]]

    return spaces


_spaces = _remembered()


def _spaces_of(label: str, module: ModuleType) -> Iterator[_Space]:
    """Return the spaces of a module and of the classes that it defines."""
    names = vars(module)
    yield label, module, names, names.copy()
    for owner in dict.fromkeys([value for value in names.values() if issubclass(type(value), type)]):
        own = _names_of(owner)
        if own.get("__module__") == label:
            yield f"{label}.{owner.__qualname__}", owner, own, own.copy()


def _differs(names: Mapping[str, Any], held: Mapping[str, Any]) -> bool:
    """Return whether a name was added, removed or given another value."""
    return len(names) != len(held) or not all(map(is_, held.values(), names.values()))


def _put_back(spaces: list[_Space], found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Put the replaced values of spaces back; yield their names. `found` has the names of those that were put back before."""
    for label, owner, names, held in spaces:
        for name in _replaced(label, owner, found.get(label, names), held):
            if isinstance(names, dict):
                names[name] = held.get(name)
                if name not in held:
                    del names[name]
            elif name in held:
                type.__setattr__(owner, name, held[name])
            else:
                type.__delattr__(owner, name)
            yield f"{label}.{name}"


def _replaced(label: str, owner: Any, names: Mapping[str, Any], held: Mapping[str, Any]) -> list[str]:
    """Return those names of a space that were replaced, removed, or added and hide something."""
    if not _differs(names, held):
        return []
    differing = [name for name, value in held.items() if names.get(name, MISSING) is not value]
    replaced = [name for name in differing if _matters(held[name]) and not _is_submodule(label, name, held, names)]
    added = names.keys() - held.keys()
    return replaced + [name for name in added if _matters(names[name]) and _hides(owner, name, names[name], held)]


def _matters(value: Any) -> bool:
    """Return whether a value is a function, a class, a descriptor such as a property, or a module."""
    return callable(value) or hasattr(type(value), "__get__") or isinstance(value, ModuleType)


def _is_submodule(label: str, name: str, held: Mapping[str, Any], names: Mapping[str, Any]) -> bool:
    """Return whether the import system has set a name of a package, where the registry has the submodule loaded again."""
    return isinstance(held[name], ModuleType) and name in names and sys.modules.get(f"{label}.{name}") is names[name]


def _hides(owner: Any, name: str, value: Any, held: Mapping[str, Any]) -> bool:
    """Return whether a new name hides what its module finds otherwise, or what its class inherits."""
    if isinstance(owner, ModuleType):
        return not isinstance(value, ModuleType) and (name in _builtins or "__getattr__" in held)
    return any(name in _names_of(base) for base in owner.__mro__[1:])


def _put_back_modules(modules: Mapping[str, ModuleType]) -> Iterator[str]:
    """Put modules that are no plug-ins back under their names; yield these."""
    for name, module in modules.items():
        if name.partition(".")[0] not in PLUGINS and sys.modules.get(name) is not module:
            sys.modules[name] = module
            yield f"the module {name}"
