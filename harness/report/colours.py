"""Gives each submission a colour and a dash pattern, the same in every figure and legend of a page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

COLOURS = ("#0072b2", "#c44e00", "#00795a", "#b0307f", "#8a6800", "#5a4fcf", "#6b1010", "#14206b")
"""Eight colours that stay distinct under the common colour-vision deficiencies; contrast on white at least 4.5:1."""

DARK_COLOURS = ("#5ab4f0", "#ff9248", "#35c99a", "#f283c4", "#e3b93c", "#a79cff", "#ffd0d0", "#b0ecff")
"""The same eight colours for a dark page."""

GREY = "#8b949e"
"""Colour of the lower-ranked submissions in a figure file with too many submissions for a colour each."""

MOST_COLOURED, COLOURED_OF_MANY = 12, 8
"""Number of submissions up to which all are in colour; of more, only the best `COLOURED_OF_MANY` are when a page opens."""

DASHES: tuple[tuple[float, ...], ...] = ((), (5, 1.6), (1.4, 1.4), (6, 1.5, 1.4, 1.5), (9, 2.5), (3, 1.2, 3, 3))
"""Dash patterns in units of the line's width; the empty one is solid."""


@dataclass(frozen=True)
class Mark:
    """How a submission is drawn.

    Attributes:
        index: its index among the page's submissions, sorted by name.
        colour: index into `COLOURS` and `DARK_COLOURS`.
        dashes: one of `DASHES`.
        anchor: id of its card on the page, see `anchor`.
    """

    index: int
    colour: int
    dashes: tuple[float, ...]
    anchor: str = ""

    @property
    def hex(self) -> str:
        """The colour on a light page."""
        return COLOURS[self.colour]


def assign_marks(names: Iterable[str], best: Sequence[str] = ()) -> dict[str, Mark]:
    """Return a mark for each name, sorted by name; the order of `names` changes nothing.

    A slot is a colour with a dash pattern. The first eight of `best` have the eight colours with solid lines, in the order of
    their names, so that a change of ranks among them changes no colour; all others follow in the order of their names.

    Args:
        names: all submissions on the page.
        best: the submissions on the board, best first.
    """
    known = sorted(set(names))
    first = sorted(name for name in best[:COLOURED_OF_MANY] if name in known)
    slots = {name: slot for slot, name in enumerate((*first, *(name for name in known if name not in first)))}
    return {
        name: Mark(
            index,
            slots[name] % len(COLOURS),
            DASHES[slots[name] // len(COLOURS) % len(DASHES)],
            anchor("submission", name, index),
        )
        for index, name in enumerate(known)
    }


def in_colour(ranked: Sequence[str], marks: Mapping[str, Mark]) -> list[str]:
    """Return the submissions that are in colour when a page opens: all, or the best few of too many.

    Args:
        ranked: the submissions on the board, best first.
        marks: a mark for each submission on the page.
    """
    unranked = [name for name in marks if name not in ranked]
    return [*ranked, *unranked] if len(marks) <= MOST_COLOURED else list(ranked[:COLOURED_OF_MANY])


def anchor(kind: str, name: str, index: int) -> str:
    """Return the id of a part of the page: its name, so that a link to it still works on a later board.

    A name that may not stand in an address is replaced by ``~`` and its index.

    >>> anchor("workload", "digits_mlp", 3), anchor("workload", "a b", 3)
    ('workload-digits_mlp', 'workload-~3')
    """
    return f"{kind}-{name}" if re.fullmatch(r"[A-Za-z0-9_.+-]{1,80}", name) else f"{kind}-~{index}"
