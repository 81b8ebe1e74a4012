"""Which trials of a results directory make a board."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from harness.contracts.errors import BadInput
from harness.results.agreement import agreeing
from harness.results.data_frame import open_results, records_frame
from harness.results.run_notes import RunNote
from harness.results.store import ResultStore
from harness.rules import RULESETS, OwnBoard, Reading, ruleset


@dataclass(frozen=True)
class Unfinished:
    """An edited submission that is missing on a board, on some workload at least, until trials of the present source are there.

    Attributes:
        submission: its name.
        done, planned: how many trials of the present source are recorded, and how many its runs set out to make.
    """

    submission: str
    done: int
    planned: int


@dataclass(frozen=True)
class BoardInput:
    """What a board is made of.

    Attributes:
        trials: the current trials, of studies of which all planned trials are recorded, as `read_trials` returns them.
        planned, done: how many trials its runs set out to make, and how many of them are recorded.
        skipped: {workload label: reason} of workloads that did not run.
        damaged: {file: reason} of records that cannot be read, or contradict the others, and are left out.
        workloads: base workloads that must be on the board even without a trial.
        sensitivity: current trials, of the same suite, of the tracks shown on this board as sensitivity to the peak rate.
        pruned_by: what the newest run allowed to stop trials in addition to the safe rules; the board must say so.
        suite_workloads: all workloads of the suite, if the newest run stated them.
        from_reference: submissions whose trials come from the reference result alone.
        left_out: {machine: reason} of those that ran no trials, or no more.
        budget: likewise those of the tracks shown on this board as quality at shares of the budget.
        unfinished: edited submissions whose race has been interrupted since.
        newest: the newest of its runs.
    """

    trials: pd.DataFrame
    planned: int = 0
    done: int = 0
    skipped: Mapping[str, str] = field(default_factory=dict)
    damaged: Mapping[Path, str] = field(default_factory=dict)
    workloads: tuple[str, ...] = ()
    sensitivity: pd.DataFrame = field(default_factory=pd.DataFrame)
    pruned_by: tuple[str, ...] = ()
    suite_workloads: tuple[str, ...] = ()
    from_reference: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    budget: pd.DataFrame = field(default_factory=pd.DataFrame)
    unfinished: tuple[Unfinished, ...] = ()
    newest: RunNote | None = None

    @property
    def progress(self) -> str:
        """How far its runs got, in words."""
        return f"{self.done} of {self.planned} planned trials are recorded"

    def check_for_studies(self, directory: Path | str, more: Sequence[str] = ()) -> None:
        """Check that a study is recorded to its end.

        Args:
            directory: of the results, as the user named it.
            more: sentences for the end of the message.

        Raises:
            BadInput: none is; it says how the run is resumed.
        """
        if self.trials.empty:
            again = f", as in `{self.newest.command(directory)}`" if self.newest else ""
            raise BadInput(
                f"no complete study in '{directory}' yet, {self.progress}: type the command of the run again to resume it"
                f"{again}{''.join(f'; {sentence}' for sentence in more)}"
            )


Cell = tuple[str, str, int]
"""A study: (submission, workload label, study)."""

Planned = Mapping[str, Cell]
"""{trial id: its study}."""


def board_input(
    directory: Path | str, *, track: str = "", suite: str = "", absent_ok: bool = False, alone: bool = False
) -> BoardInput:
    """Return the trials of one board: those that the newest runs of a track and suite name.

    Of a submission or workload whose source has changed only the newest version counts. A study is left out until all of its
    planned trials have run, or all that the newest of its runs planned which are recorded to the end: a larger race that was
    begun takes nothing from the board. Records that no run names (imported ones) make a board of their own. Studies of
    ``--until-separable`` are on no board. A trial that was stopped by what the newest run does not allow
    (``--prune score-only``) counts as not run.

    Args:
        directory: a results directory.
        track, suite: which board, where there are several; the newest run's by default.
        absent_ok: return an empty board, instead of raising, where no run has set out to make it.
        alone: leave out what other tracks show beside it, unread.

    Raises:
        BadInput: there is nothing to report, or no such board.
    """
    store = open_results(directory)
    runs = store.runs()
    boards = [note for note in runs if not note.pair]
    chosen = [note for note in boards if track in ("", note.track) and suite in ("", note.suite)]
    last = _newest_board(chosen) if chosen else None
    if last is not None:  # of thousands of records, a board may need few
        store.unread = tuple({*RULESETS} - {last.track} - (set() if alone else _tracks_beside(last.track)))
    trials = records_frame(agreeing(store.records(), store), store)
    if not runs and trials.empty:
        raise BadInput(f"no results in '{directory}'{_damage(store)}: run `timetrial run --results {directory}` first")
    if last is None:
        planned = _unnamed(trials, runs, track, suite)
        if not planned and not absent_ok:
            _refuse(directory, boards, [note for note in runs if note.pair])
    else:
        chosen = [note for note in chosen if (note.track, note.suite) == (last.track, last.suite)]
        planned = _current(chosen)
    allowed = last.pruned_by if last is not None else ()
    if not trials.empty:
        trials = trials[trials["pruned_by"].isin(["", *allowed])]
    rows, done = recorded_studies(trials, planned, chosen)
    return BoardInput(
        trials=rows,
        planned=len(planned),
        done=done,
        skipped={label: reason for note in chosen for label, reason in note.skipped.items()},
        damaged=store.damaged,
        workloads=tuple(sorted({workload for note in chosen[-1:] for workload in note.workloads})),
        sensitivity=_beside(trials, boards, last, Reading.RATE_SENSITIVITY),
        pruned_by=allowed,
        suite_workloads=tuple(sorted({workload for note in chosen[-1:] for workload in note.suite_workloads})),
        left_out={machine: reason for note in chosen for machine, reason in note.left_out.items()},
        budget=_beside(trials, boards, last, Reading.QUALITY),
        unfinished=_unfinished(chosen, planned, trials, rows),
        newest=chosen[-1] if chosen else None,
    )


def _damage(store: ResultStore) -> str:
    """Return how much of a directory without results is damaged, and why the first file is; "" if nothing is."""
    if not store.damaged:
        return ""
    path, reason = next(iter(store.damaged.items()))
    return f" that can be read; {len(store.damaged)} damaged, the first is {path} ({reason[:200]})"


def _refuse(directory: Path | str, boards: Sequence[RunNote], pairs: Sequence[RunNote]) -> None:
    """Say why there is no such board, if runs have made others.

    Raises:
        BadInput: they have.
    """
    if boards:
        known = sorted({f"--track {note.track} --suite {note.suite}" for note in boards})
        raise BadInput(f"no such board in '{directory}': choose one of {'; '.join(known)}")
    if pairs:
        names = max(" ".join(note.pair) for note in pairs)
        raise BadInput(
            f"only `run --until-separable` has run in '{directory}', and its studies are on no board: the same command"
            f" prints its verdict again (`--until-separable {names}`), `timetrial run` makes a board"
        )


def _newest_board(notes: Sequence[RunNote]) -> RunNote:
    """Return the newest run; where its trials only make a board if no other shows them, the newest run of that other board."""
    last = notes[-1]
    rules = ruleset(last.track)
    if rules.own_board is not OwnBoard.FALLBACK:
        return last
    return next((note for note in reversed(notes) if (note.track, note.suite) == (rules.beside, last.suite)), last)


def _beside(trials: pd.DataFrame, boards: Sequence[RunNote], board: RunNote | None, reading: Reading) -> pd.DataFrame:
    """Return the trials shown beside those of a board: of fully recorded studies, of tracks with this reading."""
    names = {name for name in _tracks_beside(board.track) if reading in ruleset(name).reads} if board else set()
    notes = [note for note in boards if board and note.track in names and note.suite == board.suite]
    return recorded_studies(trials, _current(notes), notes)[0]


def _tracks_beside(track: str) -> set[str]:
    """Return the names of the tracks whose trials are shown on a track's board as well."""
    return {rules.name for rules in RULESETS.values() if rules.beside == track}


