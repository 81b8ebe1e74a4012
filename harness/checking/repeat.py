"""How a recorded trial is run again: on which device, for how long, and up to which evaluation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from harness.pruning import Stop
from harness.records import Status, TrialRecord, TrialSpec

PATIENCE = 20.0
"""Without a limit of the user's, a trial may take this many times as long as when it was recorded, ..."""
LEAST_LIMIT = 60.0
"""... and at least so many seconds: a slow machine is not a difference, a trial that never ends is."""


@dataclass(frozen=True)
class Repeat:
    """A recorded trial that is to be run again.

    Attributes:
        spec: what to run.
        device: where, in the words of the record.
        limit: wall seconds.
        to_end: run past the target to the end of the horizon.
        evaluations: stop before the evaluation that follows so many; None: do not stop.
    """

    spec: TrialSpec
    device: str
    limit: float
    to_end: bool
    evaluations: int | None

    def stop_channel(self) -> StopAfter:
        """Return what stops the trial where the recorded one was stopped."""
        return StopAfter(self.evaluations)


def repeat_of(record: TrialRecord, limit: float | None) -> Repeat:
    """Return how to run a recorded trial again as it ran; `limit` is the user's, in wall seconds, or None."""
    wall = record.clocks.get("wall_seconds", 0.0)
    pruned = record.status == Status.PRUNED
    at_target = record.status == Status.REACHED and not record.complete and not record.ended_as
    return Repeat(
        spec=record.spec,
        device=str(record.environment.get("device", "cpu")),
        limit=max(LEAST_LIMIT, PATIENCE * wall) if limit is None else limit,
        to_end=not (pruned or at_target),
        evaluations=len(record.evaluations) if pruned else None,
    )


@dataclass
class StopAfter:
    """A stop channel that stops a trial before the evaluation that follows `evaluations` others; None never does.

    A running trial asks before each of its evaluations.
    """

    evaluations: int | None
    asked: int = 0

    def __call__(self) -> Stop | None:
        """Return what stops the trial now."""
        self.asked += 1
        return Stopped() if self.evaluations is not None and self.asked > self.evaluations else None


@dataclass(frozen=True)
class Stopped:
    """What stops a trial where its record ends."""

    kind: ClassVar[str] = ""
    time: float = -math.inf

    def stops(self, trial: int, due: float) -> bool:
        """Return that it stops every trial."""
        return True

    def words(self, clock: str) -> str:
        """Return the reason."""
        return "the record ends here"

    def evidence(self, due: float) -> dict[str, Any]:
        """Return no evidence."""
        return {}

    def to_json(self) -> dict[str, Any]:
        """Return nothing: it stays in its process."""
        return {}
