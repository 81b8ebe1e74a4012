"""Older versions of an edited submission: records know the hash of the source that ran."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from harness.contracts.errors import BadInput
from harness.results.agreement import agreeing
from harness.results.board_trials import recorded_studies
from harness.results.data_frame import open_results, records_frame
from harness.results.run_notes import RunNote

PREVIOUS = "previous"
"""``NAME@previous`` is the version before the newest one."""

SHOWN = 8
"""Characters of a hash that are printed."""

_VERSIONED = re.compile(rf"(?P<name>.+)@(?P<version>{PREVIOUS}|[0-9a-f]{{1,64}})")


@dataclass(frozen=True)
class OlderVersion:
    """The trials of a version of a submission.

    Attributes:
        name: ``NAME@HASH``, under which `trials` has them.
        trials: complete studies, on workloads as they are on the board, with the columns of `harness.results.read_trials`.
    """

    name: str
    trials: pd.DataFrame


def split_version(typed: str, recorded: Collection[str]) -> tuple[str, str]:
    """Return (NAME, VERSION) of ``NAME@VERSION``; the version is "" where there is none, or the whole is a name.

    >>> split_version("rex@previous", ()), split_version("rex", ()), split_version("./a@b.py", ())
    (('rex', 'previous'), ('rex', ''), ('./a@b.py', ''))
    """
    found = _VERSIONED.fullmatch(typed)
    return (found["name"], found["version"]) if found and typed not in recorded else (typed, "")


def older_version(directory: Path | str, board: pd.DataFrame, name: str, version: str) -> OlderVersion:
    """Return the trials of an older version of a submission of a board.

    Args:
        directory: a results directory.
        board: the trials of the board.
        name: of the submission, as recorded.
        version: "previous", or the beginning of the hash of its source.

    Raises:
        BadInput: there is no such version, or it has no complete study on the board's workloads.
    """
    track, suite = (str(board[column].iloc[0]) for column in ("track", "suite"))
    store = open_results(directory)
    notes = [note for note in store.runs() if not note.pair and (note.track, note.suite) == (track, suite)]
    chosen = _chosen(_versions(notes, name), name, version)
    workloads = {label: note.versions(name, label)[1] for note in notes for label in _labels(note, name)}
    planned = {
        trial: cell
        for note in notes
        for trial, cell in note.trials.items()
        if cell[0] == name and note.versions(name, cell[1]) == (chosen, workloads[cell[1]])
    }
    trials, _ = recorded_studies(records_frame(agreeing(store.records(), store), store), planned, notes)
    shown = f"{name}@{chosen[:SHOWN]}"
    if trials.empty:
        raise BadInput(f"'{shown}' has no complete study on the workloads as they are now: it cannot be compared")
    return OlderVersion(shown, trials.assign(submission=shown))


def _versions(notes: Sequence[RunNote], name: str) -> list[str]:
    """Return the hashes of the versions of a submission that ran, the newest first."""
    return list(dict.fromkeys(note.hashes[name] for note in reversed(notes) if name in note.hashes and _labels(note, name)))


def _labels(note: RunNote, name: str) -> set[str]:
    return {label for submission, label, _ in note.trials.values() if submission == name}


def _chosen(versions: Sequence[str], name: str, version: str) -> str:
    """Return the hash of the version that a user names.

    Raises:
        BadInput: none is recorded, or several are.
    """
    shown = ", ".join(known[:SHOWN] for known in versions)
    if not versions:
        raise BadInput(f"no submission '{name}' has run for this board: `timetrial run -s {name}` runs it")
    if version == PREVIOUS:
        if len(versions) < 2:
            raise BadInput(
                f"'{name}' has no previous version here: only {shown} is recorded. Edit it and run it again: the records of"
                " this version stay"
            )
        return versions[1]
    found = [known for known in versions if known.startswith(version)]
    if len(found) != 1:
        many = "more than one version" if found else "no version"
        raise BadInput(f"{many} of '{name}' recorded here begins with '{version}': recorded are, the newest first, {shown}")
    return found[0]
