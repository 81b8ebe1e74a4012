"""What may stop a running trial: the values that travel from the race to a worker, over the stop channel."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Protocol

from harness.records import TrialSpec

SAFE_ONLY, SCORE_ONLY = "safe", "score-only"
RULES = (SAFE_ONLY, SCORE_ONLY)
"""What users type after ``--prune``."""


class Stop(Protocol):
    """What stops the trials of a study from some time on, on the track's clock.

    Attributes:
        kind: `TrialRecord.pruned_by` of a trial that it stops; empty for the safe rules.
    """

    kind: ClassVar[str]

    @property
    def time(self) -> float:
        """The time from which on it stops trials."""

    def stops(self, trial: int, due: float) -> bool:
        """Return whether it stops trial `trial`, whose next evaluation comes at `due` or later."""

    def words(self, clock: str) -> str:
        """Return the reason that the record of a stopped trial gives; `clock` is the unit of `time`."""

    def evidence(self, due: float) -> dict[str, Any]:
        """Return `TrialRecord.beater` of a trial that it stops before the evaluation due at `due`."""

    def to_json(self) -> dict[str, Any]:
        """Return what `stop_from_json` takes."""


StopChannel = Callable[[], Stop | None]
"""What a running trial calls before every evaluation: it returns at once what stops the trial, or None."""


@dataclass(frozen=True)
class FastestTrial:
    """The fastest trial of a study so far: it stops every other trial of the study that can no longer be faster.

    Attributes:
        time: at which it met the target, on the track's clock.
        trial: its index; of equal times the lower index is the faster one.
        id: of its `TrialSpec`.
    """

    kind: ClassVar[str] = ""
    time: float
    trial: int
    id: str

    def stops(self, trial: int, due: float) -> bool:
        """Return whether a trial whose next evaluation comes at `due` or later can no longer be the fastest."""
        return trial != self.trial and (due > self.time or (due == self.time and trial > self.trial))

    def words(self, clock: str) -> str:
        """Return which trial was faster, and its time."""
        return f"trial {self.trial} reached the target at {self.time:g} {clock}"

    def evidence(self, due: float) -> dict[str, Any]:
        """Return the faster trial's id and time."""
        return {"id": self.id, "time": self.time}

    def to_json(self) -> dict[str, Any]:
        """Return its fields and its kind."""
        return {"kind": self.kind, **asdict(self)}


@dataclass(frozen=True)
class ScoreLimit:
    """The time from which on a trial of a study can change no score.

    Attributes:
        time: on the track's clock.
        strict: a trial whose evaluation is due exactly at `time` goes on.
        reason: in words.
    """

    kind: ClassVar[str] = SCORE_ONLY
    time: float
    strict: bool
    reason: str

    def stops(self, trial: int, due: float) -> bool:
        """Return whether no evaluation from `due` on can change a score."""
        return due > self.time if self.strict else due >= self.time

    def words(self, clock: str) -> str:
        """Return the reason."""
        return self.reason

    def evidence(self, due: float) -> dict[str, Any]:
        """Return the limit and the evaluation that the trial did not run to."""
        return {"time": self.time, "due": due}

    def to_json(self) -> dict[str, Any]:
        """Return its fields and its kind."""
        return {"kind": self.kind, **asdict(self)}


_KINDS: dict[str, Callable[..., Stop]] = {FastestTrial.kind: FastestTrial, ScoreLimit.kind: ScoreLimit}


def stop_from_json(value: Mapping[str, Any]) -> Stop:
    """Return the stop whose `to_json` returned `value`."""
    return _KINDS[value["kind"]](**{name: item for name, item in value.items() if name != "kind"})


def earlier_stop(first: Stop | None, second: Stop | None) -> Stop | None:
    """Return the one that stops a trial earlier; of equal times `first`."""
    if first is None or second is None:
        return first or second
    return second if second.time < first.time else first


def next_evaluation(examples: float, spec: TrialSpec) -> float:
    """Return the charged examples at which the next evaluation of a trial is due, given those charged so far."""
    return due_after(examples, spec.evaluation_period, spec.evaluation_points, min(spec.horizon, spec.budget))


def due_after(examples: float, period: float, points: Iterable[float], end: float) -> float:
    """Return the first evaluation after `examples`: a multiple of `period`, one of `points`, or the trial's `end`."""
    return min((math.floor(examples / period) + 1) * period, end, *(point for point in points if point > examples))
