"""Submissions in the form of another benchmark, ``FORM:PATH.py``, and the packages that read them."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from harness.contracts.errors import BadInput
from harness.registry.loading import LoadedPlugin

READERS = {"algoperf": "harness.compat.submissions"}
"""{form: module whose `read_submission` returns the plug-in of a file}. It lies above this package, so it is imported when it
is needed only; its name here is all that this package knows of it."""


BESIDE = "tuning_search_space.json"
"""A file beside a submission in such a form, or in the folder above, that belongs to it and that no import names."""


class Reader(Protocol):
    """What a module in `READERS` has."""

    def read_submission(self, path: Path) -> LoadedPlugin:
        """Return the plug-in that the file `path` defines in that form.

        Raises:
            BadInput: it cannot be read, or defines none.
        """


def split_form(name: str) -> tuple[str, str]:
    """Return (FORM, the rest) of ``FORM:...``; the form is "" where `name` begins with none.

    >>> split_form("algoperf:a/submission.py"), split_form("rex")
    (('algoperf', 'a/submission.py'), ('', 'rex'))
    """
    form, colon, rest = name.partition(":")
    return (form, rest) if colon and form in READERS else ("", name)


def read_form(form: str, path: Path) -> LoadedPlugin:
    """Return the plug-in that a file defines in a form.

    Raises:
        BadInput: it cannot be read, or defines none.
    """
    reader = cast(Reader, import_module(READERS[form]))
    return reader.read_submission(path)


def check_named(form: str, location: str) -> None:
    """Check that what follows ``FORM:`` can be a file.

    Raises:
        BadInput: it is a folder, or has another ending.
    """
    if not location.endswith(".py"):
        folder = location.rstrip("/") or "PATH"
        raise BadInput(f"'{form}:{location}' names no Python file: write {form}:{folder}/submission.py")
