"""When a trial may be stopped: the safe rule, and the rules that keep only the score."""

from harness.pruning.safe import evidence_holds, faster, fastest_of, first_hit
from harness.pruning.score_bounds import UNKNOWN, BoardTrial, Cell, ScoreBounds, Span, span_of, unjustified_cuts
from harness.pruning.stops import (
    RULES,
    SAFE_ONLY,
    SCORE_ONLY,
    FastestTrial,
    ScoreLimit,
    Stop,
    StopChannel,
    due_after,
    earlier_stop,
    next_evaluation,
    stop_from_json,
)

__all__ = [
    "RULES",
    "SAFE_ONLY",
    "SCORE_ONLY",
    "UNKNOWN",
    "BoardTrial",
    "Cell",
    "FastestTrial",
    "ScoreBounds",
    "ScoreLimit",
    "Span",
    "Stop",
    "StopChannel",
    "due_after",
    "earlier_stop",
    "evidence_holds",
    "faster",
    "fastest_of",
    "first_hit",
    "next_evaluation",
    "span_of",
    "stop_from_json",
    "unjustified_cuts",
]
