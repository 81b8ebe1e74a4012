"""The board on one clock: what the page's clock switch changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.report.figures import CLOCK_LABELS, inline_svg
from harness.report.views.content import RaceContent
from harness.report.views.integrity import warnings
from harness.report.views.page_figures import board_drawings
from harness.report.views.pair_matrix import PairView, pair_matrix
from harness.report.views.ranking import RowView, ranking
from harness.scoring.board_parts import Board, Row

MAX_MATRIX = 40
"""Number of submissions up to which the page shows the matrix of pairs."""


@dataclass(frozen=True)
class ClockView:
    """One board on one clock.

    Attributes:
        board: the numbers.
        clock: the clock in words.
        rows: the ranking.
        warnings: what stands in red while this clock is selected.
        figures: {section of the page: (title, figure) pairs}; empty if the page has no figures.
        matrix: rows of the matrix of pairs; empty if there are no pairs, or too many submissions.
        levels: what the ranges of the cells are, in words, without repetition.
    """

    board: Board
    clock: str
    rows: tuple[RowView, ...]
    warnings: tuple[str, ...]
    figures: Mapping[str, list[tuple[str, Markup]]]
    matrix: tuple[tuple[str, list[PairView | None]], ...]
    levels: tuple[str, ...]


def clock_view(board: Board, content: RaceContent, summaries: Mapping[str, str]) -> ClockView:
    """Return the view of `board`, one of `content.boards`; `summaries` maps submissions to their one-line descriptions."""
    figures: dict[str, list[tuple[str, Markup]]] = {}
    for section, drawing in board_drawings(board, content.marks) if content.figures else ():
        figures.setdefault(section, []).append((drawing.title, inline_svg(drawing, f"{drawing.name}-")))
    return ClockView(
        board=board,
        clock=CLOCK_LABELS[board.clock],
        rows=tuple(ranking(board, content.marks, summaries, content.skipped)),
        warnings=(*content.partial, *warnings(content.trials, board)),
        figures=figures,
        matrix=tuple(pair_matrix(board)) if board.pairs and 1 < len(board.rows) <= MAX_MATRIX else (),
        levels=_levels(board.rows),
    )


def _levels(rows: Sequence[Row]) -> tuple[str, ...]:
    return tuple(sorted({cell.level for row in rows for cell in row.cells.values() if cell.studies and cell.level}))
