"""What an audit finds of one record."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from harness.canonical import plain
from harness.records import TrialSpec


class Verdict(StrEnum):
    """Whether a record holds; a plain string in JSON."""

    HOLDS = "holds"
    DIFFERS = "does not hold"
    NOT_COMPARED = "not compared"


@dataclass(frozen=True)
class Finding:
    """What an audit finds of one record.

    Attributes:
        spec: of the trial.
        verdict: whether the record holds.
        reason: what was compared, the first difference, or why nothing could be compared.
        exact: compared to the last bit, on the machine type of the record.
        notes: what a reader should know beside the verdict.
        shift: log of the equivalent budget that the record states over the one found, of complete trials that were compared
            within tolerance and whose workload has a ruler; else None.
    """

    spec: TrialSpec
    verdict: Verdict
    reason: str
    exact: bool = False
    notes: tuple[str, ...] = ()
    shift: float | None = None

    @property
    def trial(self) -> str:
        """The trial in words."""
        return f"{self.spec.submission} on {self.spec.workload_label}, study {self.spec.study}, trial {self.spec.trial}"

    def to_json(self) -> dict[str, Any]:
        """Return the finding as JSON types."""
        spec = self.spec
        value: dict[str, Any] = plain(
            {
                "id": spec.id,
                "submission": spec.submission,
                "workload": spec.workload_label,
                "study": spec.study,
                "trial": spec.trial,
                "verdict": self.verdict,
                "reason": self.reason,
                "exact": self.exact,
                "notes": self.notes,
                "shift": self.shift,
            }
        )
        return value
