"""Parses what users type for a plug-in: a name, ``PATH.py``, ``PATH.py:NAME``, ``FORM:PATH.py``, ``OPTIMIZER+SCHEDULE``,
``:key=value,...``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from harness.contracts.errors import BadInput, did_you_mean
from harness.registry.forms import split_form
from harness.registry.index import Index, submissions_index, workloads_index
from harness.registry.libraries.table import intended
from harness.registry.loading import LoadedPlugin, load_file
from harness.registry.settings import read_settings, with_settings
from harness.registry.sources import ROOT, display_path

_FILE = re.compile(r"(?P<path>.+\.py)(?::(?P<name>[A-Za-z][A-Za-z0-9_-]*))?")
_NAMED = re.compile(r"(?P<head>[A-Za-z][A-Za-z0-9_.-]*)(?::(?P<rest>.*))?", re.DOTALL)
_FILE_FIRST = re.compile(r"(?P<head>.+?\.py(?::[A-Za-z][A-Za-z0-9_-]*(?=:|\Z))?)(?::(?P<rest>.*))?", re.DOTALL)
_FORM_FILE = re.compile(r"(?P<path>.+?\.py)(?::(?P<rest>.*))?", re.DOTALL)
_EXPONENT = re.compile(r"([=\[,]\s*[-+]?[0-9.]+[eE])\+(?=[0-9]+(?:[\s\],+]|\Z))")
"""The plus sign of an exponent, as in ``power=1e+2``: it separates no optimizer from a schedule."""

MOST_NAMED = 5
"""A message names at most so many files that could not be loaded."""


@dataclass(frozen=True)
class Typed:
    """A plug-in as the user typed it: a whole submission, or a half of OPTIMIZER+SCHEDULE.

    Attributes:
        head: a name, ``PATH.py``, ``PATH.py:NAME`` or ``FORM:PATH.py``.
        settings: {hyperparameter: canonical text of the value that the user set}, sorted by hyperparameter.
    """

    head: str
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The canonical form of what was typed."""
        return with_settings(self.head, self.settings)


def parse_name(name: str) -> tuple[Typed, ...]:
    """Return the plug-ins of a submission's name: optimizer and schedule of OPTIMIZER+SCHEDULE, else the only one.

    Raises:
        BadInput: a half is empty, there is more than one '+' outside of paths, or settings are not ``key=value,...``.
    """
    name = _EXPONENT.sub(r"\1", name)
    halves = []
    for half in _split_pair(name) or (name,):
        head, settings = _split_settings(half)
        halves.append(Typed(head, {} if settings is None else read_settings(name, settings)))
    return tuple(halves)


def canonical_name(name: str) -> str:
    """Return the name under which a submission is recorded: as typed, with hyperparameters sorted and values in one form.

    >>> canonical_name("polynomial:power=2.0,floor=.1"), canonical_name("adamw+rex")
    ('polynomial:floor=0.1,power=2', 'adamw+rex')

    Raises:
        BadInput: as `parse_name`.
    """
    return "+".join(half.name for half in parse_name(name))


def _split_settings(half: str) -> tuple[str, str | None]:
    """Return (NAME or file, text after the ':' that begins settings; None without one).

    What follows ``PATH.py:`` is the name of a plug-in if it is a plain identifier, else settings.
    """
    form, location = split_form(half)
    if form:
        file = _FORM_FILE.fullmatch(location)
        return (f"{form}:{file['path']}", file["rest"]) if file else (half, None)
    named = _NAMED.fullmatch(half)
    if named and not named["head"].endswith(".py"):
        rest = named["rest"]
        if rest is None or "=" in rest or not is_file(rest):
            return named["head"], rest
    file = _FILE_FIRST.fullmatch(half)
    return (file["head"], file["rest"]) if file else (half, None)


def _split_pair(name: str) -> tuple[str, str] | None:
    """Return (OPTIMIZER, SCHEDULE) of OPTIMIZER+SCHEDULE, or None if `name` is not such a pair.

    A '+' inside the path of an existing file does not separate.

    Raises:
        BadInput: a half is empty, or there is more than one '+' outside of paths.
    """
    if _whole(name):
        return None
    pairs = [(name[:i], name[i + 1 :]) for i, letter in enumerate(name) if letter == "+"]
    plausible = [pair for pair in pairs if all(_whole(half) for half in pair)]
    left, right = (plausible or pairs)[0]
    if not left or not right or ("+" in right and not plausible):
        raise BadInput(f"'{name}' must be OPTIMIZER+SCHEDULE: two names and one '+'")
    return left, right


