"""Canonical studies: each cut off where a perfect pruner would have stopped, so that safe pruning changes no number."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from harness.pruning import SCORE_ONLY, due_after
from harness.records import Status
from harness.scoring.rules import ScoringRules
from harness.scoring.studies import SKIPPED, Study, Trial
from harness.scoring.unjustified_cuts import unjustified_studies

DECIDED = (Status.REACHED, Status.MISSED, Status.FINISHED, Status.PRUNED, Status.SKIPPED)
"""Statuses of a trial that needed no further evaluation."""


@dataclass(frozen=True)
class _Group:
    """The trials of one study as the table has them, and whether there are fewer than the submission's other studies have."""

    key: tuple[str, str, int]
    base: str
    held_out: bool
    trials: tuple[Trial, ...]
    short: bool


def canonical_studies(trials: pd.DataFrame, rules: ScoringRules) -> list[Study]:
    """Return the canonical studies of `trials`, sorted by submission, workload and study.

    Args:
        trials: from `checked`.
        rules: of them the clock, the rule for ties, and what may have pruned trials. Trials stopped by something else
            make their study missing, and so does a score-only cut that the other trials of this board do not justify.
    """
    studies = [_study(group, rules) for group in _groups(trials, rules.clock)]
    if rules.score_only:
        unjustified = unjustified_studies(studies)
        reason = "the scores on this board do not justify that --prune score-only cut it"
        studies = [replace(s, missing=True, reason=reason) if s.key in unjustified else s for s in studies]
    return _skip_variants_of_missed_bases(studies)


def _groups(trials: pd.DataFrame, clock: str) -> list[_Group]:
    members: dict[tuple[str, str, int], list[Trial]] = {}
    facts: dict[tuple[str, str, int], tuple[str, bool, bool]] = {}
    names = ("submission", "workload", "study", "base_workload", "held_out", "paired")
    rows = zip(*(trials[name].tolist() for name in names), strict=True)
    for (submission, workload, study, base, held_out, paired), trial in zip(rows, _trials(trials, clock), strict=True):
        key = (str(submission), str(workload), int(study))
        members.setdefault(key, []).append(trial)
        facts[key] = str(base), bool(held_out), bool(paired)
    most: dict[tuple[str, str], int] = {}
    for key, own in members.items():
        most[key[:2]] = max(most.get(key[:2], 0), len(own))
    groups = []
    for key in sorted(members):
        base, held_out, paired = facts[key]
        groups.append(_Group(key, base, held_out, tuple(members[key]), paired and len(members[key]) < most[key[:2]]))
    return groups


def _trials(trials: pd.DataFrame, clock: str) -> Iterator[Trial]:
    names = ("trial", "status", "hit_index", f"hit_{clock}", f"end_{clock}", "curve")
    known = clock == "examples" and "evaluation_period" in trials.columns
    periods = trials["evaluation_period"].astype(float).tolist() if known else [math.nan] * len(trials)
    points = trials["evaluation_points"].tolist() if "evaluation_points" in trials.columns else [()] * len(trials)
    limits = trials[["horizon_examples", "budget_examples"]].astype(float).min(axis=1).tolist()
    pruned_by = trials["pruned_by"].tolist() if "pruned_by" in trials.columns else [""] * len(trials)
    pruned_due = trials["pruned_due"].tolist() if "pruned_due" in trials.columns else [math.nan] * len(trials)
    rows = zip(*(trials[name].tolist() for name in names), periods, points, limits, pruned_by, pruned_due, strict=True)
    for trial, status, hit_index, hit, end, curve, every, more, limit, stopper, cut_at in rows:
        evaluations = curve if isinstance(curve, Mapping) else {}
        if stopper == SCORE_ONLY:
            due = float(cut_at)
        elif hit_index >= 0 or status in DECIDED:
            due = math.nan
        else:
            due = _next_evaluation(evaluations.get(clock, ()), every, more, limit)
        yield Trial(
            trial=int(trial),
            status=str(status),
            hit_index=int(hit_index),
            hit=float(hit) if hit_index >= 0 else math.inf,
            end=float(end),
            due=due,
            curve=evaluations,
            pruned_by=str(stopper),
        )


def _next_evaluation(clocks: Sequence[float], period: float, points: Sequence[float], limit: float) -> float:
    """Return the examples at which the evaluation after the last one was due; NaN where the period is unknown."""
    if not math.isfinite(period):
        return math.nan
    last = float(clocks[-1]) if len(clocks) else 0.0
    return due_after(last, period, points, limit if math.isfinite(limit) else math.inf)


