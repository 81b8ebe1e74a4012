"""The committed reference result, beside which new trials can stand (``--reference``)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from harness.contracts.errors import BadInput
from harness.records import PROTOCOL_VERSION, fact_of
from harness.results.board_trials import BoardInput, board_input
from harness.results.run_notes import RunNote
from harness.results.store import ResultStore

REFERENCE = Path(__file__).resolve().parents[2] / "results" / "reference"
"""Where a checkout has it; an installed package has none."""

DEFINES_A_WORKLOAD = ("version", "target", "budget", "batch_size", "ruler")
"""Facts of a workload in which new trials and those of the reference result must agree to stand on one board."""


def check_reference(track: str, suite: str, directory: Path = REFERENCE) -> None:
    """Check that runs of the reference result name trials on a track and suite; no record is read.

    Raises:
        BadInput: there is no reference result here, or none of that track and suite.
    """
    if not directory.is_dir():
        raise BadInput(
            "--reference reads results/reference of a checkout, which an installed package does not carry: clone the project "
            "and run the command there, or copy that directory into your results directory"
        )
    if not _notes(track, suite, directory):
        raise _none_of(track, suite, directory)


def reference_input(track: str, suite: str, directory: Path = REFERENCE) -> BoardInput:
    """Return the trials of the reference result on a track and suite that were recorded under the present protocol, alone.

    Raises:
        BadInput: there is no reference result here, or none of that track, suite and protocol.
    """
    check_reference(track, suite, directory)
    found = board_input(directory, track=track, suite=suite, absent_ok=True, alone=True)
    recorded = found.trials
    if not recorded.empty:
        recorded = recorded[recorded["protocol"] == PROTOCOL_VERSION].reset_index(drop=True)
    if recorded.empty:
        raise _none_of(track, suite, directory)
    return replace(found, trials=recorded)


def _none_of(track: str, suite: str, directory: Path) -> BadInput:
    what = f"track {track}, suite {suite}, protocol {PROTOCOL_VERSION}"
    has = sorted({f"--track {note.track} --suite {note.suite}" for note in ResultStore(directory).runs() if not note.pair})
    return BadInput(
        f"--reference: the reference result has no trials of this kind ({what}); it has {', '.join(has) or 'none'}: "
        "race one of these, or leave the option out"
    )


def reference_names(track: str, suite: str) -> set[str]:
    """Return the submissions that the runs of the reference result name on a track and suite; none without such a result."""
    notes = _notes(track, suite, REFERENCE) if REFERENCE.is_dir() else []
    return {submission for note in notes for submission, _, _ in note.trials.values()}


def _notes(track: str, suite: str, directory: Path) -> list[RunNote]:
    """Return the notes of the runs of a results directory that make the board of a track and suite."""
    return [note for note in ResultStore(directory).runs() if (note.track, note.suite) == (track, suite) and not note.pair]


def beside_reference(given: BoardInput, reference: BoardInput) -> BoardInput:
    """Return the trials of both.

    What `given` ran itself is not taken from the reference result. Of a submission whose source has changed since, or whose
    hyperparameters differ, nothing is taken; nor of a workload that is defined differently now.
    """
    own, other = given.trials, reference.trials
    if own.empty:
        return replace(given, trials=other, from_reference=_names(other), suite_workloads=reference.suite_workloads)
    ran = set(zip(own["submission"], own["workload"], strict=True))
    versions = {name: fact_of(facts, "submission", "content_hash") for name, facts in _first(own, "submission")}
    workloads = {label: _definition(facts) for label, facts in _first(own, "workload")}
    kept = [
        (name, label) not in ran
        and versions.get(name, content := fact_of(facts, "submission", "content_hash")) == content
        and workloads.get(label, definition := _definition(facts)) == definition
        for name, label, facts in zip(other["submission"], other["workload"], other["facts"], strict=True)
    ]
    taken = other[kept]
    return replace(
        given,
        trials=pd.concat([own, taken], ignore_index=True),
        from_reference=tuple(name for name in _names(taken) if name not in set(own["submission"])),
        suite_workloads=given.suite_workloads or reference.suite_workloads,
    )


def _names(trials: pd.DataFrame) -> tuple[str, ...]:
    return tuple(sorted(set(trials["submission"])))


def _first(trials: pd.DataFrame, column: str) -> list[tuple[str, Any]]:
    rows = trials.drop_duplicates(column)
    return list(zip(rows[column], rows["facts"], strict=True))


def _definition(facts: Any) -> tuple[Any, ...]:
    return tuple(fact_of(facts, "workload", name) for name in DEFINES_A_WORKLOAD)
