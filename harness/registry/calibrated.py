"""Calibrated defaults and search spaces, which stand in for the declared ones of a built-in optimizer or procedure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness.canonical import plain
from harness.contracts.errors import BadInput, ContractError
from harness.contracts.spaces import RESERVED, Space, range_from_json, range_to_json
from harness.registry.sources import OURS

FILE = OURS["submissions"] / "calibrated.json"
"""What `timetrial calibrate` writes: {name of the plug-in: its entry}. It is installed with the plug-ins."""

PAPER = "paper"
"""The value of `RESERVED` in ``NAME:defaults=paper``: the defaults and the space that the file of the plug-in declares."""

DECLARED = "the paper's"
"""Where the defaults of a built-in plug-in without an entry come from, in words."""


@dataclass(frozen=True)
class Calibrated:
    """An entry, as far as it fits its plug-in.

    Attributes:
        defaults: {hyperparameter: value} of those that were calibrated; the others keep their declared defaults.
        space: search space; it replaces the declared one.
        date: ISO 8601, of the calibration.
        points: how many points of the bounds it tried, the declared defaults among them.
        stale: whether the plug-in's source has changed since. The entry is used all the same, without the hyperparameters
            that the plug-in no longer has: values that suited an older version are the best guess until it is repeated.
        wrapped: of a wrapper, whose base's entry this is; else empty.
    """

    defaults: Mapping[str, Any]
    space: Space
    date: str
    points: int
    stale: bool
    wrapped: str = ""

    @property
    def content(self) -> dict[str, Any]:
        """What can change the outcome of a trial, as JSON types: part of the submission's content hash."""
        return {
            "defaults": plain(self.defaults),
            "space": {name: plain(range_to_json(item)) for name, item in self.space.items()},
        }

    @property
    def words(self) -> str:
        """Where the defaults come from, in words."""
        of_which = ", of an earlier version of its source" if self.stale else ""
        whose = f"those of '{self.wrapped}', " if self.wrapped else ""
        return f"{whose}calibrated on held-out variants, {self.date}, {self.points} points{of_which}"


def calibrated(name: str, declared: Mapping[str, Any], content_hash: str) -> Calibrated | None:
    """Return the entry of a built-in plug-in; None if it has none.

    Args:
        name: of the plug-in.
        declared: its declared defaults.
        content_hash: of its source.

    Raises:
        BadInput: the file is damaged.
    """
    try:
        entry = read_entries(FILE).get(name)
        if entry is None:
            return None
        space = {key: range_from_json(item) for key, item in entry["space"].items()}
        return Calibrated(
            defaults={key: entry["defaults"][key] for key in declared if key in entry["defaults"]},
            space={key: space[key] for key in declared if key in space},
            date=str(entry["date"]),
            points=int(entry["points"]),
            stale=entry["content_hash"] != content_hash,
        )
    except (KeyError, TypeError, ValueError, AttributeError, ContractError) as error:
        raise damaged(FILE, error) from None


def damaged(path: Path, error: Exception) -> BadInput:
    """Return the error of a file that does not hold what `timetrial calibrate` writes."""
    reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
    return BadInput(f"{path} is damaged ({reason}): restore it, or remove it and run `timetrial calibrate NAME` for each")


def read_entries(path: Path) -> Mapping[str, Any]:
    """Return the entries in a file; {} if there is none.

    Raises:
        ValueError: it is no JSON object.
    """
    try:
        stat = path.stat()
    except FileNotFoundError:
        return {}
    return _content(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=8)
def _content(path: Path, modified: int, size: int) -> Mapping[str, Any]:
    """Return the content of a JSON file; time and size are arguments so that a changed file is read again."""
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError("it holds no JSON object")
    return content


def chosen_defaults(typed: str, text: str) -> None:
    """Check the value of ``NAME:defaults=VALUE``.

    Raises:
        BadInput: it is not the one that there is.
    """
    if text != PAPER:
        raise BadInput(
            f"'{typed}': {RESERVED} cannot be '{text}': write {RESERVED}={PAPER} for the declared defaults, or leave it out"
        )
