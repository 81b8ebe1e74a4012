"""Packages whose public names are imported when they are first used (PEP 562), so that a command loads only what it needs."""

import ast
import sys
from collections.abc import Callable
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any


def on_first_use(package: str, file: str, *others: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return `__getattr__` and `__dir__` of a package that lists its public names under `if TYPE_CHECKING`.

    The imports of that block are the list, for type checkers and for Python alike: they are read from `file`, the package's
    own `__init__.py`, when a name is first asked for. `others` are public names that the package defines itself.
    """

    @cache
    def modules() -> dict[str, str]:
        statements = ast.parse(Path(file).read_text(encoding="utf-8")).body
        imports = next(statement.body for statement in statements if isinstance(statement, ast.If))
        found = [statement for statement in imports if isinstance(statement, ast.ImportFrom)]
        return {alias.name: statement.module or "" for statement in found for alias in statement.names}

    def names() -> list[str]:
        return sorted([*others, *modules()])

    def attribute(name: str) -> Any:
        if name == "__all__":
            return names()
        if name.startswith("__") or name not in modules():
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        return getattr(import_module(modules()[name]), name)

    # The import of a submodule sets the package's attribute of its name: a function of the same name would be hidden by it.
    hidden = [name for name, module in modules().items() if module == f"{package}.{name}"]
    if hidden:
        own = {name: property(partial(_found, attribute, name), _kept) for name in hidden}
        sys.modules[package].__class__ = type("PackageOfNames", (ModuleType,), own)
    return attribute, names


def _found(attribute: Callable[[str], Any], name: str, _: ModuleType) -> Any:
    return attribute(name)


def _kept(_: ModuleType, __: object) -> None:
    """Set nothing."""
