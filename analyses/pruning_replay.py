"""What pruning saves: replays the trials of an unpruned run as a pruned one, in the order of dispatch.

    python analyses/pruning_replay.py RESULTS [--prune score-only] [--workers K] [--track schedule] [--json]
    python analyses/pruning_replay.py RESULTS --pruned DIR [--track schedule] [--json]

RESULTS is a directory that `timetrial run --no-prune` filled. The trials start in the order that the run's own note
gives, K at a time, each taking the CPU seconds that it took; before every evaluation it asks what a running trial asks.
Printed are charged examples and CPU seconds of both, for K = 1, 2, 4, 8 unless said, and whether the board of the cut
records is the unpruned one to the last byte (what it cost is said here, not on the board); with `--prune score-only`
whether its scores are. With `--pruned DIR`, the results of a real pruned run of the same plan, that run is compared
instead of a replayed one. Exit status 1 if the boards differ.
"""

from __future__ import annotations

import argparse
import heapq
import json
import math
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from harness.pruning import (
    FORECAST,
    RULES,
    SAFE_ONLY,
    SCORE_ONLY,
    BoardTrial,
    FastestTrial,
    ScoreBounds,
    Span,
    Stop,
    earlier_stop,
    faster,
)
from harness.results import ResultStore, board_input
from harness.scoring import board_json, score_board
from harness.scoring.rules import ScoringRules
from harness.scoring.trial_table import track_of

Cell = tuple[str, str, int]


@dataclass(frozen=True)
class Replay:
    """What a replay found: the cut records, and examples and CPU seconds without and with pruning."""

    trials: pd.DataFrame
    statuses: Mapping[str, int]
    examples: tuple[float, float]
    seconds: tuple[float, float]


class Running:
    """One recorded trial as a race that goes on from evaluation to evaluation."""

    def __init__(self, row: Mapping[str, Any], clock: str) -> None:
        self.row, self.clock, self.seen = row, clock, 0
        self.clocks = row["curve"][clock] if len(row["curve"].get(clock, ())) else []
        self.hit = int(row["hit_index"])
        self.cell: Cell = (row["submission"], row["workload"], int(row["study"]))
        taken = row.get("clocks") or {}
        self.setup = float(taken.get("setup_seconds", 0.0))
        self.evaluating = float(taken.get("evaluation_seconds", 0.0)) / max(len(self.clocks), 1)

    def due(self) -> float:
        """Return the clock that the trial looks ahead to, as `harness.trial.loop` does before it trains on."""
        if self.clock == "seconds":  # no evaluation is due at a known second: it knows only what it has spent
            return float(self.clocks[self.seen - 1]) if self.seen else 0.0
        end, period = min(self.row["horizon_examples"], self.row["budget_examples"]), self.row["evaluation_period"]
        last = float(self.row["curve"]["examples"][self.seen - 1]) if self.seen else 0.0
        return min((math.floor(last / period) + 1) * period, end)

    def spent(self, clock: str) -> float:
        """Return the clock so far, at the last evaluation seen; all of it where the trial has come to its end."""
        if self.over:
            return float(self.row[f"end_{clock}"])
        return float(self.row["curve"][clock][self.seen - 1]) if self.seen else 0.0

    @property
    def over(self) -> bool:
        """Whether it has come to its end: after its last evaluation, or past it where it diverged."""
        return bool(self.seen) and self.ends()

    @property
    def cpu(self) -> float:
        """CPU seconds so far: set-up, training, evaluations."""
        return self.setup + self.spent("seconds") + self.evaluating * min(self.seen, len(self.clocks))

    @property
    def reached(self) -> bool:
        """Whether the evaluation just seen met the target."""
        return 0 <= self.hit == self.seen - 1

    def ends(self) -> bool:
        """Return whether nothing is left to do; a trial that diverged between evaluations has one more stretch."""
        last = float(self.row["curve"]["examples"][-1]) if len(self.clocks) else 0.0
        return self.seen >= len(self.clocks) + (float(self.row["end_examples"]) > last)

    def record(self, status: str, kind: str = "") -> dict[str, Any]:
        """Return the row that a pruned run would have left; `kind`: what stopped it beside the safe rules."""
        shown = min(self.seen, len(self.clocks))
        row = dict(self.row) | {"status": status, "complete": status not in ("reached", "pruned", "skipped")}
        row |= {"pruned_by": kind, "pruned_due": self.due() if kind else math.nan}
        row["curve"] = {name: values[:shown] for name, values in self.row["curve"].items()}
        for clock in ("examples", "seconds", "steps"):
            row[f"end_{clock}"] = self.spent(clock)
        if status != "reached":
            row["hit_index"] = -1
            row.update({f"hit_{clock}": math.inf for clock in ("examples", "seconds", "steps")})
        return row


