"""What a worker's death means for the trial that ran on it: run it again, or record how it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from harness.records import Status, TrialSpec

MOST_DEATHS = 2
"""A trial that died this often by its own doing is recorded; before, it is run again."""

MOST_NODES = 3
"""A trial whose node died this often is recorded. It runs alone after the last but one: it may be what kills them."""

MOST_SHORTAGES = 5
"""A trial during which the machine's memory ran out this often is recorded as out of memory."""


class Cause(StrEnum):
    """Why a worker died."""

    OWN = "own"
    """By the doing of its trial, or by that of someone who cannot be told from it."""
    MEMORY = "memory"
    """Its trial went over the worker's own memory limit."""
    SHORTAGE = "shortage"
    """The machine's memory ran out while the trial was under its limit: another program took it."""
    NODE = "node"
    """Its node has died, and with it all workers there."""
    LIMIT = "limit"
    """It ended itself, or the driver killed it, because its trial was over the time limit."""


@dataclass(frozen=True)
class Death:
    """A worker that died while a trial ran on it.

    Attributes:
        spec: the trial.
        cause: why, as far as it is known.
        detail: what is known beside, in words; may be empty.
    """

    spec: TrialSpec
    cause: Cause
    detail: str = ""


@dataclass(frozen=True)
class Verdict:
    """What becomes of a trial after its worker's death.

    Attributes:
        spec: the trial.
        status: how its record says that it ended; None if it is run again.
        reason: in words.
        alone: it is run again, with no other trial beside it.
    """

    spec: TrialSpec
    status: Status | None
    reason: str
    alone: bool = False


class Deaths:
    """Counts deaths, and decides about each.

    Several workers that die at once (a trial killed their parent, or someone stopped the machine's Ray) cannot be told apart:
    their trials are then run again one after the other, with no other trial beside them, so that only the culprit dies again.

    Args:
        limit: seconds per trial, for the reason of one that was killed for it; None if there is no limit.
    """

    def __init__(self, limit: float | None) -> None:
        self._limit = limit
        self._own: Counter[str] = Counter()
        self._shortages: Counter[str] = Counter()
        self._nodes: Counter[str] = Counter()

    def judge(self, together: Iterable[Death]) -> list[Verdict]:
        """Return what becomes of the trials of workers that died together."""
        deaths = list(together)
        several = sum(death.cause == Cause.OWN for death in deaths) > 1
        return [self._judge(death, several=several) for death in deaths]

    def _judge(self, death: Death, *, several: bool) -> Verdict:
        spec, detail = death.spec, f" ({death.detail})" if death.detail else ""
        if death.cause == Cause.LIMIT:
            return Verdict(spec, Status.TIMEOUT, f"over the time limit of {self._limit:g} s, and its worker had to be ended")
        if death.cause == Cause.SHORTAGE:
            self._shortages[spec.id] += 1
            if self._shortages[spec.id] < MOST_SHORTAGES:
                return Verdict(spec, None, "memory ran short on its machine")
            reason = f"its machine ran out of memory {MOST_SHORTAGES} times while it ran"
            return Verdict(spec, Status.OUT_OF_MEMORY, reason)
        if death.cause == Cause.NODE:
            self._nodes[spec.id] += 1
            if self._nodes[spec.id] < MOST_NODES:
                return Verdict(spec, None, "its node died", alone=self._nodes[spec.id] == MOST_NODES - 1)
            return Verdict(spec, Status.KILLED, f"its node died {MOST_NODES} times while it ran")
        if several and death.cause == Cause.OWN:
            return Verdict(spec, None, f"several workers died at once{detail}", alone=True)
        self._own[spec.id] += 1
        over = death.cause == Cause.MEMORY
        what = "it went over the memory limit" if over else "its worker died"
        if self._own[spec.id] < MOST_DEATHS:
            return Verdict(spec, None, f"{what}{detail}")
        status = Status.OUT_OF_MEMORY if over else Status.KILLED
        return Verdict(spec, status, f"{what} twice{detail}")
