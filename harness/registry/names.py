"""What a user may type for a plug-in: a name, ``PATH.py``, ``PATH.py:NAME``, ``OPTIMIZER+SCHEDULE``."""

from __future__ import annotations

import re
from pathlib import Path

from harness.contracts import BadInput, did_you_mean
from harness.registry.index import Index
from harness.registry.loading import Found, load_file
from harness.registry.sources import ROOT, shown

_FILE = re.compile(r"(?P<path>.+\.py)(?::(?P<name>[A-Za-z][A-Za-z0-9_-]*))?")


def halves(name: str) -> tuple[str, str] | None:
    """Return the two halves of OPTIMIZER+SCHEDULE; a '+' inside the path of a file does not divide."""
    if "+" not in name or (is_file(name) and Path(split_file(name)[0]).exists()):
        return None
    cuts = [(name[:i], name[i + 1 :]) for i, letter in enumerate(name) if letter == "+"]
    whole = [cut for cut in cuts if all("+" not in half or Path(split_file(half)[0]).exists() for half in cut)]
    left, right = (whole or cuts)[0]
    if not left or not right or ("+" in right and not whole):
        raise BadInput(f"'{name}' must be OPTIMIZER+SCHEDULE: two names and one '+'")
    return left, right


def is_file(name: str) -> bool:
    """Return whether `name` is typed as a file: ``PATH.py`` or ``PATH.py:NAME``."""
    return _FILE.fullmatch(name) is not None


def split_file(name: str) -> tuple[str, str]:
    """Return (path, name of the plug-in or "") of ``PATH.py:NAME``."""
    match = _FILE.fullmatch(name)
    return (match["path"], match["name"] or "") if match else (name, "")


def unknown(what: str, name: str, index: Index) -> BadInput:
    """Return the error for a name that is nowhere; why its file could not be loaded, if there is such a file."""
    if name in index.broken:
        return index.broken[name]
    rest = f" ({len(index.broken)} could not be loaded: {', '.join(sorted(index.broken))})" if index.broken else ""
    return BadInput(f"no {what} '{name}'{did_you_mean(name, index.found)}{rest}")


def from_file(typed: str, index: Index, kind: str) -> Found:
    """Return the plug-in of a file, the one of that `kind` ("" for any) or the one named after the ':'.

    Raises:
        BadInput: no such file, none or several plug-ins to choose from, or its name is that of another plug-in.
    """
    location, wanted = split_file(typed)
    path = Path(location).expanduser()
    if not path.is_file() and (ROOT / path).is_file():
        path = ROOT / path  # as records have a plug-in of the house, wherever they are read
    if not path.is_file():
        raise BadInput(f"no file '{location}' in {Path.cwd()}" if not path.is_absolute() else f"no file '{location}'")
    entries = load_file(path)
    kinds = ("workload",) if kind == "workload" else ("schedule", "optimizer", "procedure")
    usable = [entry for entry in entries if entry.plugin.kind in kinds]
    fitting = [entry for entry in usable if entry.name == wanted] if wanted else usable
    if kind and len(fitting) > 1:
        fitting = [entry for entry in fitting if entry.plugin.kind == kind]
    if len(fitting) != 1:
        names = ", ".join(entry.name for entry in usable)
        raise BadInput(_choice(location, wanted, names, len(fitting), kind))
    rivals = [other.path for other in index.found.get(fitting[0].name, []) if other.path != fitting[0].path]
    if rivals:
        raise BadInput(
            f"the name '{fitting[0].name}' is taken twice, by {shown(path.resolve())} and {shown(rivals[0])}: rename one"
        )
    return fitting[0]


def _choice(location: str, wanted: str, names: str, fitting: int, kind: str) -> str:
    if not names:
        what = "class of a Workload" if kind == "workload" else "@schedule, @optimizer or TrainingAlgorithm"
        return f"{location} defines no plug-in with a public name: expected a {what}"
    if wanted and not fitting:
        return f"{location} defines no '{wanted}'{did_you_mean(wanted, names.split(', '))}"
    first = names.split(", ")[0]
    return f"{location} defines several plug-ins ({names}): say which, as {location}:{first}"
