"""When a trial may be stopped: the safe rule, the rules that keep only the score, and a forecast."""

from harness.pruning.hopeless import forecast
from harness.pruning.safe import evidence_holds, faster, fastest_of, first_hit
from harness.pruning.score_bounds import UNKNOWN, BoardTrial, Cell, ScoreBounds, Span, span_of, unjustified_cuts
from harness.pruning.stops import (
    FORECAST,
    RULES,
    SAFE_ONLY,
    SCORE_ONLY,
    FastestTrial,
    ScoreLimit,
    Stop,
    StopChannel,
    earlier_stop,
    next_evaluation,
    stop_from_json,
)

__all__ = [
    "FORECAST",
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
    "earlier_stop",
    "evidence_holds",
    "faster",
    "fastest_of",
    "first_hit",
    "forecast",
    "next_evaluation",
    "span_of",
    "stop_from_json",
    "unjustified_cuts",
]