def replay(
    trials: pd.DataFrame,
    order: Sequence[str],
    workers: int,
    *,
    prune: str = SAFE_ONLY,
    hopeless: Mapping[str, int] | None = None,
) -> Replay:
    """Return what a pruned run with `workers` workers would have left of the unpruned `trials`.

    Args:
        trials: what `harness.load_results` returns, every trial run to its end.
        order: trial ids in the order of dispatch.
        workers: trials at a time.
        prune: "safe" or "score-only".
        hopeless: trial ids that a forecast stops, and after how many evaluations.
    """
    entries = [BoardTrial((r.submission, r.workload, r.study), r.base_workload, r.trial) for r in trials.itertuples()]
    bounds, gives_up = ScoreBounds(entries if prune == SCORE_ONLY else ()), hopeless or {}
    rows = {row["id"]: row for row in trials.to_dict("records")}
    clock = track_of(trials).clock
    queue = [rows[name] for name in order if name in rows]
    bests: dict[Cell, FastestTrial] = {}
    ended: dict[tuple[str, str], list[str]] = defaultdict(list)
    planned = trials.groupby(["submission", "workload"]).size().to_dict()
    never = float("inf")

    def stop(running: Running) -> Stop | None:
        return earlier_stop(bests.get(running.cell), bounds.limit(running.cell) if prune == SCORE_ONLY else None)

    busy: list[tuple[float, int, Running]] = []
    left, cut, cpu, count, now = iter(queue), [], 0.0, 0, 0.0
    while True:
        while len(busy) < workers and (row := next(left, None)) is not None:
            count += 1
            running = Running(row, clock)
            base = (row["submission"], row["base_workload"])
            lost = len(ended[base]) == planned.get(base) and not {"reached", "killed", SCORE_ONLY} & set(ended[base])
            limit = bounds.limit(running.cell) if prune == SCORE_ONLY else None
            if row["held_out"] and lost:
                cut.append(running.record("skipped"))
            elif limit and limit.stops(int(row["trial"]), running.due()):  # not started
                ended[running.cell[:2]].append(SCORE_ONLY)
                bounds.update(running.cell, int(row["trial"]), Span(running.due(), never))
                cut.append(running.record("pruned", SCORE_ONLY))
            else:
                heapq.heappush(busy, (now + running.setup, count, running))
        if not busy:
            break
        now, place, running = heapq.heappop(busy)
        kind, span = "", Span(never, never)
        trial, told = int(running.row["trial"]), stop(running)
        if running.reached:
            found = FastestTrial(float(running.row[f"hit_{clock}"]), int(running.row["trial"]), str(running.row["id"]))
            bests[running.cell] = faster(bests.get(running.cell), found) or found
            status, span = "reached", Span(found.time, found.time)
        elif running.ends():
            status = str(running.row["status"])
        elif running.seen and running.seen == gives_up.get(str(running.row["id"])):
            status, kind = "pruned", FORECAST
        elif told is not None and told.stops(trial, running.due()):
            status, kind = "pruned", told.kind
            span = Span(running.due() if kind else told.time, never)
        else:
            before = running.cpu
            running.seen += 1
            heapq.heappush(busy, (now + running.cpu - before, place, running))
            continue
        cpu += running.cpu
        ended[running.cell[:2]].append(SCORE_ONLY if kind == SCORE_ONLY else status)
        if prune == SCORE_ONLY:
            bounds.update(running.cell, trial, span)
        cut.append(running.record(status, kind))
    pruned = pd.DataFrame(cut)
    whole = spent(trials)
    return Replay(
        trials=pruned,
        statuses=pruned["status"].value_counts().to_dict(),
        examples=(whole[0], float(pruned["end_examples"].sum())),
        seconds=(whole[1], cpu),
    )


