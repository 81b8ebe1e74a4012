"""Packages whose public names are imported when they are first used (PEP 562), so that a command loads only what it needs."""

import ast
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
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

    return attribute, names
