"""The board as one compact table in a terminal."""

from __future__ import annotations

from collections.abc import Mapping

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.report.colours import assign_marks
from harness.report.text.quality import quality_table
from harness.report.views.ranking import RowView, ranking, workload_labels
from harness.report.words import NO_VALUE, one_line
from harness.scoring.board_parts import Board
from harness.scoring.quality_board import QualityBoard

FIXED_WIDTH = 49
"""Characters that rank, score, interval, speed-up and targets take, with the gaps between them."""
NAME_WIDTH = 24
"""Most characters of a submission's name."""
MIN_COLUMN_WIDTH = 8
"""Least characters of a column of times."""


def terminal_table(board: Board | QualityBoard, console: Console, *, skipped: Mapping[str, str] | None = None) -> None:
    """Print the ranking and the verdict.

    The times on the workloads are in the table if all of them fit; otherwise a line says how many are left out. The text is
    plain, without colours and rules, if `console` is not a terminal. `skipped` maps workloads that did not run to the reason.
    """
    if isinstance(board, QualityBoard):
        quality_table(board, console, skipped=skipped)
        return
    views = ranking(board, assign_marks(row.name for row in board.rows))
    plain = not console.is_terminal
    columns = workload_labels(board)
    name_width = max([10, *(min(NAME_WIDTH, len(one_line(view.row.name))) for view in views)])
    free_width = console.width - FIXED_WIDTH - name_width
    column_width = free_width // len(columns) - 2 if columns else 0
    shown_columns = columns if column_width >= MIN_COLUMN_WIDTH else ()
    table = Table(box=None if plain else box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    table.add_column("rank", justify="right", no_wrap=True)
    table.add_column("range", no_wrap=True)
    table.add_column("submission", no_wrap=True, max_width=NAME_WIDTH)
    for head in ("score", "95 %", f"vs {one_line(board.baseline, 9)}" if board.baseline else "speed-up", "targets"):
        table.add_column(Text(head), justify="right", no_wrap=True)
    for label in shown_columns:
        table.add_column(Text(one_line(label, column_width)), justify="right", no_wrap=True)
    for view in views:
        table.add_row(*_cells(view, len(shown_columns), plain))
    baseline = (
        f"speed-ups are over {one_line(board.baseline, 40)}" if board.baseline else "no baseline ran, so there are no speed-ups"
    )
    console.print(Text(f"{board.track} track, {board.suite} suite, {board.clock} clock; {baseline}"))
    console.print(table)
    if columns and not shown_columns:
        number = "1 workload" if len(columns) == 1 else f"{len(columns)} workloads"
        console.print(Text(f"the times on {number} do not fit here; they are on the page"), style="" if plain else "dim")
    for workload, reason in sorted((skipped or {}).items()):
        console.print(Text(f"skipped {one_line(workload, 40)}: {one_line(reason)}"), style="" if plain else "yellow")
    for label in board.pruned_by.values():
        console.print(Text(one_line(label)), style="" if plain else "red")
    console.print(Text(one_line(board.verdict)), style="" if plain else "bold")


def _cells(view: RowView, workloads: int, plain: bool) -> list[Text]:
    low, high = view.row.rank_low, view.row.rank_high
    span = f"{low}–{high}" if low != high else ""
    interval = view.interval.replace(" approximate", "~") or NO_VALUE
    texts = [
        Text(str(view.row.rank)),
        Text(span),
        Text(one_line(view.row.name, NAME_WIDTH)),
        Text(view.score),
        Text(interval),
        Text(view.speedup),
        Text(view.targets),
    ]
    for cell in view.cells[:workloads]:
        text = cell.text + (f" {cell.crosses}✗" if cell.crosses and cell.text != "missed" else "")
        texts.append(Text(text, style="bold" if cell.best and not plain else ""))
    return texts
