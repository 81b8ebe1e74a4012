"""The hours that pruning would have saved AlgoPerf v0.5, external tuning: replays the official first-hit table as a race.

    python -m analyses.algoperf_pruning [--machines 1 8 32 128] [--json]

First what knowledge of the outcome would save at most, then what a race of all trials saves on so many machines at a time
in two orders of dispatch, by the safe rules alone, without the held-out rule, and for the score only. Scores of every
replay are compared with those of the whole table; exit status 1 if one differs.

Assumed, as the table tells only when a trial met its target:
- it stops there without any pruning, as AlgoPerf's own rules let it (some went on; the hours of that are printed, not counted);
- a trial that missed ran its n evaluations, a period apart: the median of time/index over the hits of its submission on
  that workload, or of all submissions where it has none. On official logs this is true within 0.2 % (ogbg) to 6 % (fastmri);
- evaluations are a period apart in hits too, a trial asks whether to go on after each, and the clock of seconds is also
  the wall clock: set-up and evaluation take nothing.
"""

from __future__ import annotations

import argparse
import heapq
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import pandas as pd

from harness.compat.algoperf_targets import V05
from harness.compat.first_hits import first_hit_table, first_hits
from harness.pruning import SCORE_ONLY, BoardTrial, FastestTrial, ScoreBounds, ScoreLimit, Span, earlier_stop, faster
from harness.scoring.canonical import canonical_studies
from harness.scoring.profiles import scores
from harness.scoring.rules import ScoringRules
from harness.scoring.study_times import build_study_times
from harness.scoring.trial_table import checked

HOUR = 3600.0
INF = math.inf
Cell = tuple[str, str, int]
Order = Callable[["Run"], tuple[Any, ...]]


@dataclass(frozen=True)
class Run:
    """One trial of the table: its study, base and index; seconds at its hit (inf: none), at its end and between evaluations."""

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


def runs() -> tuple[list[Run], float]:
    """Return the trials of the table, and the seconds that trials went on for past their hit."""
    table = first_hit_table()
    periods: dict[tuple[str, str], list[float]] = {}
    for row in table[table["idx"] > 0].itertuples():
        for key in ((row.submission, row.w), ("", row.w)):
            periods.setdefault(key, []).append(row.time / row.idx)
    typical = {key: median(values) for key, values in periods.items()}
    found, beyond = [], 0.0
    for row in table.itertuples():
        period = typical.get((row.submission, row.w), typical["", row.w])
        hit = row.time if row.idx >= 0 else INF
        own = hit / row.idx if row.idx > 0 else period
        end = hit if row.idx >= 0 else (row.n - 1) * period
        beyond += (row.n - 1 - row.idx) * period if row.idx >= 0 else 0.0
        found.append(Run((row.submission, row.w, row.study), V05.base_of(row.w), row.trial, hit, end, own))
    return found, beyond


def study_by_study(run: Run) -> tuple[Any, ...]:
    """Our order: study by study, workload by workload, trial by trial, submission by submission; variants last."""
    submission, label, study = run.cell
    return run.held_out, study, label, run.trial, submission


def best_first(run: Run) -> tuple[Any, ...]:
    """An order that knows the outcome: in each workload the fastest hits first, then the shortest misses."""
    return run.held_out, run.cell[1], run.hit, run.end


@dataclass(frozen=True)
class Outcome:
    """Seconds spent in all, and what became of every trial: seconds at its end and who stopped it."""

    seconds: float
    ended: Mapping[tuple[Cell, int], tuple[str, float]]


