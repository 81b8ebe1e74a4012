"""What a message says of a plug-in: its name and place, what it returned, what it raised; one short line in each case."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

HARNESS = Path(__file__).resolve().parents[1]
MAX_CHARACTERS = 200
"""Characters of a value or of an exception's message that are printed."""

MOST_READ = 10_000
"""Characters of it that are read: white space counts here, and a message may have megabytes."""


def named(kind: str, name: str, function: object) -> str:
    """Return "optimizer 'mine' (submissions/mine.py:12)"; without the place where the harness itself made the function."""
    place = _place(function)
    return f"{kind} '{name}' ({place})" if place else f"{kind} '{name}'"


def shown(value: object) -> str:
    """Return the text of a value in one line; of a value that has none, or only an address, its type."""
    try:
        text = _one_line(repr(value))
    except Exception:  # noqa: BLE001  a plug-in's own type may raise anything
        text = ""
    return text if text and " at 0x" not in text else "an object"


def said(error: BaseException) -> str:
    """Return an exception's type and message in one line."""
    try:
        message = _one_line(str(error))
    except Exception:  # noqa: BLE001
        message = "its message cannot be read"
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def display_path(file: Path) -> str:
    """Return a path as messages print it: relative to the current directory, else to the repository, else absolute."""
    for home in (_current_directory(), HARNESS.parent):
        if home is not None and file.is_relative_to(home):
            return file.relative_to(home).as_posix()
    return str(file)


def _current_directory() -> Path | None:
    try:
        return Path.cwd()
    except OSError:  # it was removed
        return None


def _place(function: object) -> str:
    """Return FILE:LINE of the definition of a function or class, "" where there is none."""
    try:
        defined: Any = inspect.unwrap(cast(Callable[..., Any], function))
        if inspect.isclass(defined):
            file, line = inspect.getfile(defined), inspect.getsourcelines(defined)[1]
        else:
            file, line = defined.__code__.co_filename, defined.__code__.co_firstlineno
    except (AttributeError, OSError, TypeError, ValueError):
        return ""
    path = Path(file).resolve()
    return "" if path.is_relative_to(HARNESS) else f"{display_path(path)}:{line}"


def _one_line(text: str) -> str:
    beginning = text[:MOST_READ]
    line = "".join(c if c.isprintable() else "?" for c in " ".join(beginning.split()))
    whole = len(line) <= MAX_CHARACTERS and len(text) <= MOST_READ
    return line if whole else f"{line[:MAX_CHARACTERS]} ..."
