"""The source files of a plug-in as one text that imports nothing of timetrial."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.contracts import parameters
from harness.contracts.errors import BadInput
from harness.contracts.messages import display_path
from harness.registry.sources import OWN_NAMES, ROOT

DECORATORS = ("schedule", "optimizer")
RANGES = ("Uniform", "LogUniform", "Choice")
FUNCTIONS = ("split_parameters", "decay_groups", "hidden_groups")
"""Public functions whose source goes into the text, in an order in which each uses earlier ones only."""

NOTHING = "pass"
"""What stands in for a statement that is left out beside others, or alone in a block."""


@dataclass(frozen=True, order=True)
class _Edit:
    """What stands in for a statement or a decorator.

    Attributes:
        first, last: lines, counted from 1.
        start, end: columns in the first and after the last line, in bytes, as `ast` counts them.
        text: in its place; empty: its lines go.
    """

    first: int
    start: int
    last: int
    end: int
    text: str


@dataclass(frozen=True)
class Bundle:
    """The text.

    Attributes:
        text: modules in the order of their dependence, public functions first.
        names: what it defines at its top level.
    """

    text: str
    names: frozenset[str]


def bundled(files: Sequence[Path], recipes: Mapping[str, Mapping[str, object]]) -> Bundle:
    """Return the files of a plug-in as one text.

    Imports among the files and of `harness` are left out, and so are the decorators of plug-ins; an optimizer recipe gets
    ``@_recipe(defaults)`` instead.

    Args:
        files: Python files; a package's ``__init__.py`` counts for nothing.
        recipes: {name of an optimizer's function: its defaults}.

    Raises:
        BadInput: a file uses something of `harness` that AlgoPerf has not, or two files define the same name.
    """
    own = [file for file in files if file.name != "__init__.py"]
    trees = {file: ast.parse(file.read_bytes()) for file in own}
    used: set[str] = set()
    parts: dict[Path, str] = {}
    owners: dict[str, Path] = {}
    for file in _in_order(trees):
        edits = list(_edits(file, trees, recipes, used))
        parts[file] = _edited(file.read_text(encoding="utf-8"), edits)
        for name in _defined(ast.parse(parts[file])):
            if name in owners:
                raise BadInput(f"'{name}' is defined by {display_path(owners[name])} and by {display_path(file)}: rename one")
            owners[name] = file
    functions = [name for name in FUNCTIONS if name in used or (name == FUNCTIONS[0] and FUNCTIONS[2] in used)]
    sources = [inspect.getsource(getattr(parameters, name)).rstrip() for name in functions]
    return Bundle("\n\n\n".join([*sources, *parts.values()]), frozenset({*functions, *owners}))


def _in_order(trees: Mapping[Path, ast.Module]) -> list[Path]:
    """Return the files, each after those that it imports."""
    ordered: list[Path] = []

    def visit(file: Path, above: tuple[Path, ...]) -> None:
        for node in ast.walk(trees[file]):
            for other in _targets(file, node, trees):
                if other not in (*above, file, *ordered):
                    visit(other, (*above, file))
        ordered.append(file)

    for file in trees:
        if file not in ordered:
            visit(file, ())
    return ordered


def _targets(file: Path, node: ast.AST, trees: Mapping[Path, ast.Module]) -> list[Path]:
    """Return the files of the plug-in that an import statement means."""
    if not isinstance(node, ast.ImportFrom):
        return []
    parts = node.module.split(".") if node.module else []
    bases = [file.parents[node.level - 1]] if node.level else [file.parent, ROOT]
    wanted = [parts, *([*parts, alias.name] for alias in node.names)]
    found = (base.joinpath(*names).with_suffix(".py") for base in bases for names in wanted if names)
    return [path for path in dict.fromkeys(found) if path in trees]


def _edits(
    file: Path, trees: Mapping[Path, ast.Module], recipes: Mapping[str, Mapping[str, object]], used: set[str]
) -> Iterator[_Edit]:
    """Yield what changes in a file, and add to `used` the public functions that it imports.

    Raises:
        BadInput: it uses something of `harness` that AlgoPerf has not.
    """
    tree = trees[file]
    ours = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and _is_ours(node)
        for alias in node.names
        if alias.name in (*DECORATORS, *RANGES)
    }
    first = tree.body[0] if tree.body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        yield _edit(first, NOTHING)
    decorated = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            for decorator in node.decorator_list:
                if ours.get(_name_of(decorator)) in DECORATORS:
                    decorated |= {id(inner) for inner in ast.walk(decorator)}
                    mark = f"@_recipe({dict(recipes[node.name])!r})" if node.name in recipes else ""
                    yield _edit(decorator, mark, start=node.col_offset)
        elif isinstance(node, ast.ImportFrom) and _is_ours(node):
            _check_public(file, node)
            used |= {alias.name for alias in node.names}
            yield _edit(node, _renamed(node))
        elif isinstance(node, ast.ImportFrom) and (node.module == "__future__" or _targets(file, node, trees)):
            yield _edit(node, _renamed(node))
        elif isinstance(node, ast.Import) and any(
            alias.name.partition(".")[0] in (*OWN_NAMES, "submissions") for alias in node.names
        ):
            raise BadInput(
                f"{display_path(file)}, line {node.lineno}: write `from MODULE import NAME`, so that it can be exported"
            )
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in ours and id(node) not in decorated:
            raise BadInput(f"{display_path(file)}, line {node.lineno}: uses {ours[node.id]} of harness, which AlgoPerf has not")


def _is_ours(node: ast.ImportFrom) -> bool:
    return not node.level and (node.module or "").partition(".")[0] in OWN_NAMES


def _check_public(file: Path, node: ast.ImportFrom) -> None:
    for alias in node.names:
        if alias.name not in (*DECORATORS, *RANGES, *FUNCTIONS):
            raise BadInput(f"{display_path(file)}, line {node.lineno}: uses {alias.name} of harness, which AlgoPerf has not")


def _renamed(node: ast.ImportFrom) -> str:
    """Return the assignments that give imported names their other names; decorators and ranges go with their decorator."""
    others = [alias for alias in node.names if alias.asname not in (None, alias.name)]
    return "; ".join(f"{a.asname} = {a.name}" for a in others if not _is_ours(node) or a.name in FUNCTIONS) or NOTHING


def _edit(node: ast.stmt | ast.expr, text: str, start: int | None = None) -> _Edit:
    assert node.end_lineno is not None and node.end_col_offset is not None
    return _Edit(node.lineno, node.col_offset if start is None else start, node.end_lineno, node.end_col_offset, text)


def _name_of(decorator: ast.expr) -> str:
    function = decorator.func if isinstance(decorator, ast.Call) else decorator
    return function.id if isinstance(function, ast.Name) else ""


def _edited(text: str, edits: Sequence[_Edit]) -> str:
    lines = text.encode().split(b"\n")  # `splitlines` also splits at form feeds, which Python's line numbers do not count
    for edit in sorted(edits, reverse=True):
        before, after = lines[edit.first - 1][: edit.start], lines[edit.last - 1][edit.end :]
        alone = not before.strip() and (not after.strip() or after.lstrip().startswith(b"#"))
        goes = alone and (not edit.text or (edit.text == NOTHING and not before))
        lines[edit.first - 1 : edit.last] = [] if goes else [before + edit.text.encode() + after]
    return b"\n".join(lines).decode().strip()


def _defined(tree: ast.Module) -> Iterator[str]:
    """Yield the names that a module's own statements define; imported ones may be shared."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from dict.fromkeys(n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name))
