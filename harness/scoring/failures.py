"""What a study without a hit is called: missed, or as most of its trials ended if that is a failure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from harness.records import STATUSES
from harness.scoring.compute_saved.endings import FAILED
from harness.scoring.studies import Study

Key = tuple[str, str]
"""Submission and workload label."""


def failure_of(statuses: Iterable[str]) -> str:
    """Return the status that most of these trials have, if it is a failure (or divergence); "" if it is not.

    Where a failure and something else are equally frequent, it is not.

    >>> failure_of(["diverged", "diverged", "missed"]), failure_of(["failed", "missed"]), failure_of([])
    ('diverged', '', '')
    """
    counts = Counter(statuses)
    most = max(counts.values(), default=0)
    often = [str(status) for status in STATUSES if counts[status] == most]
    return often[0] if most and all(status in FAILED for status in often) else ""


def cell_failures(studies: Iterable[Study]) -> dict[Key, tuple[str, Mapping[int, str]]]:
    """Return by cell what it is called if its median is infinite, and {study: what it is called} of those without a hit.

    Args:
        studies: canonical ones. Missing studies do not count.
    """
    members: dict[Key, list[Study]] = {}
    for study in studies:
        if not study.missing:
            members.setdefault((study.submission, study.workload), []).append(study)
    return {
        key: (
            failure_of(status for study in own for status in study.statuses),
            {study.study: failure_of(study.statuses) for study in own if study.winner < 0},
        )
        for key, own in members.items()
    }
