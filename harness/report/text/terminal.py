"""The board as one compact table in a terminal."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.text import Text

from harness.report.colours import assign_marks
from harness.report.text.columns import COUNTED, column_words, horizon_head
from harness.report.text.narrow import fitting
from harness.report.text.quality import quality_table
from harness.report.views.lead import coverage_lines
from harness.report.views.ranking import RowView, ranking, workload_labels
from harness.report.views.saved import WIDTH, Scale, has_saved, horizons_of, scale_of
from harness.report.words import NO_VALUE, one_line, ratio_text
from harness.scoring.board_parts import Board, Ratio
from harness.scoring.compute_words import UNITS
from harness.scoring.quality_board import QualityBoard
from harness.scoring.sentences import resting_lines

FIXED_WIDTH = 66
"""Characters that the columns before the times take, without the name, with the gaps between them."""
NAME_WIDTH = 24
"""Most characters of a submission's name."""
MIN_COLUMN_WIDTH = 8
"""Least characters of a column of times."""
MIN_RATIO_WIDTH = 6
"""Least characters of a column of speed-ups."""
BAR_WIDTH = 25
"""Characters of the bar that shows a speed-up with its interval, in a terminal that is wide enough."""


def terminal_table(board: Board | QualityBoard, console: Console, *, skipped: Mapping[str, str] | None = None) -> None:
    """Print the ranking and the verdict.

    The cells of the workloads (speed-ups where the board reads compute saved, else times) are in the table if all of them fit;
    otherwise a line says how many are left out. The text is plain, without colours, bars and rules, if `console` is not a
    terminal. `skipped` maps workloads that did not run to the reason.
    """
    if isinstance(board, QualityBoard):
        quality_table(board, console, skipped=skipped)
        return
    views = ranking(board, assign_marks(row.name for row in board.rows))
    plain, saves = not console.is_terminal, has_saved(board)
    columns = board.workloads if saves else workload_labels(board)
    name_width = max([10, *(min(NAME_WIDTH, len(one_line(view.row.name))) for view in views)])
    free_width = console.width - FIXED_WIDTH - name_width
    least = (MIN_RATIO_WIDTH if saves else MIN_COLUMN_WIDTH) + 2
    cells, bar = least * len(columns), BAR_WIDTH + 2
    # Where the terminal is wide enough for one of them only, it shows the cells of the workloads, not the bars.
    drawn = saves and not plain and _draws(console) and bar <= free_width and not free_width - bar < cells <= free_width
    scale = scale_of([row.speed_up for row in board.rows]) if drawn else None
    column_width = (free_width - bar * drawn) // len(columns) - 2 if columns else 0
    shown_columns = columns if column_width + 2 >= least else ()
    heads = ["rank", "range", "submission", *([_ruled(scale)] if scale is not None else []), *_heads(board)]
    heads += [one_line(label, column_width) for label in shown_columns]
    rows = [_cells(board, view, len(shown_columns), plain, scale) for view in views]
    table = fitting(heads, rows, _least_needed(board), console)
    for line in coverage_lines(board):
        console.print(Text(one_line(line)), style="" if plain else "yellow")
    for workload, reason in sorted((skipped or {}).items()):
        console.print(Text(f"skipped {one_line(workload, 40)}: {one_line(reason)}"), style="" if plain else "yellow")
    counted = f"compute is counted in {COUNTED[board.clock]}"
    console.print(Text(f"{board.track} track, {board.suite} suite; {counted}; {what_is_ranked(board)}"))
    console.print(table)
    heads_shown = [getattr(column.header, "plain", "") for column in table.columns]
    if told := column_words(board, heads_shown, (cell.plain for row in rows for cell in row[2:])):
        console.print(Text(told), style="" if plain else "dim")
    if columns and not shown_columns:
        number = "1 workload" if len(columns) == 1 else f"{len(columns)} workloads"
        what = "speed-ups" if saves else "times"
        console.print(Text(f"the {what} on {number} do not fit here; they are on the page"), style="" if plain else "dim")
    for label in board.pruned_by.values():
        console.print(Text(one_line(label)), style="" if plain else "red")
    console.print(Text(one_line(board.verdict)), style="" if plain else "bold")
    for line in resting_lines(board.pairs):
        console.print(Text(one_line(line)))


