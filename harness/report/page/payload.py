"""The numbers that the page's script ranks a subset of workloads from, as JSON that cannot end its script element."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup

from harness.report.colours import Mark
from harness.report.views.ranking import labels
from harness.report.words import visible
from harness.scoring.board_parts import Board, Row


def payload(boards: Sequence[Board], trials: pd.DataFrame, marks: Mapping[str, Mark]) -> dict[str, Any]:
    """Return what the script needs, the board that the page opens with first.

    ``{"workloads", "variants": {base: [labels]}, "grid", "names": {anchor: name}, "clocks": {clock: {"labels", "times":
    {anchor: [median or null]}, "unknown": {anchor: [workloads]}}}}``. A median is null where it is missed or missing; both
    count as missed in a score. `grid` says that profiles are integrated on AlgoPerf's 100 points.
    """
    board = boards[0]
    bases = trials.loc[trials["held_out"].astype(bool), ["workload", "base_workload"]].drop_duplicates()
    variants: dict[str, list[str]] = {}
    for label, base in sorted(bases.itertuples(index=False)):
        if label in board.held_out:
            variants.setdefault(visible(base), []).append(visible(label))
    return {
        "workloads": [visible(workload) for workload in board.workloads],
        "variants": variants,
        "grid": "grid" in board.legacy,
        "names": {marks[row.name].anchor: visible(row.name) for row in board.rows},
        "clocks": {b.clock: _clock(b, marks) for b in boards},
    }


def _clock(board: Board, marks: Mapping[str, Mark]) -> dict[str, Any]:
    unknown = {marks[row.name].anchor: _unknown(row, board) for row in board.rows}
    return {
        "labels": [visible(label) for label in labels(board)],
        "times": {marks[row.name].anchor: [_median(row, label) for label in labels(board)] for row in board.rows},
        "unknown": {anchor: found for anchor, found in unknown.items() if found},
    }


def _unknown(row: Row, board: Board) -> list[str]:
    return [visible(workload) for workload in board.workloads if row.cells[workload].unknown]


def _median(row: Row, label: str) -> float | None:
    cell = row.cells.get(label)
    return cell.time if cell is not None and math.isfinite(cell.time) else None


def script_json(content: Mapping[str, Any]) -> Markup:
    """Return JSON that stands in a script element: no ``<`` can end the element, no line separator a line."""
    text = json.dumps(content, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
