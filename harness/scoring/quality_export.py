"""Boards of quality and of sensitivity as JSON types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from harness.canonical import plain
from harness.scoring.export import BOARD_SCHEMA, speed_up_json
from harness.scoring.quality_board import QualityBoard, QualityRow
from harness.scoring.sensitivity import RateRow


def quality_json(board: QualityBoard, environment: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the board as strict JSON types: the fixed keys of a timed board (null where nothing is timed), then its own."""
    value: dict[str, Any] = plain(
        {
            "schema": BOARD_SCHEMA,
            "track": board.track,
            "clock": board.clock,
            "suite": board.suite,
            "ranked_by": board.ranked_by,
            "submissions": [_row_json(row, board) for row in board.rows],
            "workloads": list(board.workloads),
            "trials": dict(board.trials),
            "environment": list(environment),
            "shares": list(board.shares),
            "metrics": dict(board.metrics),
            "lower_is_better": dict(board.lower_is_better),
            "verdict": board.verdict,
            "notes": list(board.notes),
            "sensitivity": sensitivity_json(board.sensitivity),
            "baseline": board.baseline,
            "pairs": [asdict(pair) for pair in board.pairs],
        }
    )
    return value


TIMED_KEYS = ("score", "score_low", "score_high")
"""Keys of a timed row that such a board fills with null."""


def _row_json(row: QualityRow, board: QualityBoard) -> dict[str, Any]:
    counts = {w: max((q.studies.get(w, 0) for q in row.shares), default=0) for w in board.workloads}
    return {
        "name": row.name,
        "rank": row.rank,
        "rank_low": row.rank_low,
        "rank_high": row.rank_high,
        **speed_up_json(row.speed_up),
        **dict.fromkeys(TIMED_KEYS),
        "targets_reached": None,
        "workloads": {
            w: {"time": None, "low": None, "high": None, "reached": None, "studies": counts[w], "quality": _cells(row, w)}
            for w in board.workloads
        },
        "mean_rank": row.mean_rank,
        "regret": row.regret,
        "shares": [{"share": q.share, "regret": q.regret, "mean_rank": q.mean_rank} for q in row.shares],
        "trials": row.trials,
        "note": row.note,
    }


def _cells(row: QualityRow, workload: str) -> list[dict[str, Any]]:
    return [
        {
            "share": q.share,
            "final": q.final.get(workload),
            "low": q.low.get(workload),
            "high": q.high.get(workload),
            "studies": q.studies.get(workload, 0),
        }
        for q in row.shares
    ]


def sensitivity_json(rows: Sequence[RateRow]) -> list[dict[str, Any]]:
    """Return sensitivities as JSON types, in the order given."""
    return [
        {
            "name": row.name,
            "value": row.value,
            "edge": row.edge,
            "workloads": {
                w: {"value": s.value, "edge": s.edge, "rates": list(s.rates), "losses": list(s.losses)}
                for w, s in row.workloads.items()
            },
            "unavailable": dict(row.unavailable),
        }
        for row in rows
    ]
