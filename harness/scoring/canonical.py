"""Canonical records: every study cut where a perfect pruner would have stopped, so that pruning changes no number."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from harness.contracts import BadInput
from harness.pruning import SCORE_ONLY
from harness.scoring.unjustified_cuts import unjustified_studies

COLUMNS = (
    *("id", "submission", "workload", "base_workload", "held_out", "family", "track", "suite", "study", "trial"),
    *("status", "complete", "target", "lower_is_better", "budget_examples", "budget_seconds", "budget_steps"),
    *("horizon_examples", "hit_index", "hit_examples", "hit_seconds", "hit_steps", "end_examples", "end_seconds", "end_steps"),
    *("curve", "paired", "machine", "concurrency"),
)


@dataclass(frozen=True)
class Trial:
    """One trial on one clock: index, status, index and clock of the first hit (-1 and inf: none), clock at its end, curve.

    `due` is the clock of the evaluation it was heading for when it ended without one (diverged, failed, killed): a
    perfect pruner looks ahead to it. NaN where the rules fix no evaluations on this clock. `pruned_by`: what stopped it
    beside the safe rules.
    """

    trial: int
    status: str
    hit_index: int
    hit: float
    end: float
    due: float
    curve: Mapping[str, Any]
    pruned_by: str = ""


@dataclass(frozen=True)
class Study:
    """One study of one submission on one workload, cut at its best.

    Attributes:
        submission, workload, base, held_out, study: which.
        time: X, the smallest hit; inf if no trial reached the target.
        missing: it does not count until it is rerun.
        reason: why it is missing, in words.
        lower: the smallest time it could have had on this clock, had nothing been pruned; `time` where exact.
        step: clock between the last two evaluations before `time` (before the end if missed), NaN if unknown.
        winner: index of the trial that set `time`, -1 if none.
        statuses: canonical status of each trial, by index.
        kept: evaluations of each trial that a perfect pruner would have seen, by index.
        cost: clock spent by a perfectly pruned race.
        trials: what it was made of, by index.
    """

    submission: str
    workload: str
    base: str
    held_out: bool
    study: int
    time: float
    missing: bool
    reason: str
    lower: float
    step: float
    winner: int
    statuses: tuple[str, ...]
    kept: tuple[int, ...]
    cost: float
    trials: tuple[Trial, ...]

    @property
    def cut(self) -> bool:
        """Whether it seems missed only because ``--prune score-only`` cut a trial of it."""
        return math.isinf(self.time) and any(trial.pruned_by == SCORE_ONLY for trial in self.trials)


def checked(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the trials of one board, sorted by submission, workload, study, trial and id; the newest of equal trials.

    Raises:
        BadInput: no trials, a column is missing, several tracks or suites, or one trial recorded twice.
    """
    absent = [name for name in COLUMNS if name not in trials.columns]
    if absent:
        raise BadInput(f"the trials lack the column {absent[0]!r}: pass what harness.load_results returns")
    if trials.empty:
        raise BadInput("there are no trials to score: `timetrial run` first, or name the right --results directory")
    for name in ("track", "suite"):
        found = sorted(set(trials[name]))
        if len(found) > 1:
            raise BadInput(
                f"a board has one {name}, these results hold {', '.join(found)}: keep one by trials[trials.{name} == ...]"
            )
    keys = ["submission", "workload", "study", "trial"]
    if "created" in trials.columns:
        trials = trials.sort_values([*keys, "created", "id"], kind="stable").drop_duplicates(keys, keep="last")
    trials = trials.sort_values([*keys, "id"], kind="stable").reset_index(drop=True)
    twice = trials[trials.duplicated(keys)]
    if len(twice):
        row = twice.iloc[0]
        raise BadInput(
            f"two records for trial {row.trial} of study {row.study} of {row.submission} on {row.workload}: "
            "they come from different versions or seeds; keep one of them"
        )
    return trials


def run_clock(track: str) -> str:
    """Return the clock on which trials of `track` are raced and pruned."""
    return "seconds" if track in ("external", "self-tuning") else "examples"


