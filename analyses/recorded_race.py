"""A pruned race simulated from complete trials: which would have been stopped, where, and what that saves."""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from harness.pruning import (
    SAFE_ONLY,
    SCORE_ONLY,
    BoardTrial,
    FastestTrial,
    ScoreBounds,
    Span,
    Stop,
    due_after,
    earlier_stop,
    faster,
)
from harness.records import CLOCKS, Status
from harness.scoring.trial_table import track_of

Cell = tuple[str, str, int]
"""Submission, workload label, study."""

NEVER = Span(math.inf, math.inf)


@dataclass(frozen=True)
class Replay:
    """What a replayed race leaves.

    Attributes:
        trials: the records of the pruned race, in the columns of `harness.results.read_trials`.
        statuses: number of trials by status.
        examples, seconds: charged examples and CPU seconds, without and with pruning.
    """

    trials: pd.DataFrame
    statuses: Mapping[str, int]
    examples: tuple[float, float]
    seconds: tuple[float, float]


class RecordedTrial:
    """A complete trial that is run again from evaluation to evaluation.

    Attributes:
        row: its record.
        evaluated: how many of its evaluations have passed.
    """

    def __init__(self, row: Mapping[str, Any], clock: str) -> None:
        self.row, self.clock, self.evaluated = row, clock, 0
        self.index = int(row["trial"])
        self.clocks = row["curve"][clock] if len(row["curve"].get(clock, ())) else []
        self.hit = int(row["hit_index"])
        self.cell: Cell = (row["submission"], row["workload"], int(row["study"]))
        seconds = row.get("clocks") or {}
        self.setup = float(seconds.get("setup_seconds", 0.0))
        self.seconds_per_evaluation = float(seconds.get("evaluation_seconds", 0.0)) / max(len(self.clocks), 1)

    def due(self) -> float:
        """Return the clock of the next evaluation, as `harness.trial.loop` computes it before it trains on."""
        if self.clock == "seconds":  # evaluations are not due at known seconds, so only the seconds spent are known
            return float(self.clocks[self.evaluated - 1]) if self.evaluated else 0.0
        end, period = min(self.row["horizon_examples"], self.row["budget_examples"]), self.row["evaluation_period"]
        last = float(self.row["curve"]["examples"][self.evaluated - 1]) if self.evaluated else 0.0
        return float(due_after(last, period, self.row["evaluation_points"], end))

    def spent(self, clock: str) -> float:
        """Return the clock at the last evaluation that has passed, or at the end of the trial once it has ended."""
        if self.evaluated and self.ended():
            return float(self.row[f"end_{clock}"])
        return float(self.row["curve"][clock][self.evaluated - 1]) if self.evaluated else 0.0

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds so far: set-up, training and evaluations."""
        evaluations = min(self.evaluated, len(self.clocks))
        return self.setup + self.spent("seconds") + self.seconds_per_evaluation * evaluations

    @property
    def reached(self) -> bool:
        """Whether the evaluation that has just passed met the target."""
        return 0 <= self.hit == self.evaluated - 1

    def ended(self) -> bool:
        """Return whether nothing is left to run. A trial that diverged between evaluations ends one step after its last one."""
        last = float(self.row["curve"]["examples"][-1]) if len(self.clocks) else 0.0
        return self.evaluated >= len(self.clocks) + (float(self.row["end_examples"]) > last)

    def record(self, status: str, pruned_by: str = "") -> dict[str, Any]:
        """Return the row that a pruned run would have left; `pruned_by`: what stopped it beside the safe rules."""
        evaluated = min(self.evaluated, len(self.clocks))
        complete = status not in (Status.REACHED, Status.PRUNED, Status.SKIPPED)
        row = dict(self.row) | {"status": str(status), "complete": complete}
        row |= {"pruned_by": pruned_by, "pruned_due": self.due() if pruned_by else math.nan}
        row["curve"] = {name: values[:evaluated] for name, values in self.row["curve"].items()}
        row |= {f"end_{clock}": self.spent(clock) for clock in CLOCKS}
        if status != Status.REACHED:
            row |= {"hit_index": -1, **{f"hit_{clock}": math.inf for clock in CLOCKS}}
        return row


class RecordedRace:
    """Runs complete trials again, some at a time, and stops them as a race with pruning would have.

    Args:
        trials: what `harness.results.read_trials` returns, every trial run to its end.
        order: trial ids in the order of dispatch.
        prune: "safe" or "score-only".
    """

    def __init__(self, trials: pd.DataFrame, order: Sequence[str], prune: str = SAFE_ONLY) -> None:
        self.clock = track_of(trials).clock
        self.score_only = prune == SCORE_ONLY
        rows = {str(row["id"]): {str(name): value for name, value in row.items()} for row in trials.to_dict("records")}
        self.queue = [rows[name] for name in order if name in rows]
        cells = [(str(r["submission"]), str(r["workload"]), int(r["study"])) for r in rows.values()]
        members = [BoardTrial(c, r["base_workload"], int(r["trial"])) for c, r in zip(cells, rows.values(), strict=True)]
        self.bounds = ScoreBounds(members if self.score_only else ())
        self.planned: dict[tuple[str, str], int] = defaultdict(int)
        for cell in cells:
            self.planned[cell[:2]] += 1
        self.fastest: dict[Cell, FastestTrial] = {}
        self.outcomes: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.records: list[dict[str, Any]] = []
        self.cpu_seconds = 0.0

    def run(self, workers: int) -> pd.DataFrame:
        """Run all trials with `workers` at a time and return their records."""
        running: list[tuple[float, int, RecordedTrial]] = []
        waiting, started, now = iter(self.queue), 0, 0.0
        while True:
            while len(running) < workers and (row := next(waiting, None)) is not None:
                started += 1
                trial = RecordedTrial(row, self.clock)
                if not self._ends_before_start(trial):
                    heapq.heappush(running, (now + trial.setup, started, trial))
            if not running:
                return pd.DataFrame(self.records)
            now, place, trial = heapq.heappop(running)
            before = trial.cpu_seconds
            if not self._ends(trial):
                trial.evaluated += 1
                heapq.heappush(running, (now + trial.cpu_seconds - before, place, trial))

    def _stop(self, cell: Cell) -> Stop | None:
        return earlier_stop(self.fastest.get(cell), self.bounds.limit(cell) if self.score_only else None)

    def _ends_before_start(self, trial: RecordedTrial) -> bool:
        """Record a trial that the race does not start: a variant of a missed base, or one that can change no score."""
        base = (trial.cell[0], str(trial.row["base_workload"]))
        open_or_reached = {Status.REACHED, Status.KILLED, SCORE_ONLY} & set(self.outcomes[base])
        if trial.row["held_out"] and len(self.outcomes[base]) == self.planned.get(base) and not open_or_reached:
            self.records.append(trial.record(Status.SKIPPED))
            return True
        limit = self.bounds.limit(trial.cell) if self.score_only else None
        if limit is None or not limit.stops(trial.index, trial.due()):
            return False
        self.outcomes[trial.cell[:2]].append(SCORE_ONLY)
        self.bounds.update(trial.cell, trial.index, Span(trial.due(), math.inf))
        self.records.append(trial.record(Status.PRUNED, SCORE_ONLY))
        return True

    def _ends(self, trial: RecordedTrial) -> bool:
        """Record a trial that has reached its target or its end, or that a rule stops before its next evaluation."""
        name, stop = str(trial.row["id"]), self._stop(trial.cell)
        pruned_by, span = "", NEVER
        if trial.reached:
            fastest = FastestTrial(float(trial.row[f"hit_{self.clock}"]), trial.index, name)
            self.fastest[trial.cell] = faster(self.fastest.get(trial.cell), fastest) or fastest
            status, span = str(Status.REACHED), Span(fastest.time, fastest.time)
        elif trial.ended():
            status = str(trial.row["status"])
        elif stop is not None and stop.stops(trial.index, trial.due()):
            status, pruned_by = str(Status.PRUNED), stop.kind
            span = Span(trial.due() if pruned_by else stop.time, math.inf)
        else:
            return False
        self.cpu_seconds += trial.cpu_seconds
        self.outcomes[trial.cell[:2]].append(SCORE_ONLY if pruned_by == SCORE_ONLY else status)
        if self.score_only:
            self.bounds.update(trial.cell, trial.index, span)
        self.records.append(trial.record(status, pruned_by))
        return True


def replay(
    trials: pd.DataFrame,
    order: Sequence[str],
    workers: int,
    *,
    prune: str = SAFE_ONLY,
) -> Replay:
    """Return what a pruned run with `workers` workers would have left of complete `trials`; arguments as of `RecordedRace`."""
    race = RecordedRace(trials, order, prune)
    pruned = race.run(workers)
    examples, seconds = spent(trials)
    return Replay(
        trials=pruned,
        statuses={str(status): int(count) for status, count in pruned["status"].value_counts().items()},
        examples=(examples, float(pruned["end_examples"].sum())),
        seconds=(seconds, race.cpu_seconds),
    )


def spent(trials: pd.DataFrame) -> tuple[float, float]:
    """Return the charged examples and the CPU seconds (set-up, training, evaluations) of all trials."""
    clocks = [value or {} for value in trials["clocks"]]
    beside = sum(c.get(k, 0.0) for c in clocks for k in ("setup_seconds", "evaluation_seconds"))
    return float(trials["end_examples"].sum()), float(trials["end_seconds"].sum()) + beside