class Replay:
    """A race of the table's trials on some machines; `rules` of "held-out" and "score-only" beside the study's best."""

    def __init__(self, trials: Sequence[Run], order: Order, machines: int, rules: frozenset[str]) -> None:
        self.waiting = sorted(trials, key=order, reverse=True)
        self.machines, self.rules = machines, rules
        self.bounds = ScoreBounds(BoardTrial(run.cell, run.base, run.trial) for run in trials)
        self.limits: dict[Cell, tuple[int, ScoreLimit | None]] = {}
        self.version = 0
        self.best: dict[Cell, FastestTrial] = {}
        self.open: dict[tuple[str, str], int] = {}
        for run in trials:
            self.open[run.cell[:2]] = self.open.get(run.cell[:2], 0) + 1
        self.alive = set[tuple[str, str]]()
        self.ended: dict[tuple[Cell, int], tuple[str, float]] = {}

    def run(self) -> Outcome:
        """Race to the end."""
        busy: list[tuple[float, int, float, Run]] = []
        now, count = 0.0, 0
        while self.waiting or busy:
            while self.waiting and len(busy) < self.machines:
                run, count = self.waiting.pop(), count + 1
                if not self._stopped(run, 0.0):
                    heapq.heappush(busy, (now + min(run.period, run.end), count, now, run))
            if busy:
                now, place, began, run = heapq.heappop(busy)
                spent = now - began
                if spent >= run.end * (1 - 1e-9):
                    self._end(run, "reached" if math.isfinite(run.hit) else "missed", run.end, Span(run.hit, run.hit))
                elif not self._stopped(run, spent):
                    heapq.heappush(busy, (began + min(spent + run.period, run.end), place, began, run))
        return Outcome(sum(seconds for _, seconds in self.ended.values()), self.ended)

    def _stopped(self, run: Run, spent: float) -> bool:
        base = run.cell[0], run.base
        if run.held_out and "held-out" in self.rules and not self.open.get(base) and base not in self.alive:
            self._end(run, "skipped", spent, Span(INF, INF))
            return True
        stop = earlier_stop(self.best.get(run.cell), self._limit(run.cell))
        if stop is None or not stop.stops(run.trial, spent):
            return False
        kind = stop.kind or "pruned"
        self._end(run, kind, spent, Span(spent if kind == SCORE_ONLY else stop.time, INF))
        return True

    def _limit(self, cell: Cell) -> ScoreLimit | None:
        if SCORE_ONLY not in self.rules:
            return None
        if self.limits.get(cell, (-1, None))[0] != self.version:
            self.limits[cell] = self.version, self.bounds.limit(cell)
        return self.limits[cell][1]

    def _end(self, run: Run, how: str, seconds: float, span: Span) -> None:
        self.ended[run.cell, run.trial] = how, seconds
        self.bounds.update(run.cell, run.trial, span)
        self.version += 1
        self.open[run.cell[:2]] -= 1
        if how in ("reached", SCORE_ONLY):
            self.alive.add(run.cell[:2])
        if how == "reached":
            found = FastestTrial(run.hit, run.trial, "")
            self.best[run.cell] = faster(self.best.get(run.cell), found) or found


OWN_MEDIAN_APART = "score-only, not stopped at the own median"


