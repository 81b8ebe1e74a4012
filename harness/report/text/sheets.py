"""The ranking as tables of text, which Markdown and LaTeX only have to escape: compute saved, and times to the target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.report import words
from harness.report.colours import assign_marks
from harness.report.text.columns import horizon_head
from harness.report.views.ranking import CellView, RowView, ranking, workload_labels
from harness.report.views.saved import has_saved, horizons_of
from harness.scoring.board_parts import Board
from harness.scoring.compute_words import UNITS


@dataclass(frozen=True)
class Entry:
    """A cell of a table: its text, whether it is bold, and what stands in brackets after it."""

    text: str
    bold: bool = False
    after: str = ""


@dataclass(frozen=True)
class Sheet:
    """One table: what it shows, in words, the names of its columns, and its rows; the second column names the submission."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Entry, ...], ...]


def sheets(board: Board) -> tuple[Sheet, ...]:
    """Return the tables of a board, first the one that it is ranked by."""
    views = ranking(board, assign_marks(row.name for row in board.rows))
    if not has_saved(board):
        return (_times(board, views, speed=True),)
    both = (_saved(board, views), _times(board, views, speed=False))
    return both if board.ranked_by == "speedup" else both[::-1]


def _saved(board: Board, views: Sequence[RowView]) -> Sheet:
    at = [horizon_head(h) for h in horizons_of(board)]
    head = ("rank", "submission", f"speed-up over {board.baseline}", "95 % interval", *at, "limited", *board.workloads)
    rows = []
    for view in views:
        interval = words.NO_VALUE if view.row.name == board.baseline else view.speedup_interval or words.NO_VALUE
        texts = (*(text for text, _ in view.horizons), view.limited or words.NO_VALUE, *(cell.text for cell in view.saved))
        rows.append((*map(Entry, (view.rank, view.row.name)), Entry(view.speedup, bold=True), *map(Entry, (interval, *texts))))
    unit = UNITS[board.clock]
    title = f"Speed-up: by what factor more {unit} {board.baseline} needs to get as far; over all workloads, and on each."
    return Sheet(title, head, tuple(rows))


def _times(board: Board, views: Sequence[RowView], *, speed: bool) -> Sheet:
    """Return the table of times and scores; with the speed-up by time if there is no other."""
    first = (
        "rank",
        "submission",
        *((f"speed-up over {board.baseline}" if board.baseline else "speed-up", "95 % interval") * speed),
    )
    head = (*first, "score", "95 % interval", "targets", *workload_labels(board))
    rows = []
    for view in views if speed else sorted(views, key=lambda view: (view.row.score_rank, view.row.name)):
        rank = view.rank if speed or board.ranked_by == "score" else str(view.row.score_rank)
        texts = (rank, view.row.name, *((view.speedup, view.speedup_interval or words.NO_VALUE) * speed))
        score = (view.score, view.interval or words.NO_VALUE, view.targets)
        rows.append((*map(Entry, (*texts, *score)), *map(_time, view.cells)))
    title = "AlgoPerf's score, its rank, and the median time to the target on each workload, of the same trials."
    return Sheet(title, head, tuple(rows))


def _time(cell: CellView) -> Entry:
    return Entry(cell.text, cell.best, cell.misses if not cell.lost else "")
