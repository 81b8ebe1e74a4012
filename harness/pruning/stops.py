"""What stops a running trial, as it crosses from the race to a worker: the best of its study, or a limit on its clock."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.pruning.safe import Best
from harness.records import TrialSpec

SAFE_ONLY, SCORE_ONLY = "safe", "score-only"
RULES = (SAFE_ONLY, SCORE_ONLY)
"""What users type after ``--prune``."""

FORECAST = "forecast"
"""`TrialRecord.pruned_by` of a trial that ``--stop-hopeless`` stopped; that of ``--prune score-only`` is `SCORE_ONLY`."""


@dataclass(frozen=True)
class Limit:
    """The clock from which on a trial cannot change any score.

    Attributes:
        time: on the race's clock.
        strict: a trial that is due exactly at `time` goes on.
        reason: in words.
    """

    time: float
    strict: bool
    reason: str

    def stops(self, trial: int, due: float) -> bool:
        """Return whether no evaluation from `due` on can change a score."""
        return due > self.time if self.strict else due >= self.time

    def words(self, clock: str) -> str:
        """Return why it stops a trial."""
        return self.reason


Stop = Best | Limit
StopChannel = Callable[[], Stop | None]
"""The side channel: a running trial calls it before every evaluation, and gets what stops it, or None."""


def tighter(best: Best | None, limit: Limit | None) -> Stop | None:
    """Return the one that stops a trial earlier; of equal ones the safe rule's."""
    if best is None or limit is None:
        return best or limit
    return limit if limit.time < best.time else best


def kind_of(stop: Stop) -> str:
    """Return the `pruned_by` of a trial that `stop` stops."""
    return SCORE_ONLY if isinstance(stop, Limit) else ""


def beater_of(stop: Stop, due: float) -> dict[str, Any]:
    """Return what the record of a trial keeps of what stopped it."""
    if isinstance(stop, Limit):
        return {"time": stop.time, "due": due}
    return {"id": stop.id, "time": stop.time}


def stop_to_json(stop: Stop | None) -> dict[str, Any] | None:
    """Return what `stop_from_json` takes."""
    return None if stop is None else dict(vars(stop))


def stop_from_json(value: Mapping[str, Any] | None) -> Stop | None:
    """Return what `stop_to_json` was given."""
    if not value:
        return None
    return Limit(**value) if "reason" in value else Best(**value)


def upcoming(examples: float, spec: TrialSpec) -> float:
    """Return the charged examples at which the next evaluation of a trial is due."""
    period = spec.evaluation_period
    return min((math.floor(examples / period) + 1) * period, spec.horizon, spec.budget)
