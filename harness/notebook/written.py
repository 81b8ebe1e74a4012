"""A function or class that was defined in a notebook's cell, as the text of a file of its own.

A trial's id covers the source of its submission, a worker imports it, and an audit repeats it. All three read a file, so what
a cell defines is written to one: the definition, and what it uses of the other cells.
"""

from __future__ import annotations
import __future__

import ast
import linecache
import symtable
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import CodeType, FunctionType, ModuleType
from typing import Any

from harness.contracts.errors import BadInput
from harness.contracts.optimizers import Optimizer
from harness.contracts.schedules import Schedule
from harness.registry.sources import OWN_NAMES, library_versions

LITERALS = (bool, int, float, complex, str, bytes, type(None), tuple, list, dict, set, frozenset)


@dataclass
class _File:
    """What is written so far: imports, values and definitions, in an order in which each finds what it uses."""

    what: str
    imports: dict[str, None] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    definitions: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        imports = sorted(self.imports, key=lambda line: (not line.startswith("from __future__"), line))
        values = [f"{name} = {value}" for name, value in self.values.items()]
        head = "\n\n".join("\n".join(lines) for lines in (imports, values) if lines)
        return "\n\n\n".join(filter(None, (head, *self.definitions.values()))) + "\n"


def source_text(plugin: Any) -> str:
    """Return the text of a file that defines a plug-in of this process's ``__main__`` or of a notebook.

    It contains the definition with its decorators, the functions and classes of the same module that it uses, imports, and
    numbers, texts and containers of them, with the values that they have now.

    Args:
        plugin: a schedule, an optimizer recipe, a class of a training procedure, or a plain function, which is a schedule.

    Raises:
        BadInput: its source is not known, it is not defined at the top level, or it uses what no file can hold.
    """
    defined = plugin.function if isinstance(plugin, Schedule | Optimizer) else plugin
    title = getattr(plugin, "name", "") or getattr(defined, "__name__", repr(plugin))
    file = _File(f"'{title}'")
    if defined is plugin and isinstance(plugin, FunctionType):
        file.imports["import harness"] = None
    _define(defined.__name__, defined, file)
    if defined is plugin and isinstance(plugin, FunctionType):
        file.definitions[plugin.__name__] = f"@harness.schedule\n{file.definitions[plugin.__name__]}"
    return file.text


def _define(name: str, defined: Any, file: _File) -> None:
    """Add the definition of a function or class, after all that it uses."""
    if name in file.definitions:
        return
    code, variables = _code_of(defined, file), vars(sys.modules[defined.__module__])
    if isinstance(defined, FunctionType):
        variables = defined.__globals__
    if code.co_flags & __future__.annotations.compiler_flag:
        file.imports["from __future__ import annotations"] = None
    text = _definition(name, defined, code, file)
    file.definitions[name] = text  # its place is corrected below; a recursive function finds itself here
    for used in sorted(set(_referenced(symtable.symtable(text, "cell", "exec")))):
        if used in variables and used != name and not used.startswith("__"):
            _take(used, variables[used], defined.__module__, file)
    file.definitions[name] = file.definitions.pop(name)


def _take(name: str, value: Any, module: str, file: _File) -> None:
    """Add what makes `name` mean `value` in the file."""
    own = value.function if isinstance(value, Schedule | Optimizer) else value
    home, called = getattr(own, "__module__", ""), getattr(own, "__name__", "")
    if isinstance(value, ModuleType):
        _check_installed(value.__name__, name, file)
        file.imports[f"import {value.__name__}" + ("" if value.__name__ == name else f" as {name}")] = None
    elif isinstance(own, FunctionType | type) and home == module and called == name:
        _define(name, own, file)
    elif isinstance(value, LITERALS) and _is_literal(value):
        file.values[name] = repr(value)
    elif home != module and (source := _import_source(home, called, value)):
        _check_installed(source, name, file)
        public = "harness" if source.startswith("harness.") and called in dir(sys.modules["harness"]) else source
        if public != "builtins" or name != called:  # Python's own name needs no import
            file.imports[f"from {public} import {called}" + ("" if called == name else f" as {name}")] = None
    else:
        raise BadInput(
            f"{file.what} uses '{name}' of the notebook, of type {type(value).__name__}, which cannot be written to a file:"
            " make it inside the function, or a number, a text or an import"
        )


def _import_source(home: str, called: str, value: Any) -> str:
    """Return the module from which `value` can be imported as `called`, a public one if there is; "" if none."""
    modules = (home.lstrip("_"), home)  # Python's C modules: functools.reduce says that it is of _functools
    return next((name for name in modules if name and getattr(sys.modules.get(name), called, None) is value), "")


def _is_literal(value: Any) -> bool:
    """Return whether the `repr` of a value is Python that gives the same value."""
    try:
        return bool(repr(ast.literal_eval(repr(value))) == repr(value))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False


def _check_installed(module: str, name: str, file: _File) -> None:
    """Check that a module is of Python or of an installed package: only their versions are recorded.

    Raises:
        BadInput: it is a file of the user's, whose changes no record would show.
    """
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names or top in OWN_NAMES:
        return
    if library_versions(frozenset({top}))[top] == "not installed":
        raise BadInput(
            f"{file.what} uses '{name}' of the module '{module}', whose changes the records would not show:"
            f" put the submission into a file beside it and race that, as in race(['./my.py'])"
        )


def _code_of(defined: Any, file: _File) -> CodeType:
    """Return the code of a function, or of any method that a class itself defines.

    Raises:
        BadInput: it has none.
    """
    parts = [defined, *vars(defined).values()] if isinstance(defined, type) else [defined]
    for part in parts:
        part = getattr(part, "__func__", part)
        if isinstance(part, FunctionType) and (part is defined or linecache.getlines(part.__code__.co_filename)):
            return part.__code__
    raise BadInput(f"{file.what}: no source is known of {defined!r}: define a function, or a class with methods")


def _definition(name: str, defined: Any, code: CodeType, file: _File) -> str:
    """Return the text of a definition at the top level of its cell or file, its decorators included.

    Raises:
        BadInput: the source is not known, or the definition is inside another one.
    """
    lines = linecache.getlines(code.co_filename)
    try:
        tree = ast.parse("".join(lines))
    except SyntaxError:
        tree = ast.Module([], [])
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == name:
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            if first <= code.co_firstlineno <= (node.end_lineno or first):
                return "".join(lines[first - 1 : node.end_lineno]).rstrip()
    if "<locals>" in getattr(defined, "__qualname__", "") or lines:
        raise BadInput(f"{file.what} is not defined by `def` or `class` at the top level of a cell: define it there")
    raise BadInput(f"the source of {file.what} is not known here: write it into a file and race that, as in race(['./my.py'])")


def _referenced(table: symtable.SymbolTable) -> Iterator[str]:
    """Yield the names that a definition takes from its module or from Python itself."""
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (table.get_type() == "module" or symbol.is_global()):
            yield symbol.get_name()
    for child in table.get_children():
        yield from _referenced(child)