def _whole(name: str) -> bool:
    """Return whether `name` has no '+' but in the path of an existing file."""
    head, settings = _split_settings(name)
    file = Path(split_file(split_form(head)[1])[0])
    return "+" not in name or ("+" not in (settings or "") and is_file(head) and file.exists())


def is_file(name: str) -> bool:
    """Return whether `name` has the form of a file: ``PATH.py`` or ``PATH.py:NAME``."""
    return _FILE.fullmatch(name) is not None


def split_file(name: str) -> tuple[str, str]:
    """Return (PATH.py, NAME) of ``PATH.py:NAME``; NAME is empty if it is left out."""
    match = _FILE.fullmatch(name)
    return (match["path"], match["name"] or "") if match else (name, "")


def unknown_name(what: str, name: str, index: Index) -> BadInput:
    """Return the error for a name that is not in the index; if its file could not be loaded, the error of that."""
    reason = index.why_broken(name)
    if reason is not None:
        return reason
    option = "-w" if what == "workload" else "-s"
    listed = [part.strip() for part in name.split(",")]
    if len(listed) > 1 and all(listed):
        return BadInput(f"no {what} '{name}': repeat the option, as in {' '.join(f'{option} {part}' for part in listed)}")
    inside = sorted(known for known, entries in index.plugins.items() if any(entry.path.stem == name for entry in entries))
    if inside:
        file = display_path(index.plugins[inside[0]][0].path)
        names = ", ".join(f"'{known}'" for known in inside)
        return BadInput(f"no {what} '{name}': {file} defines {names}: write {option} {inside[0]}, or rename the plug-in")
    if told := _elsewhere(what, name):
        return BadInput(f"no {what} '{name}': {told}")
    some = sorted({broken.name for broken in index.broken})
    more = ", ..." if len(some) > MOST_NAMED else ""
    rest = f" ({len(some)} could not be loaded: {', '.join(some[:MOST_NAMED])}{more})" if some else ""
    meant = "" if what == "workload" else _library_class(name, index)
    hint = f"; did you mean '{meant}'?" if meant else did_you_mean(name, index.plugins)
    if hint.startswith("; known") and name.isidentifier() and what != "workload":
        hint = f": `timetrial new {name}` writes one to edit, `timetrial list submissions` names those that there are"
    return BadInput(f"no {what} '{name}'{hint}{rest} (looked in {_looked_in(what)})")


def _elsewhere(what: str, name: str) -> str:
    """Return what has a name that no plug-in of the kind has: a file without a plug-in, or one of the other kind."""
    file = Path.cwd() / f"{what}s" / f"{name}.py"
    with suppress(OSError):  # a name may be too long for a file
        if file.is_file():
            return _not_one(display_path(file), "", (), what if what == "workload" else "", none=True)
    other, option, others = (
        ("submission", "-s", submissions_index) if what == "workload" else ("workload", "-w", workloads_index)
    )
    return f"it is a {other}: write {option} {name}" if name in others().plugins else ""


def _looked_in(what: str) -> str:
    """Return where plug-ins are looked for; a user who is in another directory has no such folder there."""
    folder = Path.cwd() / f"{what}s"
    absent = "" if folder.is_dir() else ", which is not there,"
    return f"{folder}{absent} and among those of timetrial"


def _library_class(name: str, index: Index) -> str:
    """Return the library's class that a name means; "" if none, or if a plug-in is at least as near."""
    exact = intended(name, exact=True)
    return exact or ("" if get_close_matches(name, index.plugins, n=1) else intended(name))


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
    path = existing_file(location)
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


def existing_file(location: str) -> Path:
    """Return the path of the file that a user named.

    Raises:
        BadInput: there is no such file.
    """
    path = Path(location).expanduser()
    if not path.is_file() and (ROOT / path).is_file():
        path = ROOT / path  # records store the path of a file of this repository relative to ROOT
    if not path.is_file():
        near = Path("submissions") / path
        hint = f": write {near}, or {path.stem} alone" if near.is_file() else ""
        raise BadInput(f"no file '{location}'" + ("" if path.is_absolute() else f" in {Path.cwd()}") + hint)
    return path


def _not_one(location: str, name: str, usable: Sequence[str], kind: str, *, none: bool) -> str:
    """Return the message for a file in which no plug-in, or more than one, is meant."""
    if not usable:
        own = "a subclass of Workload"
        what = own if kind == "workload" else "@schedule or @optimizer above a function, or a subclass of TrainingAlgorithm"
        return f"{location} defines no plug-in with a public name: expected {what} (`timetrial new NAME` writes a file to edit)"
    if name and none:
        return f"{location} defines no '{name}'{did_you_mean(name, usable)}"
    return f"{location} defines several plug-ins ({', '.join(usable)}): name one, as in {location}:{usable[0]}"
