"""What an audit prints while it runs and at its end, and its JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from harness.canonical import plain
from harness.checking import Chosen, Finding, Verdict, mean_shift
from harness.cli.lines import print_line
from harness.report.words import one_line


class AuditReport:
    """The findings of an audit so far.

    Args:
        results: the directory.
        records: how many records there are.
        seed: of the choice.
        chosen: what is compared.
        damaged: {file: reason} of what cannot be read.

    Attributes:
        findings: first those that need no repetition.
    """

    def __init__(self, results: Path, records: int, seed: int, chosen: Chosen, damaged: Mapping[Path, str]) -> None:
        self._results, self._records, self._seed, self._chosen, self._damaged = results, records, seed, chosen, damaged
        self.findings = list(chosen.findings)

    @property
    def judged(self) -> int:
        """How many records hold or do not."""
        return self._number(Verdict.HOLDS) + self._number(Verdict.DIFFERS)

    @property
    def exit_status(self) -> int:
        """1 if a record does not hold, or the records as a whole do not, else 0."""
        shift = mean_shift(self.findings)
        return 1 if self._number(Verdict.DIFFERS) or (shift is not None and shift.clear) else 0

    def add(self, finding: Finding, console: Console) -> None:
        """Add what a repetition shows, and print it."""
        self.findings.append(finding)
        _print_finding(finding, console)

    def print_choice(self, console: Console) -> None:
        """Print what is compared, and what is wrong before anything has run."""
        chosen = len(self._chosen.records)
        _print(console, f"{chosen} of {self._records} records in {self._results} are run again (seed {self._seed})")
        for path, reason in self._damaged.items():
            _print(console, f"damaged: {path}: {reason}")
        for reason, number in sorted(self._chosen.left_out.items()):
            _print(console, f"not compared, {_counted(number)}: {reason}")
        for finding in self._chosen.findings:
            _print_finding(finding, console)

    def print_summary(self, console: Console, *, interrupted: bool) -> None:
        """Print the counts, and how far records and repetitions on another machine type are apart on average."""
        exact = sum(finding.exact for finding in self.findings if finding.verdict == Verdict.HOLDS)
        holding, differing = self._number(Verdict.HOLDS), self._number(Verdict.DIFFERS)
        compared = f"{_counted(holding)} {'holds' if holding == 1 else 'hold'}, {exact} of them to the last bit"
        _print(
            console,
            f"{'interrupted: ' if interrupted else ''}{compared}; {differing} {'does' if differing == 1 else 'do'} not hold; "
            f"{self._number(Verdict.NOT_COMPARED)} could not be compared",
        )
        shift = mean_shift(self.findings)
        if shift is None:
            return
        _print(
            console,
            f"on another machine type the ends of {shift.records} records are worth {math.exp(shift.mean):.3f} times the "
            f"equivalent budgets found here, in the geometric mean (standard error {100 * shift.error:.1f} %)"
            + (": as a whole they do not hold" if shift.clear else ""),
        )

    def reasons(self) -> str:
        """Return why nothing could be compared."""
        reasons = {**self._chosen.left_out, **{finding.reason: 1 for finding in self.findings}}
        first = next(iter(reasons), "there are no records")
        return first if len(reasons) < 2 else f"{first}; and {len(reasons) - 1} more reasons"

    def to_json(self) -> dict[str, Any]:
        """Return the audit as JSON types."""
        shift = mean_shift(self.findings)
        value: dict[str, Any] = plain(
            {
                "results": str(self._results),
                "records": self._records,
                "seed": self._seed,
                "chosen": len(self._chosen.records),
                "holds": self._number(Verdict.HOLDS),
                "does_not_hold": self._number(Verdict.DIFFERS),
                "not_compared": self._number(Verdict.NOT_COMPARED),
                "left_out": dict(self._chosen.left_out),
                "damaged": {str(path): reason for path, reason in self._damaged.items()},
                "shift": {**asdict(shift), "clear": shift.clear} if shift is not None else None,
                "findings": [finding.to_json() for finding in self.findings],
            }
        )
        return value

    def _number(self, verdict: Verdict) -> int:
        return sum(finding.verdict == verdict for finding in self.findings)


def _print_finding(finding: Finding, console: Console) -> None:
    notes = "".join(f" ({note})" for note in finding.notes)
    _print(console, f"{finding.verdict}: {finding.trial}: {finding.reason}{notes}")


def _counted(number: int) -> str:
    return "1 record" if number == 1 else f"{number:,} records"


def _print(console: Console, line: str) -> None:
    """Print a sentence as it is: brackets are not interpreted as markup, control characters are made visible."""
    print_line(one_line(line), console)
