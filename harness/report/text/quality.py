"""A board without a race as text: terminal table, CSV, Markdown."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.report import words
from harness.report.text.exports import escaped, spreadsheet_safe
from harness.report.text.narrow import fitting
from harness.report.views.budget import budget_table
from harness.report.views.rates import rate_text, rate_workloads
from harness.scoring.quality_board import QualityBoard
from harness.scoring.sensitivity import RateRow
from harness.scoring.sentences import resting_lines

BUDGET_FIELDS = (
    *("track", "suite", "clock", "submission", "rank", "mean_rank", "regret", "workload", "metric"),
    *("share", "final", "low", "high", "studies"),
)
RATE_FIELDS = ("track", "suite", "clock", "submission", "workload", "sensitivity", "edge", "learning_rate", "loss")

NAME_WIDTH = 24


def rate_table(rows: Sequence[RateRow]) -> tuple[list[str], list[list[str]]]:
    """Return head and rows of the sensitivities: over all workloads, then on each."""
    labels = rate_workloads(rows)
    body = []
    for row in rows:
        cells = (row.workloads.get(w) for w in labels)
        texts = [words.NO_VALUE if s is None else rate_text(s.value, s.edge) for s in cells]
        body.append([row.name, rate_text(row.value, row.edge), *texts])
    return ["submission", "sensitivity", *labels], body


def quality_table(board: QualityBoard, console: Console, *, skipped: Mapping[str, str] | None = None) -> None:
    """Print the board and its verdict; as plain text if `console` is not a terminal."""
    plain = not console.is_terminal
    if board.sensitivity:
        sensitivity_table(board.sensitivity, console)
    else:
        what = f"speed-ups over {words.one_line(board.baseline, 40)}" if board.baseline else "regret"
        console.print(Text(f"{board.track} track, {board.suite} suite: {what} at shares of the budget; there is no target"))
        head, rows = budget_table(board)
        narrow = [i for i, name in enumerate(head) if not (board.baseline and name == "mean rank")]
        texts = [[Text(words.one_line(row[i], NAME_WIDTH)) for i in narrow] for row in rows]
        heads = [words.one_line(head[i]) for i in narrow]
        console.print(fitting(heads, texts, ("regret", *reversed([h for h in heads if h.startswith("at ")])), console))
    for workload, reason in sorted((skipped or {}).items()):
        console.print(Text(f"skipped {words.one_line(workload, 40)}: {words.one_line(reason)}"))
    console.print(Text(words.one_line(board.verdict)), style="" if plain else "bold")
    for line in resting_lines(board.pairs):
        console.print(Text(words.one_line(line)))


def sensitivity_table(rows: Sequence[RateRow], console: Console) -> None:
    """Print the sensitivity to the peak rate; as plain text if `console` is not a terminal."""
    console.print(Text("sensitivity to the peak learning rate (0: it does not matter, 1: as bad as not learning)"))
    console.print(_table(*rate_table(rows), plain=not console.is_terminal))
    if any(row.edge for row in rows):
        console.print(Text("≥: the optimum lies at an edge of the grid, so the true value is larger"))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], plain: bool) -> Table:
    table = Table(box=None if plain else box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    for name in head:
        names = name == "submission"
        table.add_column(Text(words.one_line(name)), justify="left" if names else "right", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(words.one_line(text, NAME_WIDTH)) for text in row))
    return table


def quality_markdown(board: QualityBoard) -> str:
    """Return the ranking as a Markdown table below the verdict."""
    head, rows = rate_table(board.sensitivity) if board.sensitivity else budget_table(board)
    rule = "|".join(" --- " if name == "submission" else " ---: " for name in head)
    lines = [escaped(board.verdict), "", f"| {' | '.join(escaped(name) for name in head)} |", f"|{rule}|"]
    lines += [f"| {' | '.join(escaped(text) for text in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def quality_csv(board: QualityBoard) -> str:
    """Return one line per submission, workload and share of the budget (or peak rate); no text can start a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    fields = RATE_FIELDS if board.sensitivity else BUDGET_FIELDS
    writer.writerow(fields)
    for line in _rate_lines(board) if board.sensitivity else _budget_lines(board):
        values = {"track": board.track, "suite": board.suite, "clock": board.clock, **line}
        writer.writerow([spreadsheet_safe(values.get(name)) for name in fields])
    return out.getvalue()


def _budget_lines(board: QualityBoard) -> Iterator[dict[str, Any]]:
    for row in board.rows:
        for workload in board.workloads:
            for q in row.shares:
                count = q.studies.get(workload, 0)
                yield {
                    "submission": row.name,
                    "rank": row.rank,
                    "mean_rank": row.mean_rank,
                    "regret": row.regret,
                    "workload": workload,
                    "metric": board.metrics[workload],
                    "share": q.share,
                    "final": q.final.get(workload) if count else None,
                    "low": q.low.get(workload),
                    "high": q.high.get(workload),
                    "studies": count,
                }


def _rate_lines(board: QualityBoard) -> Iterator[dict[str, Any]]:
    for row in board.sensitivity:
        for workload, sensitivity in row.workloads.items():
            for rate, loss in zip(sensitivity.rates, sensitivity.losses, strict=True):
                yield {
                    "submission": row.name,
                    "workload": workload,
                    "sensitivity": sensitivity.value,
                    "edge": sensitivity.edge,
                    "learning_rate": rate,
                    "loss": loss,
                }
