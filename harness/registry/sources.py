"""A plug-in's sources: its file, the modules of its folder or of the built-in packages that it imports, and its libraries."""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from pathlib import Path

from harness.canonical import stable_hash
from harness.contracts.errors import ContractError
from harness.contracts.messages import display_path as display_path
from harness.registry.syntax import syntax_hash

ROOT = Path(__file__).resolve().parents[2]
OURS: Mapping[str, Path] = {name: ROOT / name for name in ("submissions", "workloads")}
"""The packages of built-in plug-ins. They are looked for beside `harness`, since a folder of the same name in the current
directory comes before an editable installation."""

OWN_NAMES = ("harness", "timetrial")
"""Packages that plug-ins import the public names from: they are no library, since `PROTOCOL_VERSION` covers them."""


def is_built_in(path: Path | None) -> bool:
    """Return whether a submission's file comes with timetrial; a submission without a file does not."""
    return path is not None and path.is_relative_to(OURS["submissions"])


@dataclass(frozen=True)
class Sources:
    """A plug-in's source code.

    Attributes:
        files: the plug-in's file first, then every module that it imports, directly or not, from its own folder or
            from a built-in package, sorted by label.
        siblings: absolute names under which modules of its folder are imported (``import helper``).
        libraries: top-level names of all other modules that any of the files import, without the standard library.
        text_hash: SHA-256 of the files' bytes: a file whose text has changed is loaded again.
        search: folders in which an absolute import of a name in `siblings` looks.
        texts: (label, file, bytes) of each file, as it was read.
        stated_hash: what stands in for the hash of the files' content; empty if nothing does.
    """

    files: tuple[Path, ...]
    siblings: frozenset[str]
    libraries: frozenset[str]
    text_hash: str
    search: tuple[Path, ...] = ()
    texts: tuple[tuple[str, Path, bytes], ...] = field(default=(), repr=False, compare=False)
    stated_hash: str = ""

    @property
    def content_hash(self) -> str:
        """SHA-256 of the files' syntax trees: it does not depend on comments, docstrings and formatting, on where the folder
        lies, or on time stamps. It is computed on demand, since an index reads 180 files for the sake of a few.
        """
        return self.stated_hash or stable_hash(sorted((label, _hash(file, text)) for label, file, text in self.texts))


def read_sources(path: Path, packages: Mapping[str, Path] = OURS, *, anywhere: bool = False) -> Sources:
    """Return the sources of the plug-in in file `path`.

    Args:
        path: of the file.
        packages: {name: folder} of packages of plug-ins.
        anywhere: whether an absolute import that names the plug-in's folder at any place, as ``a.b.FOLDER.module``, means
            that folder, wherever it lies, and one in a folder below it may mean what lies beside the file. Names up to the
            folder, ``a.b.FOLDER``, are then among the siblings.

    Raises:
        ContractError: a file does not parse, or is not UTF-8; the message names file and line.
        OSError: the file cannot be read.
    """
    path = path.resolve()
    packaged = any(path.is_relative_to(folder) for folder in packages.values())
    waiting, seen = [path], {path: path.read_bytes()}
    siblings: set[str] = set()
    search = {path.parent: None}
    libraries: set[str] = set()
    while waiting:
        file = waiting.pop()
        for level, parts in _imports(file, seen[file]):
            place = parts[:-1].index(path.parent.name) + 1 if anywhere and not level and path.parent.name in parts[:-1] else 0
            own = list(_modules(path.parent, parts[place:])) if place else []
            if own:
                siblings.add(".".join(parts[:place]))
                waiting += _unread(own, seen, path.parent, packages)
                continue
            base = _base(file, level, parts, packages, None if packaged else path.parent)
            if base is None and anywhere and not level and file.is_relative_to(path.parent):
                base = _base(file, level, parts, packages, file.parent)
            if base is None:
                if not level and parts[0] not in sys.stdlib_module_names and parts[0] not in OWN_NAMES:
                    libraries.add(parts[0])
                continue
            if not level and parts[0] not in packages:
                siblings.add(parts[0])
                search[base] = None
            waiting += _unread(_modules(base, parts), seen, path.parent, packages)
    labels = {file: _label(file, path.parent, packages) for file in seen}
    rest = sorted((file for file in seen if file != path), key=lambda file: labels[file])
    text = sorted((label, hashlib.sha256(seen[file]).hexdigest()) for file, label in labels.items())
    texts = tuple((labels[file], file, seen[file]) for file in (path, *rest))
    return Sources((path, *rest), frozenset(siblings), frozenset(libraries), stable_hash(text), tuple(search), texts)


