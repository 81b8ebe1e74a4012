"""The board as `leaderboard.json`: strict JSON, null for infinite or unavailable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from harness.canonical import plain
from harness.scoring.board_parts import Board, Cell, Row, RowSpeedUp

BOARD_SCHEMA = 2


def board_json(board: Board, environment: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the board as JSON types: fixed keys first, then further ones; infinities and NaN become null."""
    value: dict[str, Any] = plain(
        {
            "schema": BOARD_SCHEMA,
            "track": board.track,
            "clock": board.clock,
            "suite": board.suite,
            "ranked_by": board.ranked_by,
            "submissions": [_row(row, board.workloads) for row in board.rows],
            "workloads": list(board.workloads),
            "trials": dict(board.trials),
            "environment": list(environment),
            "baseline": board.baseline,
            "reading": board.reading,
            "not_run": list(board.not_run),
            "ruler_error": board.ruler_error,
            "held_out": list(board.held_out),
            "verdict": board.verdict,
            "notes": list(board.notes),
            "adjacent_separable": board.adjacent_separable,
            "pairs": [asdict(pair) for pair in board.pairs],
            "leave_out": board.leave_out,
            "easier": board.easier,
            "legacy": list(board.legacy),
            "pruned_by": board.pruned_by,
        }
    )
    return value


def _row(row: Row, workloads: Sequence[str]) -> dict[str, Any]:
    return {
        "name": row.name,
        "rank": row.rank,
        "rank_low": row.rank_low,
        "rank_high": row.rank_high,
        "score": row.score,
        "score_low": row.score_low,
        "score_high": row.score_high,
        **_fixed(row.speed_up),
        "targets_reached": row.targets_reached,
        "workloads": {workload: _cell(row.cells[workload]) for workload in workloads},
        **speed_up_json(row.speed_up),
        "held_out": {label: _cell(cell) for label, cell in row.cells.items() if label not in workloads},
        "score_rank": row.score_rank,
        "not_run": list(row.not_run),
        "approximate": row.approximate,
        "population_low": row.population_low,
        "population_high": row.population_high,
        "race_cost": row.race_cost,
        "trials": row.trials,
        "note": row.note,
    }


def _fixed(own: RowSpeedUp) -> dict[str, Any]:
    return {"speedup": own.value, "speedup_low": own.low, "speedup_high": own.high}


def speed_up_json(own: RowSpeedUp) -> dict[str, Any]:
    """Return the keys of a row that say how much compute it saves, the fixed ones first."""
    return {
        **_fixed(own),
        "speedup_bound": own.bound,
        "limited": own.limited,
        "limited_of": own.studies,
        "speedup_over": own.over,
        "horizons": {f"{h:g}": asdict(ratio) for h, ratio in own.horizons.items()},
        "speedups": {label: {"ratio": here.ratio, "bound": here.bound} for label, here in own.workloads.items()},
        "like_these": own.like_these,
        "ruler_error": own.ruler_error,
        "floor": own.floor,
    }


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        "time": cell.time,
        "low": cell.low,
        "high": cell.high,
        "reached": cell.reached,
        "studies": cell.studies,
        "level": cell.level,
        "missing": cell.missing,
        "study_times": list(cell.study_times),
        "study_ids": list(cell.study_ids),
        "contribution": cell.contribution,
        "bound": cell.bound,
        "note": cell.note,
        "cut": cell.cut,
        "failure": cell.failure,
        "study_failures": list(cell.study_failures),
    }
