"""Exceptions that must end the running trial even if its plug-in catches them."""

from __future__ import annotations

_pending: list[BaseException] = []
"""A process runs one trial at a time, so it has one such list."""


def remember(error: BaseException) -> None:
    """Note an exception that is about to be raised in the trial."""
    _pending.append(error)


def raise_pending() -> None:
    """Raise again the first exception that was noted; do nothing where there is none."""
    if _pending:
        raise _pending[0]


def forget(kind: type[BaseException]) -> list[BaseException]:
    """Forget the exceptions of a kind, and return them."""
    found = [error for error in _pending if isinstance(error, kind)]
    _pending[:] = [error for error in _pending if not isinstance(error, kind)]
    return found
