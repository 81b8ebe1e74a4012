"""The numbers from which the page's script ranks a subset of the workloads, as JSON inside a script element."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from harness.report.colours import Mark
from harness.report.views.content import RaceContent
from harness.report.views.ranking import workload_labels
from harness.report.words import visible
from harness.scoring.board_parts import Board, Row


def payload(content: RaceContent) -> dict[str, Any]:
    """Return what the script needs; the clock that the page opens with comes first.

    ``{"workloads", "variants": {base: [labels]}, "grid", "names": {anchor: name}, "clocks": {clock:
    {"labels", "times": {anchor: [median or null]}, "unknown": {anchor: [workloads]}, "gains": {anchor: [log speed-up or
    null]}}}}``; "gains" only where the board ranks by them. A median is null if it is missed or missing, which both count as
    missed in a score. `grid`: profiles are integrated on AlgoPerf's 100 points.
    """
    board, marks, trials = content.board, content.marks, content.trials
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
        "clocks": {b.clock: _clock(b, marks) for b in content.boards},
    }


def _clock(board: Board, marks: Mapping[str, Mark]) -> dict[str, Any]:
    unknown = {marks[row.name].anchor: _unknown(row, board) for row in board.rows}
    return {
        "labels": [visible(label) for label in workload_labels(board)],
        "times": {marks[row.name].anchor: [_median(row, label) for label in workload_labels(board)] for row in board.rows},
        "unknown": {anchor: workloads for anchor, workloads in unknown.items() if workloads},
        **({"gains": _gains(board, marks)} if board.ranked_by == "speedup" else {}),
    }


def _gains(board: Board, marks: Mapping[str, Mark]) -> dict[str, list[float | None]]:
    """Return the log speed-ups of every submission on the workloads of the board."""
    ratios = {row.name: [row.speed_up.workloads.get(w) for w in board.workloads] for row in board.rows}
    return {marks[n].anchor: [math.log(r.ratio) if r and r.ratio else None for r in own] for n, own in ratios.items()}


def _unknown(row: Row, board: Board) -> list[str]:
    return [visible(workload) for workload in board.workloads if row.cells[workload].unknown]


def _median(row: Row, label: str) -> float | None:
    cell = row.cells.get(label)
    return cell.time if cell is not None and math.isfinite(cell.time) else None


def script_json(content: Mapping[str, Any]) -> Markup:
    """Return JSON for a script element: without ``<``, which could end the element, and in ASCII."""
    text = json.dumps(content, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
