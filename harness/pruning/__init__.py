"""When a trial may be stopped: the safe rules, those that keep the score only, and a forecast."""

from harness.pruning.hopeless import forecast
from harness.pruning.safe import Best, best_of, evidence_stands, faster, first_hit, out_of_reach
from harness.pruning.score_bounds import UNKNOWN, Entry, Span, Undecided, span_of, unjustified
from harness.pruning.stops import (
    FORECAST,
    RULES,
    SAFE_ONLY,
    SCORE_ONLY,
    Limit,
    Stop,
    StopChannel,
    beater_of,
    kind_of,
    stop_from_json,
    stop_to_json,
    tighter,
    upcoming,
)

__all__ = [
    "FORECAST",
    "RULES",
    "SAFE_ONLY",
    "SCORE_ONLY",
    "UNKNOWN",
    "Best",
    "Entry",
    "Limit",
    "Span",
    "Stop",
    "StopChannel",
    "Undecided",
    "beater_of",
    "best_of",
    "evidence_stands",
    "faster",
    "first_hit",
    "forecast",
    "kind_of",
    "out_of_reach",
    "span_of",
    "stop_from_json",
    "stop_to_json",
    "tighter",
    "unjustified",
    "upcoming",
]
