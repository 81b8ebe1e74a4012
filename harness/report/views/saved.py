"""The reading of compute saved as the ranking shows it: a cell per workload, a dot with a whisker, the scale of both."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.report import words
from harness.scoring.board_parts import Board, Row, RowSpeedUp
from harness.scoring.compute_words import needs

SHADES = (0.02, 0.06, 0.14, 0.3)
"""Sizes of a log ratio at which the shade of a cell changes: the same on both sides of ×1."""

WIDTH = 190.0
"""Width of the scale of the whiskers, in units of its own."""
FURTHEST = 4.0
"""Factor beyond which, on either side of ×1, a whisker is cut off: one very slow submission would flatten all others."""
TICKS = (0.25, 0.35, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.4, 1.6, 2.0, 2.8, 4.0)
TICK_DISTANCE = 32.0
"""Least distance of two ticks with a label, with which labels stay apart where the scale is 120 px wide, on a phone."""


@dataclass(frozen=True)
class SavedCell:
    """The speed-up of one submission on one workload.

    Attributes:
        workload: its label.
        text: such as "×1.10", "≤ ×0.45" or "not run".
        shade: from -4 (the baseline gets much further) over 0 (equal) to 4; also the class of its colour.
        order: what the column sorts by; None without a value.
    """

    workload: str
    text: str
    shade: int = 0
    order: float | None = None


@dataclass(frozen=True)
class Whisker:
    """Positions of a speed-up and of the ends of its interval on the scale; `low` and `high` are None without an interval.

    `cut`: the speed-up itself lies beyond the end of the scale.
    """

    at: float
    low: float | None
    high: float | None
    cut: bool


@dataclass(frozen=True)
class Scale:
    """The logarithmic scale that the whiskers of a board share; `ticks` are (position, text), `one` the position of ×1."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    one: float

    def place(self, ratio: float) -> float:
        """Return the position of a ratio, at the end of the scale where it lies beyond."""
        share = (math.log(ratio) - self.low) / (self.high - self.low)
        return round(WIDTH * min(1.0, max(0.0, share)), 1)

    def whisker(self, own: RowSpeedUp) -> Whisker | None:
        """Return the dot and the whisker of a row; None without a speed-up."""
        if not own.value:
            return None
        known = own.low is not None and own.high is not None
        return Whisker(
            at=self.place(own.value),
            low=self.place(own.low) if known and own.low else None,
            high=self.place(own.high) if known and own.high else None,
            cut=not self.low <= math.log(own.value) <= self.high,
        )


def has_saved(board: Board) -> bool:
    """Return whether the ranking shows compute saved: speed-ups over the baseline, read off rulers."""
    return board.saves_compute and bool(board.baseline)


def saved_cells(board: Board, row: Row) -> tuple[SavedCell, ...]:
    """Return the speed-up of `row` on every base workload of the board."""
    return tuple(_cell(board, row, workload) for workload in board.workloads)


def _cell(board: Board, row: Row, workload: str) -> SavedCell:
    here = row.speed_up.workloads.get(workload)
    if here is None:
        return SavedCell(workload, "no ruler" if row.cells[workload].studies else "not run")
    if here.ratio is None:
        return SavedCell(workload, "not run")
    return SavedCell(workload, words.bounded_ratio(here.bound, here.ratio), shade(here.ratio), here.ratio)


def shade(ratio: float) -> int:
    """Return the shade of a ratio, from -4 to 4.

    >>> [shade(ratio) for ratio in (0.5, 0.93, 0.99, 1.0, 1.07, 2.0)]
    [-4, -2, 0, 0, 2, 4]
    """
    size = sum(abs(math.log(ratio)) >= step for step in SHADES)
    return size if ratio > 1 else -size


def scale_of(speed_ups: Sequence[RowSpeedUp]) -> Scale | None:
    """Return the scale of a board's whiskers, which holds all intervals and ×1; None without a speed-up."""
    ends = [math.log(end) for own in speed_ups for end in (own.value, own.low, own.high) if end]
    if not ends:
        return None
    furthest = math.log(FURTHEST)
    low, high = max(min(0.0, *ends), -furthest), min(max(0.0, *ends), furthest)
    room = 0.05 * (high - low) or 0.05
    bare = Scale(low - room, high + room, (), 0.0)
    return Scale(bare.low, bare.high, _ticks(bare), bare.place(1.0))


def _ticks(scale: Scale) -> tuple[tuple[float, str], ...]:
    """Return the ticks with a label: ×1, then outwards those that are far enough from the ones before."""
    inside = [tick for tick in TICKS if scale.low <= math.log(tick) <= scale.high]
    places = [scale.place(1.0)]
    kept = [(places[0], "×1")]
    for tick in sorted(inside, key=lambda tick: abs(math.log(tick))):
        at = scale.place(tick)
        if tick != 1 and all(abs(at - other) >= TICK_DISTANCE for other in places):
            places.append(at)
            kept.append((at, f"{tick:g}"))
    return tuple(sorted(kept))


def horizons_of(board: Board) -> tuple[float, ...]:
    """Return the horizons, in budgets, at which the board's speed-ups are shown; a single one is the whole speed-up."""
    found = sorted({h for row in board.rows for h in row.speed_up.horizons})
    return tuple(found) if len(found) > 1 else ()


def example_of(board: Board) -> str:
    """Return what the first and the last speed-up of a board mean, in one sentence; "" without speed-ups off rulers."""
    if not has_saved(board):
        return ""
    rows = [row for row in board.rows if row.name != board.baseline and row.speedup]
    parts = []
    for row in (*rows[:1], *rows[1:][-1:]):
        bound, ratio = row.speedup_bound, row.speedup or 1.0
        parts.append((words.bounded_ratio(bound, ratio), row.name, needs(ratio, board.clock, bound)))
    if not parts:
        return ""
    (text, name, what), *rest = parts
    first = f"{text} ({name}) means that {board.baseline}, the baseline, needs {what} to end with a model as good"
    return "; ".join([first, *(f"{text} ({name}), that {board.baseline} needs {what}" for text, name, what in rest)]) + "."
