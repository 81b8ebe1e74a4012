"""Whether every submission of the built-in folders trained on every workload, over all tracks (docs/claims.md)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from harness.records import FAILURES, STATUSES, Status
from harness.registry import all_submissions
from harness.registry.sources import OURS

NOT_TRAINED = (Status.KILLED, Status.SKIPPED)
"""Statuses that do not show that a submission trained."""


@dataclass(frozen=True)
class Trained:
    """One submission on one workload, with the number of its trials by status."""

    submission: str
    workload: str
    statuses: Counter[str]

    @property
    def empty(self) -> bool:
        """Whether no trial trained."""
        return not any(count for status, count in self.statuses.items() if status not in NOT_TRAINED)

    @property
    def troubled(self) -> bool:
        """Whether a trial failed."""
        return any(self.statuses[status] for status in FAILURES)


def builtin_names() -> list[str]:
    """Return the names of all submissions in the built-in folders, also of those that cannot be loaded here."""
    folder = OURS["submissions"]
    return [s.name for s in all_submissions() if s.path is not None and s.path.is_relative_to(folder)]


def trained(frames: Sequence[pd.DataFrame], submissions: Sequence[str], workloads: Sequence[str]) -> list[Trained]:
    """Return every cell, by submission and workload, from the trials of all tracks."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    for frame in frames:
        if not frame.empty:
            for name, workload, status in zip(frame["submission"], frame["workload"], frame["status"], strict=True):
                counts.setdefault((name.partition("+")[0], workload), Counter())[status] += 1
    return [Trained(s, w, counts.get((s, w), Counter())) for s in submissions for w in workloads]


def trained_table(cells: Sequence[Trained]) -> str:
    """Return one line per submission, with its workloads and statuses; then the cells that are empty or have failures."""
    used = [status for status in STATUSES if any(cell.statuses[status] for cell in cells)]
    lines = ["| submission | workloads | " + " | ".join(used) + " |", "|---|---:|" + "---:|" * len(used)]
    for name in dict.fromkeys(cell.submission for cell in cells):
        own = [cell for cell in cells if cell.submission == name]
        total = sum((cell.statuses for cell in own), Counter[str]())
        counts = " | ".join(str(total[status] or "") for status in used)
        lines.append(f"| `{name}` | {sum(not cell.empty for cell in own)} of {len(own)} | {counts} |")
    troubled = [f"`{c.submission}` on `{c.workload}`" for c in cells if c.troubled]
    absent = {
        name for name in dict.fromkeys(c.submission for c in cells) if all(c.empty for c in cells if c.submission == name)
    }
    empty = [f"`{name}` everywhere" for name in sorted(absent)]
    empty += [f"`{c.submission}` on `{c.workload}`" for c in cells if c.empty and c.submission not in absent]
    lines += [
        "",
        f"{len(cells)} cells; without a trial: {', '.join(empty) or 'none'}; with failures: {', '.join(troubled) or 'none'}.",
    ]
    return "\n".join(lines)