def _unread(modules: Iterable[Path], seen: dict[Path, bytes], folder: Path, packages: Mapping[str, Path]) -> list[Path]:
    """Read those of some modules that count and are not in `seen`, and return their paths."""
    new = [module for module in modules if module not in seen and _covered(module, folder, packages)]
    seen.update({module: module.read_bytes() for module in new})
    return new


@cache
def _imports(file: Path, code: bytes) -> tuple[tuple[int, list[str]], ...]:
    """Return everything that a file imports, inside functions too, as (level, dotted name in parts)."""
    return tuple(_import_statements(_tree(file, code)))


@cache
def _hash(file: Path, code: bytes) -> str:
    return syntax_hash(_tree(file, code))


def _tree(file: Path, code: bytes) -> ast.Module:
    try:
        return ast.parse(code, filename=str(file))
    except SyntaxError as error:
        raise ContractError(f"{display_path(file)}, line {error.lineno or 1}: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise ContractError(f"{display_path(file)}, line 1: {error or 'it is nested too deeply'}") from None


def _import_statements(tree: ast.Module) -> Iterator[tuple[int, list[str]]]:
    """Yield what a file imports, inside functions too. Only statements are looked at: no expression contains an import."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield 0, alias.name.split(".")
        elif isinstance(node, ast.ImportFrom):
            start = node.module.split(".") if node.module else []
            for alias in node.names:
                yield node.level, [*start, alias.name]
        else:
            waiting += [inner for field in _BLOCKS for inner in getattr(node, field, ())]


_BLOCKS = ("cases", "handlers", "finalbody", "orelse", "body")
"""Fields of a statement that hold statements, or what holds them; a lambda's and a conditional expression's `body` is one
expression, but no statement leads to them."""


def _base(file: Path, level: int, parts: list[str], packages: Mapping[str, Path], folder: Path | None) -> Path | None:
    """Return the folder that contains the first of `parts`, None where it is not a module of the plug-in or of `packages`."""
    if level:
        return file.parents[level - 1] if level <= len(file.parents) else None
    top = parts[0]
    if top in packages:
        return packages[top].parent
    if folder is None or top in sys.stdlib_module_names:
        return None
    return folder if (folder / f"{top}.py").is_file() or (folder / top / "__init__.py").is_file() else None


def _modules(base: Path, parts: list[str]) -> Iterator[Path]:
    """Yield the files of the modules that an import names, without symbolic links; of `base` there are none."""
    for part in parts:
        if (module := base / f"{part}.py").is_file():
            yield _without_link(module)
            return
        base = _without_link(base / part)
        if (package := base / "__init__.py").is_file():
            yield _without_link(package)


def _without_link(path: Path) -> Path:
    """Return `path.resolve()`, where only its last part may be a symbolic link: resolving each part takes ten times as long."""
    return path.resolve() if path.is_symlink() else path


def _covered(file: Path, folder: Path, packages: Mapping[str, Path]) -> bool:
    return file.is_relative_to(folder) or any(file.is_relative_to(package) for package in packages.values())


def _label(file: Path, folder: Path, packages: Mapping[str, Path]) -> str:
    """Return a name of the file that does not depend on where the plug-in's folder lies."""
    if file.is_relative_to(folder):
        return file.relative_to(folder).as_posix()
    home = next(package for package in packages.values() if file.is_relative_to(package))
    return file.relative_to(home.parent).as_posix()


def library_versions(names: frozenset[str]) -> dict[str, str]:
    """Return {library: installed version} for top-level module names without importing them; "not installed" where absent."""
    return {name: _version(name) for name in sorted(names)}


@cache
def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        distributions = _distributions().get(name)
        return metadata.version(distributions[0]) if distributions else "not installed"


@cache
def _distributions() -> Mapping[str, list[str]]:
    return metadata.packages_distributions()
