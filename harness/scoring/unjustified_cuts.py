"""Trials that ``--prune score-only`` cut: which of them could change a score of the board at hand, whatever its pool."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.pruning import SCORE_ONLY, Entry, Span, unjustified

if TYPE_CHECKING:
    from harness.scoring.canonical import Study, Trial

Key = tuple[str, str, int]


def unjustified_studies(studies: Sequence[Study]) -> set[Key]:
    """Return the studies (submission, workload, study) that hold a trial cut for reasons that this board does not hold.

    A cut rests on the medians of others; a board of fewer submissions, or one that lacks a study, may not bear it out.
    """
    gone: set[Key] = set()
    while True:
        entries = [
            Entry((s.submission, s.workload, s.study), s.base, t.trial, _span(t, s.time), t.pruned_by == SCORE_ONLY)
            for s in studies
            if (not s.missing or "skipped" in s.statuses) and (s.submission, s.workload, s.study) not in gone
            for t in s.trials
        ]
        found = {cell for cell, _ in unjustified(entries)}
        if not found:
            return gone
        gone |= found


def _span(trial: Trial, best: float) -> Span:
    if math.isfinite(trial.hit):
        return Span(trial.hit, trial.hit)
    if trial.pruned_by == SCORE_ONLY:
        return Span(trial.due, math.inf)
    return Span(best if trial.status == "pruned" and not trial.pruned_by else math.inf, math.inf)
