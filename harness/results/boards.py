"""Which trials of a results directory make a board."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from harness.contracts.errors import BadInput
from harness.results.frame import frame, opened
from harness.results.store import RunNote


@dataclass(frozen=True)
class BoardInput:
    """What a board is made of: the current trials, how far the run got, what was skipped, what must be on it.

    `sensitivity` are the current trials of ``--sensitivity`` of the same suite, for the board of the schedule track.
    `budget` are those of the budget track, likewise.
    `pruned_by` is what the newest run allowed to stop trials beside the safe rules: the board must say so.
    """

    trials: pd.DataFrame
    planned: int
    done: int
    skipped: Mapping[str, str]
    damaged: Mapping[Path, str]
    workloads: tuple[str, ...] = ()
    sensitivity: pd.DataFrame = field(default_factory=pd.DataFrame)
    pruned_by: tuple[str, ...] = ()
    budget: pd.DataFrame = field(default_factory=pd.DataFrame)


def board_input(directory: Path | str, *, track: str = "", suite: str = "", absent_ok: bool = False) -> BoardInput:
    """Return the trials of one board: those that the newest runs of a track and suite name.

    Of a submission or workload whose source has changed only the newest version counts. Studies of which a planned
    trial has not run yet are left out. Records that no run names (imported ones) make a board of their own.
    Studies that only ``--until-separable`` asked for serve their pair and are on no board. A trial that was stopped by
    what the newest run does not allow (``--prune score-only``, ``--stop-hopeless``) counts as not run.

    Args:
        directory: a results directory.
        track, suite: which board, where there are several; the newest run's by default.
        absent_ok: a board that no run has set out to make is empty, not an error.

    Raises:
        BadInput: there is nothing to report, or no such board.
    """
    store = opened(directory)
    trials = frame(store.records(), store)
    runs = store.runs()
    if not runs and trials.empty:
        raise BadInput(f"no results in '{directory}': run `timetrial run --results {directory}` first")
    boards = [note for note in runs if not note.pair]
    chosen = [note for note in boards if track in ("", note.track) and suite in ("", note.suite)]
    demanded = tuple(sorted({workload for note in chosen[-1:] for workload in note.workloads}))
    allowed: tuple[str, ...] = ()
    if chosen:
        last = _newest_board(chosen)
        allowed = last.pruned_by
        chosen = [note for note in chosen if (note.track, note.suite) == (last.track, last.suite)]
        planned = _current(chosen)
        skipped = {label: reason for note in chosen for label, reason in note.skipped.items()}
    else:
        planned, skipped = _unnamed(trials, runs, track, suite), {}
        pairs = sorted({" ".join(note.pair) for note in runs if note.pair})
        if pairs and not boards and not planned and not absent_ok:
            raise BadInput(
                f"only `run --until-separable` has run in '{directory}', whose studies serve its pair and are on no board:"
                f" the same command shows its verdict again (`--until-separable {pairs[-1]}`), `timetrial run` makes a board"
            )
        if boards and not planned and not absent_ok:
            known = sorted({f"--track {note.track} --suite {note.suite}" for note in boards})
            raise BadInput(f"no such board in '{directory}': choose one of {'; '.join(known)}")
    if trials.empty:
        return BoardInput(trials, len(planned), 0, skipped, store.damaged, demanded)
    trials = trials[trials["pruned_by"].isin(["", *allowed])]
    kept, done = _whole_studies(trials, planned)
    beside = dict.fromkeys(("sensitivity", "budget"), trials.iloc[:0])
    if chosen and last.track == "schedule":
        for name in beside:
            asked = [note for note in boards if (note.track, note.suite) == (name, last.suite)]
            beside[name], _ = _whole_studies(trials, _current(asked))
    return BoardInput(
        kept, len(planned), done, skipped, store.damaged, demanded, beside["sensitivity"], allowed, beside["budget"]
    )


def _newest_board(notes: list[RunNote]) -> RunNote:
    """Return the newest run; one of ``--sensitivity`` shows on the schedule track's board where there is one."""
    last = notes[-1]
    if last.track != "sensitivity":
        return last
    return next((note for note in reversed(notes) if (note.track, note.suite) == ("schedule", last.suite)), last)


def _unnamed(trials: pd.DataFrame, runs: list[RunNote], track: str, suite: str) -> dict[str, tuple[str, str, int]]:
    """Return the records of a track and suite ("": any) that no run names, as a run would name them."""
    named = {name for note in runs for name in note.trials}
    found: dict[str, tuple[str, str, int]] = {}
    if trials.empty:
        return found
    columns = (trials[name] for name in ("id", "submission", "workload", "study", "track", "suite"))
    for name, submission, label, study, of_track, of_suite in zip(*columns, strict=True):
        if name not in named and track in ("", of_track) and suite in ("", of_suite):
            found[name] = (submission, label, study)
    return found


def _whole_studies(trials: pd.DataFrame, planned: Mapping[str, tuple[str, str, int]]) -> tuple[pd.DataFrame, int]:
    """Return the planned trials of the studies of which none is absent, and how many planned trials there are in all."""
    rows = trials[trials["id"].isin(planned.keys())]
    absent = set(planned) - set(rows["id"])
    unfinished = {planned[name] for name in absent}
    finished = [c not in unfinished for c in zip(rows["submission"], rows["workload"], rows["study"], strict=True)]
    return rows[finished].reset_index(drop=True), len(rows)


def _current(notes: list[RunNote]) -> dict[str, tuple[str, str, int]]:
    """Return the trials that count: of each (submission, workload), those of the newest pair of versions."""
    newest: dict[tuple[str, str], tuple[str, str]] = {}
    for note in notes:
        for submission, label, _ in note.trials.values():
            newest[submission, label] = (note.hashes[submission], note.hashes[label])
    current: dict[str, tuple[str, str, int]] = {}
    for note in notes:
        for name, (submission, label, study) in note.trials.items():
            if newest[submission, label] == (note.hashes[submission], note.hashes[label]):
                current[name] = (submission, label, study)
    return current
