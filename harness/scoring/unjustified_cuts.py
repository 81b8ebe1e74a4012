"""Trials that ``--prune score-only`` cut and whose cut the other trials of the board at hand do not justify."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.pruning import SCORE_ONLY, BoardTrial, Span, unjustified_cuts
from harness.records import Status
from harness.scoring.studies import Study, Trial


def unjustified_studies(studies: Sequence[Study]) -> set[tuple[str, str, int]]:
    """Return the keys of the studies in which a cut trial could have changed a score of this board.

    A cut rests on the medians of other submissions and studies; a board that lacks some of these may not justify it. A
    study that counts as missing can in turn take the justification from others, hence the loop.
    """
    missing: set[tuple[str, str, int]] = set()
    while True:
        entries = [
            BoardTrial(study.key, study.base, trial.trial, _span(trial, study.time), trial.pruned_by == SCORE_ONLY)
            for study in studies
            if (not study.missing or Status.SKIPPED in study.statuses) and study.key not in missing
            for trial in study.trials
        ]
        more = {key for key, _ in unjustified_cuts(entries)}
        if not more:
            return missing
        missing |= more


def _span(trial: Trial, best: float) -> Span:
    if math.isfinite(trial.hit):
        return Span(trial.hit, trial.hit)
    if trial.pruned_by == SCORE_ONLY:
        return Span(trial.due, math.inf)
    return Span(best if trial.status == Status.PRUNED and not trial.pruned_by else math.inf, math.inf)
