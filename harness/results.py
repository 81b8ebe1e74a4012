"""TrialRecords on disk: write, read, merge by copying, verify; and as a DataFrame."""

from __future__ import annotations

import json
import math
import os
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness.contracts.errors import BadInput
from harness.records import CLOCKS, TrialRecord, TrialSpec, plain, stable_hash


def write_atomically(path: Path, content: str) -> None:
    """Write a file so that a reader, or a kill at any moment, finds the old content or the new, never a part.

    Raises:
        OSError: the disk is full, or the directory cannot be written; the old file is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@dataclass(frozen=True)
class RunNote:
    """What a run set out to do: `results/runs/*.json`. It tells a board which records are current and which are missing.

    Attributes:
        track, suite: of the board.
        trials: {trial id: [submission, workload label, study]}.
        hashes: {submission or workload label: content hash}.
        skipped: {workload label: reason}.
        created: ISO 8601, UTC.
        workloads: base workloads that must be on the board even without a trial (imported logs).
        pair: the two submissions of ``--until-separable``, whose studies serve them only; empty for a board's run.
        pruned_by: what was allowed to stop trials beside the safe rules: "score-only", "forecast".
    """

    track: str
    suite: str
    trials: Mapping[str, tuple[str, str, int]]
    hashes: Mapping[str, str]
    skipped: Mapping[str, str] = field(default_factory=dict)
    created: str = ""
    workloads: tuple[str, ...] = ()
    pair: tuple[str, ...] = ()
    pruned_by: tuple[str, ...] = ()


class ResultStore:
    """A results directory: `trials/WORKLOAD/SUBMISSION/*.json` and `runs/*.json`."""

    def __init__(self, directory: Path | str) -> None:
        self.directory = Path(directory)
        self.damaged: dict[Path, str] = {}

    def path(self, spec: TrialSpec) -> Path:
        """Return where the record of a trial lies."""
        name = f"study{spec.study}-trial{spec.trial}-{spec.id}.json"
        return self.directory / "trials" / _slug(spec.workload_label) / _slug(spec.submission) / name

    def write(self, record: TrialRecord) -> Path:
        """Write a record; an earlier one of the same trial is replaced."""
        path = self.path(record.spec)
        write_atomically(path, json.dumps(record.to_json(), separators=(",", ":"), allow_nan=False))
        return path

    def read(self, spec: TrialSpec) -> TrialRecord | None:
        """Return the record of a trial, or None; a damaged file is set aside under another name."""
        path = self.path(spec)
        try:
            return read_record(path)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            self.damaged[path] = str(error)
            path.replace(path.with_suffix(".json.damaged"))
            return None

    def records(self) -> Iterator[TrialRecord]:
        """Yield all sound records in a fixed order; damaged ones are named in `damaged` and left where they are."""
        for path in sorted(self.directory.glob("trials/*/*/*.json")):
            try:
                yield read_record(path)
            except (ValueError, KeyError, TypeError, OSError) as error:
                self.damaged[path] = str(error)

    def write_run(self, note: RunNote) -> None:
        """Write down what a run sets out to do; the same plan again keeps one file."""
        content = {key: value for key, value in asdict(note).items() if key not in ("pair", "pruned_by") or value}
        name = stable_hash({key: value for key, value in content.items() if key != "created"})[:16]
        write_atomically(self.directory / "runs" / f"{name}.json", json.dumps(plain(content), indent=1))

    def runs(self) -> list[RunNote]:
        """Return all runs, the oldest first."""
        notes = []
        for path in sorted(self.directory.glob("runs/*.json")):
            try:
                value = json.loads(path.read_text(encoding="utf-8"))
                value["trials"] = {name: (where[0], where[1], int(where[2])) for name, where in value["trials"].items()}
                value["workloads"] = tuple(value.get("workloads", ()))
                value["pair"] = tuple(value.get("pair", ()))
                value["pruned_by"] = tuple(value.get("pruned_by", ()))
                notes.append(RunNote(**value))
            except (ValueError, KeyError, TypeError, OSError) as error:
                self.damaged[path] = str(error)
        return sorted(notes, key=lambda note: note.created)


def read_record(path: Path) -> TrialRecord:
    """Return the record in a file.

    Raises:
        OSError: it cannot be read.
        ValueError, KeyError, TypeError: it is no sound record.
    """
    return TrialRecord.from_json(json.loads(path.read_text(encoding="utf-8")))


def _slug(name: str) -> str:
    """Return a safe directory name, unique to `name`."""
    safe = re.sub(r"[^A-Za-z0-9_+.-]", "_", name).strip(".")[:60]
    return safe if safe == name else f"{safe}~{stable_hash(name)[:8]}"


def load_results(directory: Path | str = "results") -> pd.DataFrame:
    """Return all trials of a results directory, one row each, in a fixed order.

    Columns: id, submission, workload (label), base_workload, held_out, family, track, suite, study, trial, seed,
    status, reason, complete, pruned_by and pruned_due (what stopped it beside the safe rules, and at which evaluation),
    metric, lower_is_better, target; budget_C, hit_C (inf: never) and end_C for the clocks C = examples, seconds, steps;
    hit_index (-1: never), horizon_examples, evaluation_period, curve (dict of arrays), learning_rates (array [k, 3]:
    steps, examples, rate), hyperparameters, paired, machine, concurrency, facts, environment, clocks, file.

    Raises:
        BadInput: there is no such directory, or nothing in it.
    """
    store = _opened(directory)
    return frame(store.records(), store)


def _opened(directory: Path | str) -> ResultStore:
    store = ResultStore(directory)
    if not store.directory.is_dir():
        raise BadInput(
            f"no results in '{directory}': the directory does not exist; run `timetrial run --results {directory}` first"
        )
    return store


def frame(records: Iterable[TrialRecord], store: ResultStore) -> pd.DataFrame:
    """Return records as `load_results` does."""
    return pd.DataFrame([_row(record, store) for record in records])


def _row(record: TrialRecord, store: ResultStore) -> dict[str, Any]:
    spec, workload = record.spec, record.facts.get("workload", {})
    imported = record.facts.get("imported")
    lower = bool(workload.get("lower_is_better", True))
    names = list(record.evaluations[0]) if record.evaluations else [*CLOCKS, "metric"]
    curve = {
        name: np.array([np.nan if (value := e.get(name)) is None else value for e in record.evaluations], dtype=float)
        for name in names
    }
    met = curve["metric"] <= spec.target if lower else curve["metric"] >= spec.target
    index = int(np.argmax(met)) if met.any() else -1
    batch = workload.get("batch_size") or np.nan
    row: dict[str, Any] = {
        "id": spec.id,
        "submission": spec.submission,
        "workload": spec.workload_label,
        "base_workload": spec.workload,
        "held_out": bool(spec.variant),
        "family": workload.get("family", spec.workload),
        "track": spec.track,
        "suite": spec.suite,
        "study": spec.study,
        "trial": spec.trial,
        "seed": spec.seed,
        "status": record.status,
        "reason": record.reason.encode("utf-8", "replace").decode(),
        "complete": record.complete,
        "pruned_by": record.pruned_by,
        "pruned_due": float((record.beater or {}).get("due", math.nan)),
        "metric": workload.get("metric", "metric"),
        "lower_is_better": lower,
        "target": spec.target,
        "budget_examples": float(spec.budget) if imported is None else math.nan,
        "budget_seconds": _number(imported, "budget_seconds"),
        "budget_steps": spec.budget / batch,
        "horizon_examples": float(spec.horizon) if imported is None else math.nan,
        "evaluation_period": float(spec.evaluation_period) if imported is None else math.nan,
        "hit_index": index,
        "curve": curve,
        "learning_rates": np.array(record.learning_rates, dtype=float).reshape(-1, 3),
        "hyperparameters": dict(spec.hyperparameters),
        "paired": imported is None or bool(imported.get("paired", True)),
        "machine": str(record.environment.get("machine", "")),
        "concurrency": record.environment.get("concurrency"),
        "facts": dict(record.facts),
        "environment": dict(record.environment),
        "clocks": dict(record.clocks),
        "file": str(store.path(spec).relative_to(store.directory)),
    }
    for clock in CLOCKS:
        row[f"hit_{clock}"] = float(curve[clock][index]) if index >= 0 else float("inf")
        row[f"end_{clock}"] = float(record.clocks.get(clock, 0.0 if imported is None else math.nan))
    return row


def _number(facts: Mapping[str, Any] | None, name: str) -> float:
    value = (facts or {}).get(name)
    return math.nan if value is None else float(value)


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
    store = _opened(directory)
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
