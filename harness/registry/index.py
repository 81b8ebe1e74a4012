"""The index of all plug-ins that have a name: in the built-in folders, in ./submissions and from installed entry points."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from time import monotonic
from types import ModuleType

from harness.contracts.errors import BadInput
from harness.contracts.messages import said
from harness.registry.loading import LoadedPlugin, load_file, plugins_of, resolved
from harness.registry.sources import OURS, display_path, read_sources

SUBFOLDERS = ("schedules", "optimizers", "procedures")

RETRY_SECONDS = 10.0
"""After so long what is broken is tried again: it may have become loadable by a change outside of these files."""


@dataclass(frozen=True)
class Broken:
    """A file or an entry point whose plug-ins cannot be used on this machine, or a name that several files use.

    Attributes:
        name: the file's name without its suffix, the entry point's name, or the name that several files use.
        reason: one line that names the file and says what to do.
        path: the file; None for an entry point.
    """

    name: str
    reason: BadInput
    path: Path | None = None


@dataclass
class Index:
    """Plug-ins by name.

    Attributes:
        plugins: the plug-ins of each name; if there are several, the name is ambiguous.
        broken: the files and entry points that could not be loaded.
    """

    plugins: dict[str, list[LoadedPlugin]] = field(default_factory=dict)
    broken: list[Broken] = field(default_factory=list)

    def find(self, name: str) -> LoadedPlugin | None:
        """Return the plug-in of that name, or None.

        Raises:
            BadInput: several files define the name; the message names them.
        """
        entries = self.plugins.get(name, [])
        if len(entries) > 1:
            files = " and ".join(display_path(entry.path) for entry in entries)
            raise BadInput(f"the name '{name}' is used by {files}: rename one")
        return entries[0] if entries else None

    def why_broken(self, name: str) -> BadInput | None:
        """Return why the file or entry point of that name could not be loaded, or None if there is none such."""
        return next((broken.reason for broken in self.broken if broken.name == name), None)

    def sorted_out(self) -> tuple[list[LoadedPlugin], list[Broken]]:
        """Return the plug-ins that can be used, sorted by name, and everything that cannot be, ambiguous names included."""
        usable: list[LoadedPlugin] = []
        broken = list(self.broken)
        for name in sorted(self.plugins):
            try:
                found = self.find(name)
            except BadInput as error:
                broken.append(Broken(name, error, self.plugins[name][0].path))
            else:
                usable += [found] if found else []
        return usable, sorted(broken, key=lambda item: (item.name, str(item.path)))


@dataclass(frozen=True)
class _CachedIndex:
    """An index, what it was read from (the files, the import path, the files' modification times and sizes), and when.

    The files are strings: paths are slow to make and to compare, and a plan asks for the index at every name.
    """

    read_from: tuple[tuple[str, ...], tuple[str, ...]]
    stamps: dict[Path, tuple[int, int] | None]
    index: Index
    ended: float


_cache: dict[str, _CachedIndex] = {}


def submissions_index() -> Index:
    """Return the index of submissions: those in ./submissions, in the built-in folders and from entry points."""
    return _index(
        [*_files(Path.cwd() / "submissions", SUBFOLDERS), *_files(OURS["submissions"], SUBFOLDERS)], "timetrial.submissions"
    )


def workloads_index() -> Index:
    """Return the index of workloads: those in ./workloads, ./submissions, the built-in folders and from entry points."""
    own = [*_files(Path.cwd() / "workloads", ()), *_files(Path.cwd() / "submissions", SUBFOLDERS)]
    return _index([*own, *_built_in()], "timetrial.workloads")


def load_built_in() -> None:
    """Load the files that come with timetrial. One that has been loaded is only read again, unless its text has changed.

    A file that cannot be loaded here is passed over: the index of each process says why.
    """
    for file in _built_in():
        with suppress(BadInput):
            load_file(Path(file))


def _built_in() -> list[str]:
    return [*_files(OURS["workloads"], ()), *_files(OURS["submissions"], SUBFOLDERS)]


def _files(folder: Path, subfolders: Iterable[str]) -> Iterator[str]:
    for directory in (folder, *(folder / name for name in subfolders)):
        try:
            entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
        except OSError:
            continue
        real = str(resolved(directory))
        for entry in entries:
            if entry.name.endswith(".py") and not entry.name.startswith(("_", ".")):  # as an editor's lock files do
                yield _real_path(entry, real)


def _real_path(entry: os.DirEntry[str], folder: str) -> str:
    """Return the path without symbolic links of an entry of `folder`; of what is no file, its absolute path."""
    if not entry.is_symlink() and entry.is_file():
        return f"{folder}{os.sep}{entry.name}"
    path = Path(entry.path)
    return str(resolved(path) if path.is_file() else path.absolute())


def _index(files: Iterable[str], group: str) -> Index:
    """Return the index of `files` and of the entry points of `group`, from the cache if none of the files has changed."""
    files = tuple(dict.fromkeys(files))
    read_from = files, tuple(sys.path)
    cached = _cache.get(group)
    if (
        cached is not None
        and (not cached.index.broken or monotonic() < cached.ended + RETRY_SECONDS)
        and cached.read_from == read_from
        and cached.stamps == _stamps(cached.stamps)
    ):
        return cached.index
    index = _read(map(Path, files), group)
    covered = {file for entries in index.plugins.values() for entry in entries for file in entry.sources.files}
    beside = {file for broken in index.broken if broken.path is not None for file in broken.path.parent.glob("*.py")}
    _cache[group] = _CachedIndex(read_from, _stamps({*map(Path, files), *covered, *beside}), index, monotonic())
    return index


def _stamps(files: Iterable[Path]) -> dict[Path, tuple[int, int] | None]:
    """Return {file: its modification time and size; None if there is no such file}."""
    return {file: _stamp(file) for file in files}


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        facts = file.stat()
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_size


def _read(files: Iterable[Path], group: str) -> Index:
    kinds = ("workload",) if group == "timetrial.workloads" else ("schedule", "optimizer", "procedure")
    index = Index()
    for file in files:
        try:
            entries = load_file(file)
        except BadInput as error:
            index.broken.append(Broken(file.stem, error, file))
            continue
        for entry in entries:
            if entry.plugin.kind in kinds:
                index.plugins.setdefault(entry.name, []).append(entry)
    for point in metadata.entry_points(group=group):
        try:
            entries = _from_entry_point(point)
        except (Exception, SystemExit) as error:  # noqa: BLE001 an installed package that is broken must not hide the others
            reason = BadInput(f"entry point '{point.name}' ({point.value}): {said(error)}")
            index.broken.append(Broken(point.name, reason))
            continue
        for entry in entries:
            if not any(entry.plugin is other.plugin for other in index.plugins.get(entry.name, [])):
                index.plugins.setdefault(entry.name, []).append(entry)
    return index


def _from_entry_point(point: metadata.EntryPoint) -> list[LoadedPlugin]:
    """Return the plug-ins of an entry point: all those of a module, or the one object that the entry point names."""
    target = point.load()
    plugins = plugins_of(target) if isinstance(target, ModuleType) else [target]
    if not plugins or not all(getattr(plugin, "kind", "") for plugin in plugins):
        raise BadInput("it does not name a plug-in")
    module = sys.modules[point.module]
    if module.__file__ is None:
        raise BadInput("its module has no file")
    path = Path(module.__file__).resolve()
    top = point.module.partition(".")[0]
    packages = {**OURS}
    if hasattr(sys.modules[top], "__path__"):
        packages[top] = Path(next(iter(sys.modules[top].__path__))).resolve()
    sources = read_sources(path, packages)
    named = {plugin.name if isinstance(target, ModuleType) else point.name: plugin for plugin in plugins}
    return [LoadedPlugin(name, plugin, sources, point.module) for name, plugin in named.items()]
