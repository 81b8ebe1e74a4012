"""A part of a process's state that can be read and written back: a trial must not pass it on to the next trial."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Facet:
    """One part of a process's state.

    Attributes:
        name: in words, as in "NAME could not be restored".
        read: returns its value.
        write: sets it to a value that `read` returned, as far as that is possible.
        same: whether two values are alike, the earlier one first.
    """

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], object]
    same: Callable[[Any, Any], bool] = operator.eq


def never(_before: Any, _now: Any) -> bool:
    """Say of a facet that is quicker to write than to compare that its values differ."""
    return False


def identical(before: Sequence[Any], now: Sequence[Any]) -> bool:
    """Return whether two sequences hold the same objects."""
    return len(before) == len(now) and all(map(operator.is_, before, now))


@contextmanager
def kept(facets: Sequence[Facet]) -> Iterator[list[str]]:
    """Restore all facets after the body; yield a list that then names those that could not be restored."""
    before = [facet.read() for facet in facets]
    lost: list[str] = []
    try:
        yield lost
    finally:
        for facet, value in zip(facets, before, strict=True):
            try:
                if facet.same(value, facet.read()):
                    continue
                facet.write(value)
                if facet.same is not never and not facet.same(value, facet.read()):
                    lost.append(facet.name)
            except Exception:  # noqa: BLE001  whatever the trial has done to this one, the others are restored
                lost.append(facet.name)
