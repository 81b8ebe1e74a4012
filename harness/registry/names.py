"""Parses what users type for a plug-in: a name, ``PATH.py``, ``PATH.py:NAME`` or ``OPTIMIZER+SCHEDULE``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from harness.contracts.errors import BadInput, did_you_mean
from harness.registry.index import Index
from harness.registry.loading import LoadedPlugin, load_file
from harness.registry.sources import ROOT, display_path

_FILE = re.compile(r"(?P<path>.+\.py)(?::(?P<name>[A-Za-z][A-Za-z0-9_-]*))?")


def split_pair(name: str) -> tuple[str, str] | None:
    """Return (OPTIMIZER, SCHEDULE) of OPTIMIZER+SCHEDULE, or None if `name` is not such a pair.

    A '+' inside the path of an existing file does not separate.

    Raises:
        BadInput: a half is empty, or there is more than one '+' outside of paths.
    """
    if "+" not in name or (is_file(name) and Path(split_file(name)[0]).exists()):
        return None
    pairs = [(name[:i], name[i + 1 :]) for i, letter in enumerate(name) if letter == "+"]
    plausible = [pair for pair in pairs if all("+" not in half or Path(split_file(half)[0]).exists() for half in pair)]
    left, right = (plausible or pairs)[0]
    if not left or not right or ("+" in right and not plausible):
        raise BadInput(f"'{name}' must be OPTIMIZER+SCHEDULE: two names and one '+'")
    return left, right


def is_file(name: str) -> bool:
    """Return whether `name` has the form of a file: ``PATH.py`` or ``PATH.py:NAME``."""
    return _FILE.fullmatch(name) is not None


def split_file(name: str) -> tuple[str, str]:
    """Return (PATH.py, NAME) of ``PATH.py:NAME``; NAME is empty if it is left out."""
    match = _FILE.fullmatch(name)
    return (match["path"], match["name"] or "") if match else (name, "")


def unknown_name(what: str, name: str, index: Index) -> BadInput:
    """Return the error for a name that is not in the index; if its file could not be loaded, the error of that."""
    if name in index.broken:
        return index.broken[name]
    rest = f" ({len(index.broken)} could not be loaded: {', '.join(sorted(index.broken))})" if index.broken else ""
    return BadInput(f"no {what} '{name}'{did_you_mean(name, index.plugins)}{rest}")


def plugin_from_file(typed: str, index: Index, kind: str) -> LoadedPlugin:
    """Return the plug-in of a file: the one named after the ':', else the only one, else the only one of that kind.

    Args:
        typed: ``PATH.py`` or ``PATH.py:NAME``.
        index: the plug-ins that have a name; no other file may define one of their names.
        kind: the kind that is expected, "" for any kind of submission.

    Raises:
        BadInput: there is no such file, it defines no such plug-in or several, or another file defines the same name.
    """
    location, name = split_file(typed)
    path = Path(location).expanduser()
    if not path.is_file() and (ROOT / path).is_file():
        path = ROOT / path  # records store the path of a file of this repository relative to ROOT
    if not path.is_file():
        raise BadInput(f"no file '{location}' in {Path.cwd()}" if not path.is_absolute() else f"no file '{location}'")
    kinds = ("workload",) if kind == "workload" else ("schedule", "optimizer", "procedure")
    usable = [entry for entry in load_file(path) if entry.plugin.kind in kinds]
    matches = [entry for entry in usable if entry.name == name] if name else usable
    if kind and len(matches) > 1:
        matches = [entry for entry in matches if entry.plugin.kind == kind]
    if len(matches) != 1:
        raise BadInput(_not_one(location, name, [entry.name for entry in usable], kind, none=not matches))
    plugin = matches[0]
    others = [other.path for other in index.plugins.get(plugin.name, []) if other.path != plugin.path]
    if others:
        raise BadInput(
            f"the name '{plugin.name}' is used by {display_path(path.resolve())} and {display_path(others[0])}: rename one"
        )
    return plugin


def _not_one(location: str, name: str, usable: Sequence[str], kind: str, *, none: bool) -> str:
    """Return the message for a file in which no plug-in, or more than one, is meant."""
    if not usable:
        what = "a subclass of Workload" if kind == "workload" else "@schedule, @optimizer or a subclass of TrainingAlgorithm"
        return f"{location} defines no plug-in with a public name: expected {what}"
    if name and none:
        return f"{location} defines no '{name}'{did_you_mean(name, usable)}"
    return f"{location} defines several plug-ins ({', '.join(usable)}): name one, as in {location}:{usable[0]}"