def _unnamed(trials: pd.DataFrame, runs: Sequence[RunNote], track: str, suite: str) -> Planned:
    """Return the records of a track and suite ("": any) that no run names, as a run would name them."""
    if trials.empty:
        return {}
    named = {name for note in runs for name in note.trials}
    columns = (trials[name] for name in ("id", "submission", "workload", "study", "track", "suite"))
    return {
        name: (submission, label, study)
        for name, submission, label, study, of_track, of_suite in zip(*columns, strict=True)
        if name not in named and track in ("", of_track) and suite in ("", of_suite)
    }


def recorded_studies(trials: pd.DataFrame, planned: Planned, notes: Sequence[RunNote]) -> tuple[pd.DataFrame, int]:
    """Return the trials of the studies that are recorded to their end, and how many planned trials are recorded in all.

    Args:
        trials: all recorded ones.
        planned: those that count, of all runs.
        notes: these runs, the newest last. Where not all of a study's trials are recorded, those count that the newest run
            planned of which all are.
    """
    if trials.empty:
        return trials, 0
    rows = trials[trials["id"].isin(planned.keys())]
    recorded = set(rows["id"])
    unfinished = {planned[name] for name in set(planned) - recorded}
    instead = _recorded_plans(notes, planned, recorded, unfinished)
    cells = zip(rows["id"], zip(rows["submission"], rows["workload"], rows["study"], strict=True), strict=True)
    finished = [name in instead[cell] if cell in instead else cell not in unfinished for name, cell in cells]
    return rows[finished].reset_index(drop=True), len(rows)


