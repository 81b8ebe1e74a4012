"""Writes imported logs into a results directory: records, the notes, and the note of a run that makes a board of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from harness.canonical import stable_hash
from harness.compat.imported_logs import Logs
from harness.compat.log_records import log_records
from harness.results import ResultStore, RunNote
from harness.results.atomic_files import write_atomically


def write_logs(logs: Logs, store: ResultStore) -> int:
    """Write imported trials into a results directory and return their number.

    Importing the same logs again changes no record. If a submission and workload were imported before from other logs, only
    the newer import counts; what an import does not contain stays on the board.

    Raises:
        OSError: the directory cannot be written, or the disk is full. The note is written last, so that an import that failed
            makes no board.
    """
    for record in log_records(logs):
        store.write(record)
    note = _run_note(logs)
    path = notes_path(logs, store)
    if logs.notes:
        write_atomically(path, "".join(f"{line}\n" for line in logs.notes))
    else:
        path.unlink(missing_ok=True)
    store.write_run(note)
    return len(logs.trials)


def notes_path(logs: Logs, store: ResultStore) -> Path:
    """Return the file in which `write_logs` keeps the notes of an import, one per line; without notes there is none."""
    return store.directory / "runs" / f"{_run_note(logs).name}-notes.txt"


def _run_note(logs: Logs) -> RunNote:
    trials = logs.trials
    outcome = ["workload", "study", "trial", "status", "hit_seconds", "end_seconds"]
    contents = {str(name): stable_hash(rows[outcome].to_numpy().tolist()) for name, rows in trials.groupby("submission")}
    targets = {str(w): stable_hash(metric, target) for w, metric, target in _goals(logs)}
    cells = zip(trials["submission"], trials["workload"], trials["study"].astype(int), strict=True)
    return RunNote(
        track=str(trials["track"].iloc[0]),
        suite=logs.suite,
        trials=dict(zip(trials["id"], cells, strict=True)),
        hashes={**targets, **contents},
        created=datetime.now(UTC).isoformat(),
        workloads=logs.workloads,
    )


def _goals(logs: Logs) -> list[tuple[str, str, float]]:
    rows = logs.trials.drop_duplicates("workload")
    return list(zip(rows["workload"], rows["metric"], rows["target"], strict=True))