def scores_of(trials: pd.DataFrame, pruned_by: Sequence[str] = ()) -> dict[str, float]:
    """Return the score of every submission."""
    board = score_board(trials, ScoringRules(track_of(trials).clock, pruned_by=tuple(pruned_by)))
    return {row.name: row.score for row in board.rows}


def board_text(trials: pd.DataFrame) -> str:
    """Return the board of `trials` as JSON text, but for the machines it ran on."""
    board = score_board(trials, ScoringRules(track_of(trials).clock))
    return json.dumps(board_json(board, []), allow_nan=False)


def spent(trials: pd.DataFrame) -> tuple[float, float]:
    """Return charged examples and CPU seconds (set-up, training, evaluations) of all trials."""
    taken = [clocks or {} for clocks in trials["clocks"]]
    beside = sum(c.get(k, 0.0) for c in taken for k in ("setup_seconds", "evaluation_seconds"))
    return float(trials["end_examples"].sum()), float(trials["end_seconds"].sum()) + beside


def against(unpruned: pd.DataFrame, results: Path, track: str) -> dict[str, Any]:
    """Return what a real pruned run in `results` took beside the unpruned `trials`, and whether their boards are one."""
    pruned = board_input(results, track=track).trials
    pairs = zip(spent(unpruned), spent(pruned), strict=True)
    return {
        **{
            name: dict(zip(("unpruned", "pruned"), pair, strict=True))
            for name, pair in zip(("examples", "cpu_seconds"), pairs, strict=True)
        },
        "statuses": pruned["status"].value_counts().to_dict(),
        "board_equal": board_text(pruned) == board_text(unpruned),
    }


def told_of(found: Mapping[str, Any]) -> str:
    """Return the measures of both in words."""
    rows = []
    for name, label in (("examples", "charged examples"), ("cpu_seconds", "CPU seconds")):
        before, after = found[name]["unpruned"], found[name]["pruned"]
        rows.append(f"{label} {before:.5g} -> {after:.5g} (saves {1 - after / before:.1%})")
    kind = "scores" if found.get("prune") == SCORE_ONLY else "board"
    return f"{', '.join(rows)}; {found['statuses']}; {kind} {'equal' if found['board_equal'] else 'DIFFERENT'}"


def complete_trials(results: Path, track: str) -> tuple[pd.DataFrame, list[str]]:
    """Return the unpruned trials of a directory and their order of dispatch; no trials where some were pruned."""
    trials = board_input(results, track=track).trials
    if trials["status"].isin(["pruned", "skipped"]).any() or ((trials["status"] == "reached") & ~trials["complete"]).any():
        trials = trials.iloc[:0]
    return trials, list(dict.fromkeys(name for note in ResultStore(results).runs() for name in note.trials))


def main() -> int:
    """Replay, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--track", default="schedule")
    parser.add_argument("--prune", default=SAFE_ONLY, choices=RULES)
    parser.add_argument("--pruned", type=Path, default=None)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    trials, order = complete_trials(arguments.results, arguments.track)
    if trials.empty:
        print("these records were pruned: fill the directory by `timetrial run --no-prune` first", file=sys.stderr)
        return 2
    if arguments.pruned is not None:
        met = against(trials, arguments.pruned, arguments.track)
        print(json.dumps(met) if arguments.json else told_of(met))
        return 0 if met["board_equal"] else 1
    kept = arguments.prune == SCORE_ONLY
    expected, same = scores_of(trials) if kept else board_text(trials), True
    for workers in arguments.workers:
        found = replay(trials, order, workers, prune=arguments.prune)
        equal = (scores_of(found.trials, [SCORE_ONLY]) if kept else board_text(found.trials)) == expected
        same &= equal
        told = {
            "workers": workers,
            "prune": arguments.prune,
            "examples": {"unpruned": found.examples[0], "pruned": found.examples[1]},
            "cpu_seconds": {"unpruned": found.seconds[0], "pruned": found.seconds[1]},
            "statuses": found.statuses,
            "board_equal": equal,
        }
        print(json.dumps(told) if arguments.json else f"{workers} workers: {told_of(told)}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
