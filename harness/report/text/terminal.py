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
from harness.report.words import NO_VALUE, one_line, ratio_text
from harness.scoring.board_parts import Board, Ratio
from harness.scoring.quality_board import QualityBoard
from harness.scoring.sentences import listed, resting_lines

FIXED_WIDTH = 66
"""Characters that the columns before the times take, without the name, with the gaps between them."""
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
    for head in _heads(board):
        table.add_column(Text(head), justify="right", no_wrap=True)
    for label in shown_columns:
        table.add_column(Text(one_line(label, column_width)), justify="right", no_wrap=True)
    for view in views:
        table.add_row(*_cells(board, view, len(shown_columns), plain))
    for line in coverage_lines(board):
        console.print(Text(one_line(line)), style="" if plain else "yellow")
    console.print(Text(f"{board.track} track, {board.suite} suite, {board.clock} clock; {what_is_ranked(board)}"))
    console.print(table)
    if columns and not shown_columns:
        number = "1 workload" if len(columns) == 1 else f"{len(columns)} workloads"
        console.print(Text(f"the times on {number} do not fit here; they are on the page"), style="" if plain else "dim")
    for workload, reason in sorted((skipped or {}).items()):
        console.print(Text(f"skipped {one_line(workload, 40)}: {one_line(reason)}"), style="" if plain else "yellow")
    for label in board.pruned_by.values():
        console.print(Text(one_line(label)), style="" if plain else "red")
    console.print(Text(one_line(board.verdict)), style="" if plain else "bold")
    for line in resting_lines(board.pairs):
        console.print(Text(one_line(line)))


def coverage_lines(board: Board) -> list[str]:
    """Return what of the suite was not run, by anyone and by single submissions; the first thing that a reader must know."""
    lines = []
    if board.not_run:
        width = len(board.workloads) + len(board.not_run)
        lines.append(
            f"{len(board.workloads)} of the {width} workloads of the {board.suite} suite were run, not {listed(board.not_run)}"
        )
    width = len(board.workloads)
    groups: dict[tuple[str, ...], list[str]] = {}
    for row in board.rows:
        if row.not_run:
            groups.setdefault(row.not_run, []).append(row.name)
    lines += [
        f"{listed(names)} ran on {width - len(absent)} of {width} workloads, not on {listed(absent)}: compared on those alone"
        for absent, names in groups.items()
    ]
    return lines


def what_is_ranked(board: Board) -> str:
    """Return what the board ranks by, and what its speed-ups refer to."""
    if not board.baseline:
        return "no baseline ran, so there are no speed-ups; ranked by score"
    what = "budget saved at equal quality" if board.saves_compute else "in time to the target"
    ranked = "speed-up" if board.ranked_by == "speedup" else "score"
    return f"ranked by {ranked}; speed-ups over {board.baseline}: {what}"


def _heads(board: Board) -> tuple[str, ...]:
    """Return the heads of the columns of numbers, first what the board ranks by."""
    speed = f"vs {one_line(board.baseline, 9)}" if board.baseline else "speed-up"
    if not board.saves_compute:
        return ("score", "95 %", speed, "targets")
    parts = tuple(f"at {h:.3g}" for h in horizons_of(board))
    return (speed, "95 %", *parts, "limited", "score")


def horizons_of(board: Board) -> tuple[float, ...]:
    """Return the horizons, in budgets, at which the board's speed-ups are shown; a single one is the whole speed-up."""
    found = sorted({h for row in board.rows for h in row.speed_up.horizons})
    return tuple(found) if len(found) > 1 else ()


def _cells(board: Board, view: RowView, workloads: int, plain: bool) -> list[Text]:
    row = view.row
    low, high = row.rank_low, row.rank_high
    span = f"{low}–{high}" if low != high else ""
    interval = view.interval.replace(" approximate", "~") or NO_VALUE
    texts = [Text(str(row.rank)), Text(span), Text(one_line(row.name, NAME_WIDTH))]
    if board.saves_compute:
        at = [row.speed_up.horizons.get(h, Ratio()).value for h in horizons_of(board)]
        limited = f"{row.speed_up.limited}/{row.speed_up.studies}" if row.speed_up.studies else NO_VALUE
        parts = [ratio_text(value).removesuffix("×") for value in at]
        interval = view.speedup_interval.removesuffix("×") or NO_VALUE
        texts += [Text(text) for text in (view.speedup, interval, *parts, limited, view.score)]
    else:
        texts += [Text(text) for text in (view.score, interval, view.speedup, view.targets)]
    for cell in view.cells[:workloads]:
        text = cell.text + (f" {cell.crosses}✗" if cell.crosses and not cell.lost else "")
        texts.append(Text(text, style="bold" if cell.best and not plain else ""))
    return texts