def _least_needed(board: Board) -> tuple[str, ...]:
    """Return the heads of the columns that a narrow terminal does without, in this order; the score always stays."""
    return ("limited", *reversed([horizon_head(h) for h in horizons_of(board)]), "range", "targets")


def what_is_ranked(board: Board) -> str:
    """Return what the board ranks by, and what its speed-ups are."""
    if not board.baseline:
        return "no baseline ran, so there are no speed-ups; ranked by score"
    ranked = f"ranked by {'speed-up' if board.ranked_by == 'speedup' else 'score'}"
    if not board.saves_compute:
        return f"{ranked}; speed-ups over {board.baseline}: in time to the target"
    by_speed_up = "" if board.ranked_by == "speedup" else "; speed-up"
    return f"{ranked}{by_speed_up}: by what factor more {UNITS[board.clock]} {board.baseline} needs to get as far"


def _heads(board: Board) -> tuple[str, ...]:
    """Return the heads of the columns of numbers, first what the board ranks by."""
    speed = f"vs {one_line(board.baseline, 9)}" if board.baseline else "speed-up"
    if not board.saves_compute:
        return ("score", "95 %", speed, "targets")
    parts = tuple(horizon_head(h) for h in horizons_of(board))
    return (speed, "95 %", *parts, "limited", "score")


def _cells(board: Board, view: RowView, workloads: int, plain: bool, scale: Scale | None) -> list[Text]:
    row = view.row
    low, high = row.rank_low, row.rank_high
    span = f"{low}–{high}" if low != high else ""
    interval = view.interval.replace(" approximate", "~") or NO_VALUE
    texts = [Text(str(row.rank)), Text(span), Text(one_line(row.name, NAME_WIDTH))]
    if scale is not None:
        texts.append(Text(_bar(view, scale)))
    if board.saves_compute:
        at = [row.speed_up.horizons.get(h, Ratio()).value for h in horizons_of(board)]
        limited = f"{row.speed_up.limited}/{row.speed_up.studies}" if row.speed_up.studies else NO_VALUE
        parts = [ratio_text(value).removeprefix("×") for value in at]
        interval = NO_VALUE if row.name == board.baseline else view.speedup_interval or NO_VALUE
        texts += [Text(text) for text in (view.speedup, interval, *parts, limited, view.score)]
    else:
        texts += [Text(text) for text in (view.score, interval, view.speedup, view.targets)]
    if has_saved(board):
        return [*texts, *(Text(cell.text.replace("×", "")) for cell in view.saved[:workloads])]
    for cell in view.cells[:workloads]:
        text = cell.text + (f" {cell.crosses}✗" if cell.crosses and not cell.lost else "")
        texts.append(Text(text, style="bold" if cell.best and not plain else ""))
    return texts


def _draws(console: Console) -> bool:
    """Return whether the terminal can show the characters of a bar."""
    return (console.encoding or "").lower().startswith("utf")


def _place(position: float) -> int:
    return round(position / WIDTH * (BAR_WIDTH - 1))


def _ruled(scale: Scale) -> str:
    """Return the head of the bars: ``×1`` above the place of ×1."""
    return " " * max(0, _place(scale.one) - 1) + "×1"


def _bar(view: RowView, scale: Scale) -> str:
    """Return a speed-up as a dot with its interval as a line, beside the line of ×1."""
    cells = [" "] * BAR_WIDTH
    cells[_place(scale.one)] = "│"
    whisker = view.whisker
    if whisker is not None:
        if whisker.low is not None and whisker.high is not None:
            for place in range(_place(whisker.low), _place(whisker.high) + 1):
                cells[place] = "─"
        cells[_place(whisker.at)] = "●"
    return "".join(cells)
