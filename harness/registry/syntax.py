"""The content hash of one Python file: of its syntax tree, so that comments, docstrings and formatting do not count.

`ast.dump` will not do: it prints the same program differently from one Python version to the next. This module imports
the standard library only, so that a test can run it by its path on every Python that a machine has.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator, Sequence
from functools import cache

_WITHOUT_MEANING = frozenset({"ctx", "kind", "type_comment", "type_ignores"})
"""Fields that follow from the node's position (`ctx`), or that Python itself ignores."""

_OPEN, _CLOSE = "(", ")"


def syntax_hash(tree: ast.Module) -> str:
    """Return the SHA-256 of a syntax tree, in hexadecimal; the same on Python 3.11 to 3.14 for the same program.

    Comments, formatting, docstrings, other string statements and `pass` do not count. Names, constants, operators,
    defaults, decorators, annotations and the order of statements do.
    """
    return hashlib.sha256("\n".join(_tokens(tree)).encode("ascii")).hexdigest()


def _tokens(tree: ast.AST) -> Iterator[str]:
    """Yield the tree in prefix order, an opening and a closing bracket around each node's fields and around each list.

    Nodes wait on a stack instead of the call stack: a long chain of operators is deeper than Python's recursion limit.
    """
    waiting: list[object] = [tree]
    while waiting:
        item = waiting.pop()
        if isinstance(item, _Token):
            yield item
        elif isinstance(item, ast.Constant):
            yield f"{type(item.value).__name__} {_literal(item.value)}"
        elif isinstance(item, ast.AST):
            yield type(item).__name__
            waiting.append(_END)
            for name in _field_names(item._fields):
                value = getattr(item, name, None)
                items = _items(item, name, value) if isinstance(value, list) else value
                if items is not None and items != []:
                    waiting += (items, _Token(name))
            yield _OPEN
        elif isinstance(item, list):
            yield _OPEN
            waiting.append(_END)
            waiting += reversed(item)
        else:
            yield ascii(item)


class _Token(str):
    """A part of the output that is written as it is; other strings are names of the program."""

    __slots__ = ()


_END = _Token(_CLOSE)


@cache
def _field_names(fields: tuple[str, ...]) -> tuple[str, ...]:
    """Return the fields that count, in alphabetical order: versions differ in theirs."""
    return tuple(sorted(set(fields) - _WITHOUT_MEANING))


def _literal(value: object) -> str:
    """Return a constant in ASCII: `repr` of a string depends on the version's Unicode tables, and of an int on its limit."""
    return hex(value) if type(value) is int else ascii(value)


def _items(node: ast.AST, name: str, items: list[ast.AST]) -> Sequence[object]:
    """Return the items of a list field without what means nothing, and in one form where the same program has several."""
    if name == "values" and type(node).__name__ in ("JoinedStr", "TemplateStr"):
        return _joined(items)
    if name == "targets" and isinstance(node, ast.Delete):
        return list(_deleted(items))
    return [item for item in items if not _does_nothing(item)]


def _does_nothing(item: ast.AST) -> bool:
    if isinstance(item, ast.Expr):
        return isinstance(item.value, ast.Constant) and isinstance(item.value.value, str)
    return isinstance(item, ast.Pass)


def _joined(values: Sequence[ast.AST]) -> list[ast.AST]:
    """Return the parts of a formatted string, neighbouring constants as one and empty ones left out."""
    parts: list[ast.AST] = []
    for value in values:
        if isinstance(value, ast.Constant) and parts and isinstance(parts[-1], ast.Constant):
            parts[-1] = ast.Constant(str(parts[-1].value) + str(value.value))
        elif not (isinstance(value, ast.Constant) and value.value == ""):
            parts.append(value)
    return parts


def _deleted(targets: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Yield what a `del` statement deletes: formatters turn ``del (a, b)`` into ``del a, b``."""
    for target in targets:
        if isinstance(target, ast.Tuple | ast.List):
            yield from _deleted(target.elts)
        else:
            yield target