def _recorded_plans(notes: Sequence[RunNote], planned: Planned, recorded: Set[str], cells: Set[Cell]) -> dict[Cell, set[str]]:
    """Return the trials that count of studies in `cells`, and of those beside them, where a run has recorded its own plan.

    A plan counts for all its submissions on a workload and study, so that each of them has as many trials as the others.
    """
    found: dict[Cell, set[str]] = {}
    for note in reversed(notes) if cells else ():
        beside: dict[tuple[str, int], dict[Cell, set[str]]] = {}
        for name in note.trials.keys() & planned.keys():
            submission, label, study = planned[name]
            beside.setdefault((label, study), {}).setdefault((submission, label, study), set()).add(name)
        for own in beside.values():
            helps = any(cell in cells and cell not in found for cell in own)
            if helps and all(names <= recorded for names in own.values()):
                for cell, names in own.items():
                    found.setdefault(cell, names)
    return found


def _unfinished(notes: Sequence[RunNote], planned: Planned, trials: pd.DataFrame, rows: pd.DataFrame) -> tuple[Unfinished, ...]:
    """Return the submissions with recorded trials of an older source that a planned workload lacks on the board.

    Args:
        notes: of the board's runs.
        planned: the trials that count.
        trials: all recorded ones.
        rows: those on the board.
    """
    if trials.empty:
        return ()
    recorded = set(trials["id"])
    shown = set() if rows.empty else set(zip(rows["submission"], rows["workload"], strict=True))
    newest = {name: note.hashes[name] for note in notes for name, _, _ in note.trials.values()}
    before = {
        name
        for note in notes
        for trial, (name, _, _) in note.trials.items()
        if trial in recorded and note.hashes[name] != newest[name]
    }
    present = {trial for note in notes for trial, (name, _, _) in note.trials.items() if note.hashes[name] == newest[name]}
    found = []
    for name in sorted(before):
        own = [trial for trial, cell in planned.items() if cell[0] == name and trial in present]
        if any(planned[trial][:2] not in shown for trial in own):
            found.append(Unfinished(name, sum(trial in recorded for trial in own), len(own)))
    return tuple(found)


def _current(notes: Sequence[RunNote]) -> Planned:
    """Return the trials that count: of each (submission, workload), those of the newest pair of versions."""
    newest: dict[tuple[str, str], tuple[str, str]] = {}
    for note in notes:
        for submission, label, _ in note.trials.values():
            newest[submission, label] = note.versions(submission, label)
    return {
        name: (submission, label, study)
        for note in notes
        for name, (submission, label, study) in note.trials.items()
        if newest[submission, label] == note.versions(submission, label)
    }
