"""The board on one clock, in words and figures: what the page's clock switch turns to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from harness.report.colours import Mark
from harness.report.figures import CLOCK_LABELS, cost_drawing, inlined, profile_drawing
from harness.report.views import integrity as trust
from harness.report.views.pair_matrix import PairView, matrix
from harness.report.views.ranking import RowView, ranking
from harness.scoring.board_parts import Board, Row

MAX_MATRIX = 40
"""Submissions up to which the matrix of pairs is shown."""


@dataclass(frozen=True)
class ClockView:
    """One board as shown.

    Attributes:
        board: the numbers.
        clock: its clock in words.
        rows: the ranking.
        warnings: what stands in red while this clock is shown.
        profiles, cost: figures, empty where not asked for.
        matrix: the pairs; empty where there are none or too many.
        levels: what the ranges of the cells are, in words: one entry where it is the same everywhere.
    """

    board: Board
    clock: str
    rows: tuple[RowView, ...]
    warnings: tuple[str, ...]
    profiles: Markup
    cost: Markup
    matrix: tuple[tuple[str, list[PairView | None]], ...]
    levels: tuple[str, ...]


def clock_view(
    board: Board,
    trials: pd.DataFrame,
    marks: Mapping[str, Mark],
    summaries: Mapping[str, str],
    *,
    progress: Mapping[str, int] | None = None,
    skipped: Mapping[str, str] | None = None,
    figures: bool = True,
) -> ClockView:
    """Return `board` as shown; arguments as of `harness.report.page.page.page`."""
    drawn = figures and bool(board.profiles)
    return ClockView(
        board=board,
        clock=CLOCK_LABELS[board.clock],
        rows=tuple(ranking(board, marks, summaries, skipped)),
        warnings=tuple(trust.warnings(trials, board, progress)),
        profiles=inlined(profile_drawing(board.profiles, marks, clock=board.clock), f"profile-{board.clock}-")
        if drawn
        else Markup(),
        cost=inlined(cost_drawing(board.rows, marks, clock=board.clock), f"cost-{board.clock}-") if drawn else Markup(),
        matrix=tuple(matrix(board)) if board.pairs and 1 < len(board.rows) <= MAX_MATRIX else (),
        levels=_levels(board.rows),
    )


def _levels(rows: Sequence[Row]) -> tuple[str, ...]:
    return tuple(sorted({cell.level for row in rows for cell in row.cells.values() if cell.studies and cell.level}))