def exact_on(trials: pd.DataFrame, clock: str) -> bool:
    """Return whether times on `clock` are exact: nothing was pruned, or pruning looked at a clock that runs in step.

    Steps run in step with examples where each submission charges the same examples a step on a workload throughout.
    """
    raced = run_clock(str(trials["track"].iloc[0]))
    if clock == raced or not (trials["status"] == "pruned").any():
        return True
    if {clock, raced} != {"examples", "steps"}:
        return False
    ran = trials[trials["end_steps"] > 0]
    rate = ran["end_examples"] / ran["end_steps"]
    spread = rate.groupby([ran["submission"], ran["workload"]]).agg(["min", "max"])
    return bool((spread["max"] <= spread["min"] * (1 + 1e-9)).all())


def canonical_studies(
    trials: pd.DataFrame, clock: str, *, by_index: bool = False, pruned_by: Collection[str] = ()
) -> list[Study]:
    """Return the canonical studies of `trials`, sorted by submission, workload and study.

    Args:
        trials: from `checked`.
        clock: "examples", "seconds" or "steps".
        by_index: choose a study's trial by evaluation index, as AlgoPerf's published code does, not by time.
        pruned_by: what may have stopped trials beside the safe rules ("score-only", "forecast"): they count as missed.
            A study with a trial that something else stopped is missing, and so is one whose cut this board does not bear out.
    """
    groups: dict[tuple[str, str, int], list[Trial]] = {}
    facts: dict[tuple[str, str, int], tuple[str, bool, bool]] = {}
    names = ("submission", "workload", "study", "base_workload", "held_out", "paired")
    keys = zip(*(trials[name].tolist() for name in names), strict=True)
    for (submission, workload, study, base, held_out, paired), trial in zip(keys, _trials(trials, clock), strict=True):
        key = (str(submission), str(workload), int(study))
        groups.setdefault(key, []).append(trial)
        facts[key] = str(base), bool(held_out), bool(paired)
    fullest: dict[tuple[str, str], int] = {}
    for key, members in groups.items():
        fullest[key[:2]] = max(fullest.get(key[:2], 0), len(members))
    studies = []
    for key in sorted(groups):
        base, held_out, paired = facts[key]
        short = paired and len(groups[key]) < fullest[key[:2]]
        studies.append(_study(key, base, held_out, groups[key], clock, by_index, pruned_by, short))
    if SCORE_ONLY in pruned_by:
        gone = unjustified_studies(studies)
        why = "it was cut for a score that does not rest on this board"
        studies = [replace(s, missing=True, reason=why) if (s.submission, s.workload, s.study) in gone else s for s in studies]
    return _skip_lost_variants(studies)


def _trials(trials: pd.DataFrame, clock: str) -> Iterator[Trial]:
    names = ("trial", "status", "hit_index", f"hit_{clock}", f"end_{clock}", "curve")
    period = trials["evaluation_period"] if clock == "examples" and "evaluation_period" in trials.columns else None
    periods = [math.nan] * len(trials) if period is None else period.astype(float).tolist()
    limits = trials[["horizon_examples", "budget_examples"]].astype(float).min(axis=1).tolist()
    kinds = trials["pruned_by"].tolist() if "pruned_by" in trials.columns else [""] * len(trials)
    cut_at = trials["pruned_due"].tolist() if "pruned_due" in trials.columns else [math.nan] * len(trials)
    rows = zip(*(trials[name].tolist() for name in names), periods, limits, kinds, cut_at, strict=True)
    for trial, status, hit_index, hit, end, curve, every, limit, kind, cut in rows:
        evaluations = curve if isinstance(curve, Mapping) else {}
        decided = hit_index >= 0 or status in ("reached", "missed", "finished", "pruned", "skipped")
        yield Trial(
            trial=int(trial),
            status=str(status),
            hit_index=int(hit_index),
            hit=float(hit) if hit_index >= 0 else math.inf,
            end=float(end),
            due=float(cut) if kind == SCORE_ONLY else math.nan if decided else _due(evaluations.get(clock, ()), every, limit),
            curve=evaluations,
            pruned_by=str(kind),
        )


def _due(clocks: Sequence[float], period: float, limit: float) -> float:
    """The evaluation after the last one: at the next multiple of the period, or at the trial's end."""
    if not math.isfinite(period):
        return math.nan
    last = float(clocks[-1]) if len(clocks) else 0.0
    upcoming = (math.floor(last / period) + 1) * period
    return min(upcoming, limit) if math.isfinite(limit) else upcoming


