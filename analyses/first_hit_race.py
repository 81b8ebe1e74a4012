"""A pruned race simulated from AlgoPerf v0.5's table of first hits.

The table says only when a trial met its target. The simulation assumes:
- a trial that met its target stops there without any pruning, as AlgoPerf's own rules allow (some went on; those hours are
  printed and not counted);
- a trial that missed ran its n evaluations at equal intervals of the median of time/index over the hits of its submission on
  that workload, or of all submissions where it has none. On official logs this is within 0.2 % (ogbg) to 6 % (fastmri);
- evaluations are at equal intervals in trials with a hit too, the pruning rules are applied after each of them, and the clock
  of seconds is also the wall clock: set-up and evaluation take no time.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from harness.compat.algoperf_targets import V05
from harness.compat.first_hits import first_hit_table
from harness.pruning import SCORE_ONLY, BoardTrial, FastestTrial, ScoreBounds, ScoreLimit, Span, earlier_stop, faster
from harness.records import Status

HELD_OUT = "held-out"
"""The rule that a variant whose base is missed in every study is not run."""

Cell = tuple[str, str, int]
"""Submission, workload label, study."""


@dataclass(frozen=True)
class TableTrial:
    """One trial of the table.

    Attributes:
        cell: its study.
        base: base workload.
        trial: index within the study.
        hit, end: seconds at its hit (inf without one) and at its end.
        period: seconds between its evaluations.
    """

    cell: Cell
    base: str
    trial: int
    hit: float
    end: float
    period: float

    @property
    def held_out(self) -> bool:
        """Whether it is of a held-out variant."""
        return self.cell[1] != self.base


def table_trials() -> tuple[list[TableTrial], float]:
    """Return the trials of the table, and the seconds for which trials went on after their hit."""
    rows = list(_rows())
    periods: dict[tuple[str, str], list[float]] = {}
    for submission, label, *_, index, time in rows:
        if index > 0:
            for key in ((submission, label), ("", label)):
                periods.setdefault(key, []).append(time / index)
    typical = {key: median(values) for key, values in periods.items()}
    trials, after_hit = [], 0.0
    for submission, label, study, trial, evaluations, index, time in rows:
        period = typical.get((submission, label), typical["", label])
        hit = time if index >= 0 else math.inf
        end = hit if index >= 0 else (evaluations - 1) * period
        after_hit += (evaluations - 1 - index) * period if index >= 0 else 0.0
        own = hit / index if index > 0 else period
        trials.append(TableTrial((submission, label, study), V05.base_of(label), trial, hit, end, own))
    return trials, after_hit


def _rows() -> Iterable[tuple[str, str, int, int, int, int, float]]:
    """Submission, workload label, study, trial, number of evaluations, index and seconds of the hit, of every trial."""
    table = first_hit_table()
    columns = (table[name].tolist() for name in ("submission", "w", "study", "trial", "n", "idx", "time"))
    for submission, label, study, trial, evaluations, index, time in zip(*columns, strict=True):
        yield str(submission), str(label), int(study), int(trial), int(evaluations), int(index), float(time)


Order = Callable[[TableTrial], tuple[Any, ...]]
"""Key by which trials are sorted into the order of dispatch."""


def study_by_study(trial: TableTrial) -> tuple[Any, ...]:
    """The harness's order: by study, workload, trial and submission; variants last."""
    submission, label, study = trial.cell
    return trial.held_out, study, label, trial.trial, submission


def best_first(trial: TableTrial) -> tuple[Any, ...]:
    """An order that knows the outcome: on each workload the fastest hits first, then the shortest misses."""
    return trial.held_out, trial.cell[1], trial.hit, trial.end


@dataclass(frozen=True)
class Outcome:
    """A simulated race.

    Attributes:
        seconds: spent in all trials together.
        ended: study and trial index -> how the trial ended (a status, or "score-only") and its seconds at that point.
    """

    seconds: float
    ended: Mapping[tuple[Cell, int], tuple[str, float]]


class TableRace:
    """Runs the trials of the table on some machines.

    Args:
        trials: all trials.
        order: order of dispatch.
        machines: trials at a time.
        rules: of `HELD_OUT` and `SCORE_ONLY`, the rules that apply beside the safe one.
    """

    def __init__(self, trials: Sequence[TableTrial], order: Order, machines: int, rules: frozenset[str]) -> None:
        self.waiting = sorted(trials, key=order, reverse=True)
        self.machines, self.rules = machines, rules
        self.bounds = ScoreBounds(BoardTrial(trial.cell, trial.base, trial.trial) for trial in trials)
        self.limits: dict[Cell, tuple[int, ScoreLimit | None]] = {}
        self.fastest: dict[Cell, FastestTrial] = {}
        self.running_or_waiting: dict[tuple[str, str], int] = {}
        for trial in trials:
            key = trial.cell[:2]
            self.running_or_waiting[key] = self.running_or_waiting.get(key, 0) + 1
        self.not_missed = set[tuple[str, str]]()
        self.ended: dict[tuple[Cell, int], tuple[str, float]] = {}

    def run(self) -> Outcome:
        """Run to the end."""
        busy: list[tuple[float, int, float, TableTrial]] = []
        now, count = 0.0, 0
        while self.waiting or busy:
            while self.waiting and len(busy) < self.machines:
                trial, count = self.waiting.pop(), count + 1
                if not self._stopped(trial, 0.0):
                    heapq.heappush(busy, (now + min(trial.period, trial.end), count, now, trial))
            if busy:
                now, place, began, trial = heapq.heappop(busy)
                spent = now - began
                if spent >= trial.end * (1 - 1e-9):
                    status = Status.REACHED if math.isfinite(trial.hit) else Status.MISSED
                    self._end(trial, status, trial.end, Span(trial.hit, trial.hit))
                elif not self._stopped(trial, spent):
                    heapq.heappush(busy, (began + min(spent + trial.period, trial.end), place, began, trial))
        return Outcome(sum(seconds for _, seconds in self.ended.values()), self.ended)

    def _stopped(self, trial: TableTrial, spent: float) -> bool:
        base = trial.cell[0], trial.base
        base_missed = not self.running_or_waiting.get(base) and base not in self.not_missed
        if trial.held_out and HELD_OUT in self.rules and base_missed:
            self._end(trial, Status.SKIPPED, spent, Span(math.inf, math.inf))
            return True
        stop = earlier_stop(self.fastest.get(trial.cell), self._limit(trial.cell))
        if stop is None or not stop.stops(trial.trial, spent):
            return False
        self._end(trial, stop.kind or Status.PRUNED, spent, Span(spent if stop.kind else stop.time, math.inf))
        return True

    def _limit(self, cell: Cell) -> ScoreLimit | None:
        """The limit of a study, computed once per ended trial."""
        if SCORE_ONLY not in self.rules:
            return None
        if self.limits.get(cell, (-1, None))[0] != len(self.ended):
            self.limits[cell] = len(self.ended), self.bounds.limit(cell)
        return self.limits[cell][1]

    def _end(self, trial: TableTrial, how: str, seconds: float, span: Span) -> None:
        self.ended[trial.cell, trial.trial] = str(how), seconds
        self.bounds.update(trial.cell, trial.trial, span)
        self.running_or_waiting[trial.cell[:2]] -= 1
        if how in (Status.REACHED, SCORE_ONLY):
            self.not_missed.add(trial.cell[:2])
        if how == Status.REACHED:
            hit = FastestTrial(trial.hit, trial.trial, "")
            self.fastest[trial.cell] = faster(self.fastest.get(trial.cell), hit) or hit
