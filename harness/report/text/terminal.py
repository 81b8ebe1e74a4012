"""The board in a terminal: one compact table."""

from __future__ import annotations

from collections.abc import Mapping

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.report.colours import marks
from harness.report.text.quality import quality_table
from harness.report.views.ranking import RowView, labels, ranking
from harness.report.words import NONE, one_line
from harness.scoring.board_parts import Board
from harness.scoring.quality_board import QualityBoard

FIXED_WIDTH = 49
"""Columns that rank, score, interval, speed-up and targets take, with their gaps."""
NAME_WIDTH = 24


def terminal_table(board: Board | QualityBoard, console: Console, *, skipped: Mapping[str, str] | None = None) -> None:
    """Print the ranking and the verdict; times per workload where the width allows (all of them, or none and a line says so).

    Plain text without colours or rules when `console` is no terminal. `skipped` maps workloads to the reason.
    """
    if isinstance(board, QualityBoard):
        quality_table(board, console, skipped=skipped)
        return
    views = ranking(board, marks(row.name for row in board.rows))
    plain = not console.is_terminal
    columns = labels(board)
    name_width = max([10, *(min(NAME_WIDTH, len(one_line(view.row.name))) for view in views)])
    room = console.width - FIXED_WIDTH - name_width
    each = room // len(columns) - 2 if columns else 0
    shown = columns if each >= 8 else ()
    table = Table(box=None if plain else box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    table.add_column("rank", justify="right", no_wrap=True)
    table.add_column("range", no_wrap=True)
    table.add_column("submission", no_wrap=True, max_width=NAME_WIDTH)
    for head in ("score", "95 %", f"vs {one_line(board.baseline, 9)}" if board.baseline else "speed-up", "targets"):
        table.add_column(Text(head), justify="right", no_wrap=True)
    for label in shown:
        table.add_column(Text(one_line(label, max(each, 8))), justify="right", no_wrap=True)
    for view in views:
        table.add_row(*_cells(view, len(shown), plain))
    over = one_line(board.baseline, 40) or "nothing"
    console.print(Text(f"{board.track} track, {board.suite} suite, {board.clock} clock, speed-up is over {over}"))
    console.print(table)
    if columns and not shown:
        words = "1 workload" if len(columns) == 1 else f"{len(columns)} workloads"
        console.print(Text(f"times on {words} are on the page"), style="" if plain else "dim")
    for workload, reason in sorted((skipped or {}).items()):
        console.print(Text(f"skipped {one_line(workload, 40)}: {one_line(reason)}"), style="" if plain else "yellow")
    for label in board.pruned_by.values():
        console.print(Text(one_line(label)), style="" if plain else "red")
    console.print(Text(one_line(board.verdict)), style="" if plain else "bold")


def _cells(view: RowView, shown: int, plain: bool) -> list[Text]:
    low, high = view.row.rank_low, view.row.rank_high
    span = f"{low}–{high}" if low != high else ""
    interval = view.interval.replace(" approximate", "~") or NONE
    texts = [
        Text(str(view.row.rank)),
        Text(span),
        Text(one_line(view.row.name, NAME_WIDTH)),
        Text(view.score),
        Text(interval),
        Text(view.speedup),
        Text(view.targets),
    ]
    for cell in view.cells[:shown]:
        text = cell.text + (f" {cell.crosses}✗" if cell.crosses and cell.text != "missed" else "")
        texts.append(Text(text, style="bold" if cell.best and not plain else ""))
    return texts
