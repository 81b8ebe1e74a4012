"""What was raced, in the words of somebody who has not seen the project."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from harness.report.views.facts import recorded_fact, trial_with_facts
from harness.results import Unfinished
from harness.scoring.board_parts import Board
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
    return f"{len(board.rows)} {names[len(board.rows) > 1]}, raced on {tasks}, {often} each"


def conditions(board: Board | QualityBoard, trials: pd.DataFrame) -> str:
    """Return what was equal for all of them, and what counts."""
    shared = bool(trials["paired"].all()) if "paired" in trials else False
    equal = "the same compute, the same starting weights and the same data" if shared else "the same compute"
    timed = isinstance(board, Board) and board.ranked_by != "speedup"
    counts = "how soon a trial reaches the target" if timed else "how good the model is at the end"
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
        lines.append(
            f"{width - len(unruled)} of {width} workloads count in the speed-ups, not {listed(unruled)}, without a ruler: "
            f"`timetrial targets -w {unruled[0]} --only-rulers` measures it"
        )
    groups: dict[tuple[str, ...], list[str]] = {}
    for row in board.rows:
        if row.not_run:
            groups.setdefault(row.not_run, []).append(row.name)
    lines += [
        f"{listed(names)} ran on {width - len(absent)} of {width} workloads, not on {listed(absent)}: compared on those alone"
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
    if not board.saves_compute:
        return []
    read = {workload for row in board.rows for workload in row.speed_up.workloads}
    run = {workload for row in board.rows for workload, cell in row.cells.items() if cell.studies}
    return [workload for workload in board.workloads if workload in run - read]


def _kind(trials: pd.DataFrame) -> str:
    """Return the kind of all submissions; "" where they differ, or the records do not say."""
    own = (trial_with_facts(rows) for _, rows in trials.groupby("submission", sort=True))
    kinds = {str(recorded_fact(row, "submission", "kind")) for row in own}
    return kinds.pop() if len(kinds) == 1 else ""
