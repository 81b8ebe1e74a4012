"""Which colour and dash belong to a submission's name, in every figure and legend of a page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.records import stable_hash

COLOURS = ("#0072b2", "#c44e00", "#00795a", "#b0307f", "#8a6800", "#5a4fcf", "#4d4d4d")
"""Seven colours that stay apart under the common colour-vision deficiencies, each at least 4.5:1 on white."""

DARK_COLOURS = ("#5ab4f0", "#ff9248", "#35c99a", "#f283c4", "#e3b93c", "#a79cff", "#c4c4c4")
"""The same seven for a dark page."""

GREY = "#8b949e"
"""What a submission turns to in a file where there are too many for a colour each."""

MOST_COLOURED, COLOURED_OF_MANY = 12, 8
"""Number of submissions up to which all are in colour; of more, only the best `COLOURED_OF_MANY` are when a page opens."""

DASHES: tuple[tuple[float, ...], ...] = ((), (5, 1.6), (1.4, 1.4), (6, 1.5, 1.4, 1.5), (9, 2.5), (3, 1.2, 3, 3))
"""Dash patterns in units of the line's width; the empty one is solid."""


@dataclass(frozen=True)
class Mark:
    """How a submission is drawn: `index` of its place on the page, its colour's index and its dashes.

    `anchor` is the id of its card: its name where that is plain enough to stand in an address.
    """

    index: int
    colour: int
    dashes: tuple[float, ...]
    anchor: str = ""

    @property
    def hex(self) -> str:
        """The colour on a light page."""
        return COLOURS[self.colour]


def marks(names: Iterable[str]) -> dict[str, Mark]:
    """Return a mark for each name, the same whatever the order given.

    A name's own hash chooses its place, so that most names keep their looks from board to board; names that want
    one place move on to the next free one. Colours are used up before dashes.
    """
    taken: dict[int, str] = {}
    chosen: dict[str, int] = {}
    for name in sorted(set(names)):
        ring = len(taken) // len(COLOURS)
        start = int(stable_hash(name)[:8], 16) % len(COLOURS)
        places = (ring * len(COLOURS) + (start + offset) % len(COLOURS) for offset in range(len(COLOURS)))
        place = next(p for p in places if p not in taken)
        taken[place] = name
        chosen[name] = place
    return {
        name: Mark(
            index,
            place % len(COLOURS),
            DASHES[place // len(COLOURS) % len(DASHES)],
            anchor("submission", name, index),
        )
        for index, (name, place) in enumerate(sorted(chosen.items()))
    }


def in_colour(ranked: Sequence[str], marks: Mapping[str, Mark]) -> list[str]:
    """Return the submissions that are in colour when a page opens: all, or the best few of too many.

    Args:
        ranked: the submissions on the board, best first.
        marks: a mark for each submission on the page.
    """
    unranked = [name for name in marks if name not in ranked]
    return [*ranked, *unranked] if len(marks) <= MOST_COLOURED else list(ranked[:COLOURED_OF_MANY])


def anchor(kind: str, name: str, place: int) -> str:
    """Return the id of a part of the page: by its name, so that links outlive the board, or by its place.

    >>> anchor("workload", "digits_mlp", 3), anchor("workload", "a b", 3)
    ('workload-digits_mlp', 'workload-~3')
    """
    return f"{kind}-{name}" if re.fullmatch(r"[A-Za-z0-9_.+-]{1,80}", name) else f"{kind}-~{place}"
