"""What was raced, in the words of somebody who has not seen the project."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from harness.report.views.facts import recorded_fact, trial_with_facts
from harness.results import Unfinished
from harness.rules import DefaultPoint, ShiftedRates, SpaceDraws, ruleset
from harness.scoring.board_parts import Board
from harness.scoring.compute_words import UNITS
from harness.scoring.quality_board import QualityBoard
from harness.scoring.sentences import listed

KINDS = {
    "schedule": ("learning-rate schedule", "learning-rate schedules"),
    "optimizer": ("optimizer", "optimizers"),
    "procedure": ("training procedure", "training procedures"),
}
ANY_KIND = ("training algorithm", "training algorithms")
"""Where the submissions are of several kinds, or the records do not say of which."""


def raced(board: Board | QualityBoard, trials: pd.DataFrame) -> str:
    """Return what was raced: how many submissions of which kind, on how many workloads, how often."""
    names = KINDS.get(_kind(trials), ANY_KIND)
    width, times = len(board.workloads), board.studies
    tasks = "1 training task" if width == 1 else f"{width} training tasks"
    often = "once" if times == 1 else f"{times} times"
    count = len(board.rows)
    return f"{count} {names[count > 1]}, raced on {tasks}, {often} each ({sum(board.trials.values()):,} trials)"


def tuned(board: Board | QualityBoard, trials: pd.DataFrame) -> str:
    """Return how the hyperparameters were chosen, in one sentence; "" where the submissions differ in that."""
    track = ruleset(board.track)
    kind = _kind(trials)
    lattice = track.points.get(kind) or (next(iter(track.points.values())) if len(set(track.points.values())) == 1 else None)
    per_study = int(trials.groupby(["submission", "workload", "study"]).size().max()) if len(trials) else 0
    points = per_study // len(track.horizons)
    if isinstance(lattice, DefaultPoint):
        return "Each runs at its own defaults, which are the same for all tasks."
    if isinstance(lattice, SpaceDraws) and points > 1:
        return (
            f"Of each, the best of {points} settings counts, drawn from its own search space, which is the same for all tasks."
        )
    if isinstance(lattice, ShiftedRates) and points > 1:
        which = "better" if points == 2 else "best"
        return f"Each drives the same optimizer; the {which} of {points} peak learning rates counts, for every length of run."
    return ""


def conditions(board: Board | QualityBoard, trials: pd.DataFrame) -> str:
    """Return what was equal for all of them, and what counts."""
    shared = bool(trials["paired"].all()) if "paired" in trials else False
    equal = "the same compute, the same starting weights and the same data" if shared else "the same compute"
    timed = isinstance(board, Board) and board.ranked_by != "speedup"
    counts = "how soon a trial reaches the target" if timed else "how good the model is at the end"
    if not timed and board.clock != "examples":
        equal = equal.replace("compute", "compute, counted in training examples", 1)
        counts += f" for the {UNITS[board.clock]} that it took"
    return f"Each gets {equal}; what counts is {counts}."


def coverage_lines(board: Board) -> list[str]:
    """Return what of the suite was not run, by anyone and by single submissions; the first thing that a reader must know."""
    lines = []
    if board.not_run:
        width = len(board.workloads) + len(board.not_run)
        lines.append(
            f"{len(board.workloads)} of the {width} workloads of the {board.suite} suite were run, not {listed(board.not_run)}"
        )
    width = len(board.workloads)
    if unruled := _without_ruler(board):
        named = " ".join(f"-w {label}" for label in unruled)
        lines.append(
            f"The speed-ups are over {width - len(unruled)} of {width} workloads: for {listed(unruled)} no ruler was measured "
            f"(`timetrial targets --suite {board.suite} {named} --only-rulers` does that)"
        )
    groups: dict[tuple[str, ...], list[str]] = {}
    for row in board.rows:
        if row.not_run:
            groups.setdefault(row.not_run, []).append(row.name)
    lines += [
        f"{listed(names)} ran on {width - len(absent)} of {width} workloads, not on {listed(absent)}: compared where "
        f"{'they' if len(names) > 1 else 'it'} ran, and nowhere else"
        for absent, names in groups.items()
    ]
    return lines


def unfinished_lines(unfinished: Sequence[Unfinished]) -> list[str]:
    """Return what became of edited submissions whose race was interrupted: studies of them are missing on the board."""
    return [
        f"{item.submission}: changed since its recorded race; {item.done} of {item.planned} trials of the present source are "
        f"there: run it again to finish; `timetrial compare {item.submission}@previous NAME` compares the version before"
        for item in unfinished
    ]


def _without_ruler(board: Board) -> list[str]:
    """Return the workloads that were run and that no speed-up reads, on a board of speed-ups."""
    if all(row.speedup is None for row in board.rows):
        return []
    read = {workload for row in board.rows for workload in row.speed_up.workloads}
    run = {workload for row in board.rows for workload, cell in row.cells.items() if cell.studies}
    return [workload for workload in board.workloads if workload in run - read]


def _kind(trials: pd.DataFrame) -> str:
    """Return the kind of all submissions; "" where they differ, or the records do not say."""
    own = (trial_with_facts(rows) for _, rows in trials.groupby("submission", sort=True))
    kinds = {str(recorded_fact(row, "submission", "kind")) for row in own}
    return kinds.pop() if len(kinds) == 1 else ""
