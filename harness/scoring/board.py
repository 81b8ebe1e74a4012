"""Trials in, leaderboard out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import pandas as pd

from harness.rules import Reading
from harness.scoring.board_parts import Board, Pair, Row
from harness.scoring.cells import cells
from harness.scoring.headline import headline
from harness.scoring.notes import notes, pruning_labels
from harness.scoring.profile_curves import profile_curves
from harness.scoring.robustness import easier_targets, leave_out
from harness.scoring.rows import ranked_by, rows
from harness.scoring.rules import DEFAULT_RULES, ScoringRules
from harness.scoring.scored import score
from harness.scoring.sentences import verdict
from harness.scoring.trial_table import status_counts


def score_board(trials: pd.DataFrame, rules: ScoringRules = DEFAULT_RULES) -> Board:
    """Return the leaderboard of `trials`.

    Args:
        trials: what `harness.results.read_trials` returns, of one track and suite; in any order.
        rules: clock, baseline, pruning that is allowed, and AlgoPerf's own rules where they are asked for.

    Raises:
        BadInput: nothing to score, several tracks or suites, a track without targets, a trial twice, a clock that the
            records do not carry, or rules by which a score-only run was not pruned.
    """
    scored = score(trials, rules)
    by_cell = cells(scored)
    reading = headline(scored)
    ranking, pairs = rows(scored, by_cell, reading), reading.pairs
    labels = pruning_labels(rules.pruned_by)
    by = ranked_by(scored, reading)
    whole = [row for row in ranking if not row.not_run]
    names = [row.name for row in whole]
    left = {} if rules.score_only else leave_out(scored.study_times, scored.contribution)
    raced = (status for study in scored.studies for status in study.statuses)
    statuses = scored.trials["status"].astype(str) if reading.saved else raced
    return Board(
        track=scored.track.name,
        clock=rules.clock,
        suite=str(scored.trials["suite"].iloc[0]),
        baseline=scored.rules.baseline if scored.rules.baseline in scored.submissions else "",
        ranked_by=by,
        reading=str(Reading.COMPUTE_SAVED if reading.saved else Reading.TIME_TO_TARGET),
        workloads=scored.workloads,
        held_out=tuple(sorted(label for variants in scored.study_times.variants.values() for label in variants)),
        rows=ranking,
        pairs=pairs,
        profiles=profile_curves(scored, whole),
        trials=status_counts(statuses),
        adjacent_separable=_adjacent(ranking, pairs),
        verdict=verdict(ranking, pairs, scored.workloads, by, scored.rules.baseline, clock=rules.clock),
        notes=(*labels.values(), *notes(scored, by_cell, reading)),
        leave_out={kind: _of(names, parts) for kind, parts in left.items()},
        easier={} if rules.score_only else _of(names, easier_targets(scored)),
        families=dict(scored.study_times.families),
        studies=max((int(scored.study_times.count(w).max()) for w in scored.workloads), default=0),
        legacy=rules.legacy,
        pruned_by=labels,
        not_run=tuple(sorted(set(rules.suite_workloads) - set(scored.workloads))),
        ruler_error=max((row.speed_up.ruler_error or 0.0 for row in ranking), default=0.0) if reading.has_speed_ups else None,
    )


Scores = Mapping[str, Mapping[str, float]]
"""What is left out or changed -> {submission: score}."""


def _of(names: Sequence[str], parts: Scores) -> Scores:
    """Return the same scores of these submissions only."""
    return {what: {name: value for name, value in own.items() if name in names} for what, own in parts.items()}


def _adjacent(rows: Sequence[Row], pairs: Sequence[Pair]) -> float | None:
    """Share of neighbouring rows that are separable, None with one row or without tests."""
    if len(rows) < 2 or not pairs:
        return None
    separable = {frozenset((p.a, p.b)): p.separable for p in pairs}
    neighbours = [separable[frozenset((a.name, b.name))] for a, b in pairwise(rows)]
    return sum(neighbours) / len(neighbours)
