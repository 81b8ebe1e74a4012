"""Where plug-ins are looked for: built-in folders, ./submissions, installed entry points."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from types import ModuleType

from harness.contracts import BadInput
from harness.registry.loading import Found, load_file, plugins_of
from harness.registry.sources import OURS, read_sources, shown

SUBFOLDERS = ("schedules", "optimizers", "procedures")


@dataclass
class Index:
    """Everything that can be found by name.

    Attributes:
        found: plug-ins by name; more than one under a name is a clash.
        broken: why a file or an entry point could not be loaded, by the name that it would most likely have.
        files: the broken files, by the same name, where there is a file.
    """

    found: dict[str, list[Found]] = field(default_factory=dict)
    broken: dict[str, BadInput] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)

    def only(self, name: str) -> Found | None:
        """Return the plug-in of that name, None where there is none.

        Raises:
            BadInput: two files define it; both are named.
        """
        entries = self.found.get(name, [])
        if len(entries) > 1:
            places = " and ".join(shown(entry.path) for entry in entries)
            raise BadInput(f"the name '{name}' is taken twice, by {places}: rename one")
        return entries[0] if entries else None


@dataclass(frozen=True)
class _Known:
    place: tuple[tuple[Path, ...], tuple[str, ...]]
    stamps: dict[Path, tuple[int, int]]
    index: Index


_known: dict[str, _Known] = {}


def submissions_index() -> Index:
    """Return every submission that has a name: ./submissions, the built-in folders, entry points."""
    return _index(
        [*_files(Path.cwd() / "submissions", SUBFOLDERS), *_files(OURS["submissions"], SUBFOLDERS)], "timetrial.submissions"
    )


def workloads_index() -> Index:
    """Return every workload that has a name: ./workloads, ./submissions, the built-in folder, entry points."""
    own = [*_files(Path.cwd() / "workloads", ()), *_files(Path.cwd() / "submissions", SUBFOLDERS)]
    return _index([*own, *_files(OURS["workloads"], ()), *_files(OURS["submissions"], SUBFOLDERS)], "timetrial.workloads")


def _files(folder: Path, subfolders: Iterable[str]) -> Iterator[Path]:
    for place in (folder, *(folder / name for name in subfolders)):
        yield from (file.resolve() for file in sorted(place.glob("*.py")) if not file.name.startswith("_"))


def _index(files: Iterable[Path], group: str) -> Index:
    """Return the index of `files` and of the entry points of `group`; the last one again while no file of it has changed."""
    files = tuple(dict.fromkeys(files))
    known = _known.get(group)
    if known is not None and known.place == (files, tuple(sys.path)) and known.stamps == _stamps(known.stamps):
        return known.index
    index = _read(files, group)
    _known.pop(group, None)
    if not index.broken:  # what a broken file lacks may appear anywhere
        covered = {file for entries in index.found.values() for entry in entries for file in entry.sources.files}
        _known[group] = _Known((files, tuple(sys.path)), _stamps([*files, *covered]), index)
    return index


def _stamps(files: Iterable[Path]) -> dict[Path, tuple[int, int]]:
    stats = {file: file.stat() for file in files if file.exists()}
    return {file: (stat.st_mtime_ns, stat.st_size) for file, stat in stats.items()}


def _read(files: Iterable[Path], group: str) -> Index:
    kinds = ("workload",) if group == "timetrial.workloads" else ("schedule", "optimizer", "procedure")
    index = Index()
    for file in files:
        try:
            entries = load_file(file)
        except BadInput as error:
            index.broken[file.stem] = error
            index.files[file.stem] = file
            continue
        for entry in entries:
            if entry.plugin.kind in kinds:
                index.found.setdefault(entry.name, []).append(entry)
    for point in metadata.entry_points(group=group):
        try:
            entries = _from_entry_point(point)
        except Exception as error:  # noqa: BLE001 a plug-in of somebody else must not take ours down
            message = " ".join(str(error).split())
            index.broken[point.name] = BadInput(
                f"entry point '{point.name}' ({point.value}): {type(error).__name__}: {message}"
            )
            continue
        for entry in entries:
            if not any(entry.plugin is other.plugin for other in index.found.get(entry.name, [])):
                index.found.setdefault(entry.name, []).append(entry)
    return index


def _from_entry_point(point: metadata.EntryPoint) -> list[Found]:
    """Return the plug-ins of an entry point: all of a module under their own names, or the one object it names."""
    target = point.load()
    plugins = plugins_of(target) if isinstance(target, ModuleType) else [target]
    if not plugins or not all(getattr(plugin, "kind", "") for plugin in plugins):
        raise BadInput("it names no plug-in")
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
    return [Found(name, plugin, sources, point.module) for name, plugin in named.items()]
