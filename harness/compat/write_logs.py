"""Writes imported logs into a results directory: their records, and the note of a run that makes a board of them."""

from __future__ import annotations

from datetime import UTC, datetime

from harness.compat.algoperf_logs import Logs, log_records, suite_name
from harness.records import stable_hash
from harness.results import ResultStore, RunNote


def write_logs(logs: Logs, store: ResultStore) -> int:
    """Write imported trials into a results directory and return their number.

    Importing the same logs again changes no record. If a submission and workload were imported before from other logs, only
    the newer import counts; what an import does not contain stays on the board.

    Raises:
        OSError: the directory cannot be written, or the disk is full. The note is written last, so that an import that failed
            makes no board.
    """
    trials = logs.trials
    ids = []
    for record in log_records(logs):
        store.write(record)
        ids.append(record.spec.id)
    outcome = ["workload", "study", "trial", "status", "hit_seconds", "end_seconds"]
    contents = {str(name): stable_hash(rows[outcome].to_numpy().tolist()) for name, rows in trials.groupby("submission")}
    targets = {str(w): stable_hash(metric, target) for w, metric, target in _goals(logs)}
    cells = zip(trials["submission"], trials["workload"], trials["study"].astype(int), strict=True)
    store.write_run(
        RunNote(
            track=str(trials["track"].iloc[0]),
            suite=suite_name(logs.version),
            trials=dict(zip(ids, cells, strict=True)),
            hashes={**targets, **contents},
            created=datetime.now(UTC).isoformat(),
            workloads=logs.workloads,
        )
    )
    return len(trials)


def _goals(logs: Logs) -> list[tuple[str, str, float]]:
    rows = logs.trials.drop_duplicates("workload")
    return list(zip(rows["workload"], rows["metric"], rows["target"], strict=True))
