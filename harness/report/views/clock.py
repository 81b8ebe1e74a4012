"""The board on one clock: what the page's clock switch changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.report import words
from harness.report.figures import CLOCK_LABELS, inline_svg
from harness.report.views.content import RaceContent
from harness.report.views.forest import ForestRow, forest
from harness.report.views.integrity import warnings
from harness.report.views.page_figures import board_drawings
from harness.report.views.pair_matrix import PairView, pair_matrix
from harness.report.views.ranking import RowView, ranking
from harness.report.views.saved import Scale, example_of, has_saved, horizons_of, scale_of
from harness.report.views.standings import pooled_example
from harness.scoring.board_parts import Board, Row
from harness.scoring.compute_words import UNITS

MAX_MATRIX = 40
"""Submissions, the best ones, that the page shows in the matrix of pairs."""


@dataclass(frozen=True)
class ClockView:
    """One board on one clock.

    Attributes:
        board: the numbers.
        clock: the clock in words.
        saves: whether the ranking shows compute saved, with times to the target as a second tab.
        unit: what a speed-up on this clock is a factor of, such as "compute".
        limited: whether a limit of the ruler takes part in some study.
        signed: whether it does in so many of a row that the speed-up has a sign.
        example: what the first and the last speed-up mean, in words; empty without them.
        figure_example: what the best point of the figure of compute says, in words; empty without one.
        scale: of the whiskers; None without speed-ups.
        forest: rows of the forest plot; empty without speed-ups.
        horizons: columns of the speed-up at each horizon, in words.
        rows: the ranking.
        warnings: what stands in red while this clock is selected.
        figures: {section of the page: (title, figure) pairs}; empty if the page has no figures.
        matrix: rows of the matrix of pairs, at most `MAX_MATRIX`; empty if there are no pairs.
        changes: {submission: what changed since an older board}; empty without one, and on the other clocks.
        levels: what the ranges of the cells are, in words, without repetition.
    """

    board: Board
    clock: str
    saves: bool
    unit: str
    limited: bool
    signed: bool
    example: str
    figure_example: str
    scale: Scale | None
    forest: tuple[ForestRow, ...]
    horizons: tuple[str, ...]
    rows: tuple[RowView, ...]
    warnings: tuple[str, ...]
    figures: Mapping[str, list[tuple[str, Markup]]]
    matrix: tuple[tuple[str, list[PairView | None]], ...]
    changes: Mapping[str, str]
    levels: tuple[str, ...]


def clock_view(board: Board, content: RaceContent, summaries: Mapping[str, str]) -> ClockView:
    """Return the view of `board`, one of `content.boards`; `summaries` maps submissions to their one-line descriptions."""
    figures: dict[str, list[tuple[str, Markup]]] = {}
    for section, drawing in board_drawings(board, content.marks) if content.figures else ():
        figures.setdefault(section, []).append((drawing.title, inline_svg(drawing, f"{drawing.name}-")))
    scale = scale_of([row.speed_up for row in board.rows])
    by_row = [(row.name, row.speed_up) for row in board.rows]
    return ClockView(
        board=board,
        clock=CLOCK_LABELS[board.clock],
        saves=has_saved(board),
        unit=UNITS[board.clock],
        limited=any(row.speed_up.limited for row in board.rows),
        signed=any(row.speed_up.bound for row in board.rows),
        example=example_of(board),
        figure_example=pooled_example(by_row, baseline=board.baseline, clock=board.clock) if has_saved(board) else "",
        scale=scale,
        forest=forest(board.rows, content.marks, baseline=board.baseline, scale=scale if board.baseline else None),
        horizons=tuple(words.budgets(h) for h in horizons_of(board)),
        rows=tuple(ranking(board, content.marks, summaries, content.skipped)),
        warnings=(*content.partial, *warnings(content.trials, board)),
        figures=figures,
        matrix=tuple(pair_matrix(board, MAX_MATRIX)) if board.pairs else (),
        changes=content.since[1] if content.since and board is content.board else {},
        levels=_levels(board.rows),
    )


def _levels(rows: Sequence[Row]) -> tuple[str, ...]:
    return tuple(sorted({cell.level for row in rows for cell in row.cells.values() if cell.studies and cell.level}))