def _study(group: _Group, rules: ScoringRules) -> Study:
    trials, clock = group.trials, rules.clock
    order = (lambda t: (t.hit_index, t.hit, t.trial)) if rules.legacy_tie_rule else (lambda t: (t.hit, t.trial))
    winner = min((t for t in trials if math.isfinite(t.hit)), key=order, default=None)
    time = winner.hit if winner else math.inf
    index = winner.trial if winner else -1
    statuses = tuple(_status(t, time, index) for t in trials)
    reason = _missing_because(group, statuses, rules.pruned_by, won=winner is not None)
    pruned = [t for t in trials if t.status == Status.PRUNED and t is not winner]
    return Study(
        submission=group.key[0],
        workload=group.key[1],
        base=group.base,
        held_out=group.held_out,
        study=group.key[2],
        time=time,
        missing=bool(reason),
        reason=reason,
        lower=min([time, *(t.end for t in pruned)]),
        step=_step(winner or trials[0], clock),
        winner=index,
        statuses=statuses,
        counted=tuple(_counted(t, time, index, clock) for t in trials),
        cost=math.fsum(_cost(t, status, time) for t, status in zip(trials, statuses, strict=True)),
        trials=trials,
    )


def _status(trial: Trial, time: float, winner: int) -> str:
    if trial.trial == winner:
        return Status.REACHED
    if math.isinf(time):
        return trial.status
    own = trial.hit if math.isfinite(trial.hit) else float(np.fmax(trial.end, trial.due))
    slower = own > time or (own == time and trial.trial > winner)
    return Status.PRUNED if slower or trial.status in (Status.PRUNED, Status.REACHED) else trial.status


def _missing_because(group: _Group, statuses: Sequence[str], allowed: Collection[str], *, won: bool) -> str:
    """Why the study is missing, "" if it counts."""
    foreign = {t.pruned_by for t in group.trials} - {"", *allowed}
    if foreign:
        return f"a trial was stopped by {' and '.join(sorted(foreign))}, which this board does not allow"
    if group.short:
        return "not all of its trials have run"
    if Status.KILLED in statuses:
        return "a trial was killed before it was decided"
    if Status.SKIPPED in statuses:
        return SKIPPED
    if not won and any(t.status == Status.PRUNED and not t.pruned_by for t in group.trials):
        return "the record of the faster trial that pruned one of its trials is gone"
    return ""


def _cost(trial: Trial, status: str, time: float) -> float:
    if status in (Status.REACHED, Status.PRUNED) and math.isfinite(time):
        return time
    return min(trial.end, time) if math.isfinite(trial.end) else 0.0


def _counted(trial: Trial, time: float, winner: int, clock: str) -> int:
    clocks = trial.curve.get(clock)
    if clocks is None or not len(clocks):
        return 0
    if trial.trial == winner:
        return trial.hit_index + 1
    return int(np.searchsorted(np.asarray(clocks, dtype=float), time, side="right" if trial.trial < winner else "left"))


def _step(trial: Trial, clock: str) -> float:
    clocks = trial.curve.get(clock)
    if clocks is None or not len(clocks):
        # Without a curve, evaluations count as evenly spaced: every ruleset asks for that.
        return trial.hit / (trial.hit_index + 1) if math.isfinite(trial.hit) else math.nan
    last = min(trial.hit_index, len(clocks) - 1) if math.isfinite(trial.hit) else len(clocks) - 1
    return float(clocks[last] - clocks[last - 1]) if last else float(clocks[0])


def _skip_variants_of_missed_bases(studies: Sequence[Study]) -> list[Study]:
    """A variant whose base missed in every study cannot change the score: a perfect pruner never starts it."""
    bases: dict[tuple[str, str], list[Study]] = {}
    for study in studies:
        if not study.held_out:
            bases.setdefault((study.submission, study.workload), []).append(study)
    missed = {key for key, members in bases.items() if all(not s.missing and math.isinf(s.time) for s in members)}
    return [_skipped(s) if s.held_out and (s.submission, s.base) in missed else s for s in studies]


def _skipped(study: Study) -> Study:
    count = len(study.statuses)
    return replace(
        study,
        time=math.inf,
        lower=math.inf,
        missing=False,
        reason="",
        winner=-1,
        cost=0.0,
        statuses=(Status.SKIPPED,) * count,
        counted=(0,) * count,
    )