def ceilings(trials: Sequence[Run]) -> dict[str, float]:
    """Return the share of hours that one would save who knows every best and median, and runs studies in their order.

    "score-only": every trial up to the best of its study, the median of its cell, or 4 times the column's fastest median,
    whichever is first; a cell of which most studies have missed is left; its variants are not begun. An order that finishes
    the cheap studies first can save more. `OWN_MEDIAN_APART`: the same without the median of the own cell.
    """
    total = sum(run.end for run in trials)
    best: dict[Cell, float] = {}
    for run in trials:
        best[run.cell] = min(best.get(run.cell, INF), run.hit)
    studies: dict[tuple[str, str], dict[int, float]] = {}
    for (submission, label, study), time in sorted(best.items()):
        studies.setdefault((submission, label), {})[study] = time
    middle = {key: median(times.values()) for key, times in studies.items()}
    pace: dict[str, float] = {}
    for (_, label), time in middle.items():
        pace[label] = min(pace.get(label, INF), time)
    decided = {}
    for key, times in studies.items():
        missed = [study for study, time in times.items() if math.isinf(time)]
        decided[key] = missed[len(times) // 2] if math.isinf(middle[key]) else INF
    none = [INF]
    safe = lossless = kept = apart = 0.0
    for run in trials:
        key, base = run.cell[:2], (run.cell[0], run.base)
        cost = min(run.end, best[run.cell])
        safe += cost
        lossless += 0 if run.held_out and min(studies.get(base, {}).values(), default=INF) == INF else cost
        dead = run.cell[2] > decided[key] or (run.held_out and math.isinf(median(studies.get(base, {0: INF}).values() or none)))
        far = 0 if dead else min(cost, 4 * pace[run.cell[1]])
        apart += far
        kept += min(far, middle[key])
    saved = {"safe, no held-out rule": safe, "safe": lossless, SCORE_ONLY: kept, OWN_MEDIAN_APART: apart}
    return {name: 1 - spent / total for name, spent in saved.items()}


def scored(outcome: Outcome | None, pruned_by: Sequence[str] = ()) -> dict[str, float]:
    """Return the scores of the table, or of what an outcome left of it."""
    trials = checked(first_hits().trials).assign(pruned_by="", pruned_due=math.nan)
    if outcome is not None:
        keys = zip(trials["submission"], trials["workload"], trials["study"], trials["trial"], strict=True)
        ends = [outcome.ended[(s, w, int(j)), int(k)] for s, w, j, k in keys]
        how = pd.Series([kind for kind, _ in ends])
        seconds = pd.Series([spent for _, spent in ends])
        gone = ~how.isin(["reached", "missed"])
        trials["status"] = how.replace(SCORE_ONLY, "pruned")
        trials.loc[gone, ["hit_index", "hit_seconds", "hit_steps"]] = [-1, INF, INF]
        trials.loc[gone, "end_seconds"] = seconds[gone]
        trials.loc[how == SCORE_ONLY, "pruned_by"] = SCORE_ONLY
        trials.loc[how == SCORE_ONLY, "pruned_due"] = seconds[how == SCORE_ONLY]
    rules = ScoringRules("seconds", pruned_by=tuple(pruned_by))
    studies = canonical_studies(trials, rules)
    assert outcome is None or not any(study.missing for study in studies)
    return scores(build_study_times(trials, studies, rules))


RULES = {
    "safe, no held-out rule": frozenset[str](),
    "safe": frozenset({"held-out"}),
    SCORE_ONLY: frozenset({"held-out", SCORE_ONLY}),
}
ORDERS: dict[str, Order] = {"study by study": study_by_study, "best first": best_first}


def main() -> int:
    """Replay, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--machines", type=int, nargs="+", default=[1, 8, 32, 128])
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    trials, beyond = runs()
    total = sum(run.end for run in trials)
    missed = sum(run.end for run in trials if math.isinf(run.hit))
    expected, same = scored(None), True
    known = ceilings(trials)
    rows: list[tuple[str, str, dict[str, float]]] = [("bests known in advance", "", known)]
    for name, order in ORDERS.items():
        for machines in arguments.machines:
            saved = {}
            for rules, names in RULES.items():
                outcome = Replay(trials, order, machines, names).run()
                same &= scored(outcome, [SCORE_ONLY] if SCORE_ONLY in names else ()) == expected
                saved[rules] = 1 - outcome.seconds / total
            rows.append((name, str(machines), saved))
    if arguments.json:
        told = [{"order": order, "machines": machines, **saved} for order, machines, saved in rows]
        print(json.dumps({"hours": total / HOUR, "missed_hours": missed / HOUR, "saved": told, "scores_equal": same}))
        return 0 if same else 1
    print(
        f"{len(trials)} trials, {total / HOUR:,.0f} hours, {missed / total:.1%} of them in trials that missed; "
        f"{beyond / HOUR:,.0f} hours more past a hit, not counted\n"
    )
    print(f"| order of dispatch | machines | {' | '.join(RULES)} |\n|---|---:|{'---:|' * len(RULES)}")
    for order, machines, saved in rows:
        print(f"| {order} | {machines} | {' | '.join(f'{saved[rules]:.1%}' for rules in RULES)} |")
    print(f"\n{OWN_MEDIAN_APART}, bests known in advance: {known[OWN_MEDIAN_APART]:.1%}.")
    print(f"Scores of all replays {'equal' if same else 'DIFFERENT FROM'} those of the whole table.")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
