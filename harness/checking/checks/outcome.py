"""What a check of a submission comes to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a check ended; `LEFT_OUT` where it does not apply, or could not be done."""

    OK = "ok"
    FAILED = "failed"
    LEFT_OUT = "left out"


@dataclass(frozen=True)
class Outcome:
    """What a check comes to.

    Attributes:
        verdict: how it ended.
        found: what was found, in one line.
        change: of a failure, what its author should change.
    """

    verdict: Verdict
    found: str
    change: str = ""


def ok(found: str) -> Outcome:
    """Return the outcome of a check that holds."""
    return Outcome(Verdict.OK, found)


def failed(found: str, change: str) -> Outcome:
    """Return the outcome of a check that does not hold."""
    return Outcome(Verdict.FAILED, found, change)


def left_out(reason: str) -> Outcome:
    """Return the outcome of a check that does not apply, or could not be done."""
    return Outcome(Verdict.LEFT_OUT, reason)