def _study(
    key: tuple[str, str, int],
    base: str,
    held_out: bool,
    trials: Sequence[Trial],
    clock: str,
    by_index: bool,
    pruned_by: Collection[str],
    short: bool,
) -> Study:
    order = (lambda t: (t.hit_index, t.hit, t.trial)) if by_index else (lambda t: (t.hit, t.trial))
    winner = min((t for t in trials if math.isfinite(t.hit)), key=order, default=None)
    time = winner.hit if winner else math.inf
    index = winner.trial if winner else -1
    statuses = tuple(_status(t, time, index) for t in trials)
    orphaned = winner is None and any(t.status == "pruned" and not t.pruned_by for t in trials)
    foreign = {t.pruned_by for t in trials} - {"", *pruned_by}
    reason = _reason(statuses, orphaned, short, foreign)
    pruned = [t for t in trials if t.status == "pruned" and t is not winner]
    return Study(
        submission=key[0],
        workload=key[1],
        base=base,
        held_out=held_out,
        study=key[2],
        time=time,
        missing=bool(reason),
        reason=reason,
        lower=min([time, *(t.end for t in pruned)]),
        step=_step(winner or trials[0], clock),
        winner=index,
        statuses=statuses,
        kept=tuple(_kept(t, time, index, clock) for t in trials),
        cost=math.fsum(_cost(t, status, time) for t, status in zip(trials, statuses, strict=True)),
        trials=tuple(trials),
    )


def _status(trial: Trial, time: float, winner: int) -> str:
    if trial.trial == winner:
        return "reached"
    if math.isinf(time):
        return trial.status
    own = trial.hit if math.isfinite(trial.hit) else float(np.fmax(trial.end, trial.due))
    beaten = own > time or (own == time and trial.trial > winner)
    return "pruned" if beaten or trial.status in ("pruned", "reached") else trial.status


def _reason(statuses: Sequence[str], orphaned: bool, short: bool, foreign: Collection[str]) -> str:
    if foreign:
        return f"a trial was stopped by {' and '.join(sorted(foreign))}, which this board does not allow"
    if short:
        return "not all of its trials have run"
    if "killed" in statuses:
        return "a trial was killed before it was decided"
    if "skipped" in statuses:
        return "it was skipped"
    if orphaned:
        return "a pruned trial has lost its beater"
    return ""


def _cost(trial: Trial, status: str, time: float) -> float:
    if status in ("reached", "pruned") and math.isfinite(time):
        return time
    return min(trial.end, time) if math.isfinite(trial.end) else 0.0


def _kept(trial: Trial, time: float, winner: int, clock: str) -> int:
    clocks = trial.curve.get(clock)
    if clocks is None or not len(clocks):
        return 0
    if trial.trial == winner:
        return trial.hit_index + 1
    return int(np.searchsorted(np.asarray(clocks, dtype=float), time, side="right" if trial.trial < winner else "left"))


def _step(trial: Trial, clock: str) -> float:
    clocks = trial.curve.get(clock)
    if clocks is None or not len(clocks):
        # Without a curve: evaluations taken as evenly spaced, which is what every ruleset asks for.
        return trial.hit / (trial.hit_index + 1) if math.isfinite(trial.hit) else math.nan
    last = min(trial.hit_index, len(clocks) - 1) if math.isfinite(trial.hit) else len(clocks) - 1
    return float(clocks[last] - clocks[last - 1]) if last else float(clocks[0])


def _skip_lost_variants(studies: Sequence[Study]) -> list[Study]:
    """A variant whose base missed in every study cannot change the score: a perfect pruner never starts it."""
    bases: dict[tuple[str, str], list[Study]] = {}
    for study in studies:
        if not study.held_out:
            bases.setdefault((study.submission, study.workload), []).append(study)
    lost = {key for key, members in bases.items() if all(not s.missing and math.isinf(s.time) for s in members)}
    return [_skipped(s) if s.held_out and (s.submission, s.base) in lost else s for s in studies]


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
        statuses=("skipped",) * count,
        kept=(0,) * count,
    )
