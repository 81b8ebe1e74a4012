"""The board as text that other programs read: JSON, CSV and Markdown."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping
from typing import Any

from harness.canonical import json_lines, plain
from harness.report import words
from harness.report.text.sheets import Entry, sheets
from harness.report.views.ranking import workload_labels
from harness.scoring.board_parts import Board

CSV_FIELDS = (
    *("track", "suite", "clock", "ranked_by", "submission"),
    *("rank", "rank_low", "rank_high", "score", "score_low", "score_high", "approximate"),
    *("speedup", "speedup_low", "speedup_high", "speedup_bound", "limited", "limited_of", "speedup_here"),
    "speedup_here_bound",
    *("targets_reached", "race_cost", "trials"),
    *("workload", "held_out", "time", "low", "high", "level", "bound"),
    *("reached", "missed", "failed", "studies", "missing", "study_times"),
)

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def json_text(content: Mapping[str, Any], *, lines: bool = True) -> str:
    """Return strict JSON with a newline at its end: infinite values and NaN become null, keys keep their order.

    `lines` puts each row, each pair and each point on a line of its own; without it there are no spaces at all, for downloads.
    """
    return json_lines(plain(content), 2 if lines else 0, lists=True) + "\n"


def csv_text(board: Board) -> str:
    """Return one line per submission and workload; no text can start a formula in a spreadsheet.

    A missed time is the word "missed", or the status that most of its trials have if that is a failure; a value that does
    not exist is empty.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_FIELDS)
    for row in board.rows:
        for label in workload_labels(board):
            cell = row.cells.get(label)
            here = row.speed_up.workloads.get(label)
            values = {name: getattr(row, name) for name in CSV_FIELDS if hasattr(row, name)}
            values |= {name: getattr(cell, name) for name in CSV_FIELDS if cell is not None and hasattr(cell, name)}
            values |= {
                "track": board.track,
                "suite": board.suite,
                "clock": board.clock,
                "ranked_by": board.ranked_by,
                "submission": row.name,
                "limited": row.speed_up.limited,
                "limited_of": row.speed_up.studies,
                "speedup_here": here.ratio if here else None,
                "speedup_here_bound": here.bound if here else None,
                "workload": label,
            }
            values |= {"held_out": label in board.held_out}
            if cell is not None:
                values |= {
                    "missed": cell.missed,
                    "failed": sum(cell.failures.values()),
                    "time": cell.failure or cell.time,
                    "low": cell.slowest if cell.low == math.inf else cell.low,
                    "high": cell.slowest if cell.high == math.inf else cell.high,
                    "study_times": " ".join(
                        lost or _plain_number(t) for t, lost in zip(cell.study_times, cell.study_failures, strict=True)
                    ),
                }
            writer.writerow([spreadsheet_safe(values.get(name)) for name in CSV_FIELDS])
    return out.getvalue()


def spreadsheet_safe(value: Any) -> str:
    """Return `value` as a cell: numbers as they are, text that a spreadsheet would take for a formula after a ``'``."""
    if value is None:
        return ""
    if isinstance(value, (int, float)):
        return _plain_number(value)
    text = words.visible(value)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_STARTS) or text.startswith(FORMULA_STARTS) else text


def _plain_number(value: float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if math.isinf(value):
        return "missed"
    return "" if math.isnan(value) else repr(value)


def markdown_table(board: Board) -> str:
    """Return the ranking as Markdown tables below the verdict; text in names is escaped.

    There is one table for each reading of the trials: compute saved, and times to the target.
    """
    tables = sheets(board)
    lines = [escaped(board.verdict), *(f"**{escaped(label)}**" for label in board.pruned_by.values())]
    for sheet in tables:
        lines += ["", *([escaped(sheet.title), ""] if len(tables) > 1 else [])]
        lines.append(f"| {' | '.join(escaped(name) for name in sheet.head)} |")
        lines.append(f"|{'|'.join([' ---: ', ' --- ', *[' ---: '] * (len(sheet.head) - 2)])}|")
        lines += [f"| {' | '.join(_markdown(entry) for entry in row)} |" for row in sheet.rows]
    return "\n".join(lines) + "\n"


def _markdown(entry: Entry) -> str:
    text = f"**{escaped(entry.text)}**" if entry.bold else escaped(entry.text)
    return f"{text} ({entry.after})" if entry.after else text


def escaped(text: object) -> str:
    """Return text on one line with every character escaped that means something in Markdown or HTML."""
    line = words.one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*\[\]|~!#])", r"\\\1", line).replace("://", ":\\//")
