"""Reads AlgoPerf's official logs: LOGDIR/SUBMISSION/study_N/WORKLOAD/trial_M/eval_measurements.csv."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.compat.algoperf_targets import LOWER_IS_BETTER, V05, Targets
from harness.contracts.errors import BadInput
from harness.records import CLOCKS, Status, TrialRecord, TrialSpec
from harness.rules import RULESETS

FILE = "eval_measurements.csv"
COLUMNS = {"seconds": "accumulated_submission_time", "steps": "global_step"}
"""{clock: column of a log file}. The logs do not contain the other clocks."""

FRAMEWORKS = ("_jax", "_pytorch")
TRACKS = {rules.algoperf: name for name, rules in RULESETS.items() if rules.algoperf}
"""{AlgoPerf's name of a ruleset: ours}."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Logs:
    """Imported logs.

    Attributes:
        trials: one row per trial, as `harness.load_results` returns them. The clock `examples` is unknown: NaN.
        workloads: all base workloads of the targets, including those that are not in the logs.
        notes: sentences on what was left out, is absent or could not be read.
        version: version of AlgoPerf's targets.
    """

    trials: pd.DataFrame
    workloads: tuple[str, ...]
    notes: tuple[str, ...]
    version: str = V05.version


@dataclass(frozen=True)
class _LogFile:
    submission: str
    study: int
    label: str
    trial: int
    file: Path


def read_logs(directory: Path | str, *, track: str = "", targets: Targets = V05) -> Logs:
    """Return the trials of a directory of official logs.

    Args:
        directory: LOGDIR; the names of its directories are the names of the submissions.
        track: "external" or "self-tuning"; by default it follows from the name of LOGDIR, ``external_tuning`` or
            ``self_tuning``.
        targets: workloads and targets of a version of AlgoPerf.

    Raises:
        BadInput: there is no such directory, it contains no logs, the track is unknown, or a trial has two log files.
    """
    directory = Path(directory)
    if not directory.is_dir():
        raise BadInput(f"no directory '{directory}': name the one that contains a directory per submission")
    track = track or TRACKS.get(directory.resolve().name, "")
    if track not in TRACKS.values():
        options = " or ".join(f"--track {name}" for name in TRACKS.values())
        raise BadInput(f"the track of '{directory.name}' is not known: add {options}")
    logs = sorted(_log_files(directory), key=lambda log: (log.submission, log.study, log.label, log.trial, str(log.file)))
    if not logs:
        raise BadInput(f"no logs in '{directory}': expected SUBMISSION/study_N/WORKLOAD/trial_M/{FILE}")
    workloads = {*targets.bases, *targets.held_out}
    notes = [
        f"Not in the targets of version {targets.version}, so left out: {label}."
        for label in sorted({log.label for log in logs} - workloads)
    ]
    logs = [log for log in logs if log.label in workloads]
    for log, following in pairwise(logs):
        if replace(log, file=following.file) == following:
            raise BadInput(
                f"trial {log.trial} of {log.submission} on {log.label}, study {log.study}, is logged twice: "
                f"remove {log.file} or {following.file}"
            )
    rows = [_row(log, track, targets) for log in logs]
    notes += [
        f"{log.file.relative_to(directory)}: {row['reason']}."
        for log, row in zip(logs, rows, strict=True)
        if row["status"] == Status.FAILED
    ]
    if not rows:
        raise BadInput(
            f"none of the workloads in '{directory}' is in the targets of version {targets.version}: name others with"
            " --targets FILE"
        )
    trials = pd.DataFrame(rows)
    return Logs(trials, targets.bases, (*notes, *gaps(trials, targets)), targets.version)


def suite_name(version: str) -> str:
    """Return the suite of imported trials. It names the version, since two versions of AlgoPerf never share a board."""
    return f"algoperf-{version}"


def gaps(trials: pd.DataFrame, targets: Targets) -> list[str]:
    """Return sentences on workloads that are absent from the logs and on unusual numbers of studies or trials."""
    here = set(trials["workload"])
    lines = []
    if absent := [label for label in targets.bases if label not in here]:
        lines.append(f"In the targets but absent from the logs, so scored as unsolved: {', '.join(absent)}.")
    if absent := [label for label in targets.held_out if label not in here]:
        lines.append(f"Held-out workloads absent from the logs, so they have no effect: {', '.join(absent)}.")
    names = sorted(set(trials["submission"]))
    for label in (label for label in (*targets.bases, *targets.held_out) if label in here):
        lacking = sorted(set(names) - set(trials.loc[trials["workload"] == label, "submission"]))
        if lacking:
            lines.append(f"No logs of {label} by {', '.join(lacking)}: scored as unsolved.")
    studies = trials.groupby(["submission", "workload"], sort=True)["study"].nunique()
    lines += _unusual_counts(studies, "studies")
    return lines + _unusual_counts(trials.groupby(["submission", "workload", "study"], sort=True).size(), "trials per study")


def _unusual_counts(counts: pd.Series[int], what: str) -> list[str]:
    """Return a sentence for each count that differs from the most frequent one."""
    usual = int(counts.mode().iloc[-1])
    lines = []
    for count, unusual in counts[counts != usual].groupby(counts):
        cells = sorted({f"{key[0]} on {key[1]}" for key in unusual.index})
        names = f"{', '.join(cells[:3])} and {len(cells) - 3} more" if len(cells) > 4 else ", ".join(cells)
        lines.append(f"The usual number of {what} is {usual}; it is {count} for {names}.")
    return lines


def _log_files(directory: Path) -> Iterator[_LogFile]:
    for submission in _folders(directory):
        for study in _folders(submission):
            number = _number(study.name, "study")
            for workload in _folders(study) if number is not None else ():
                label = next((workload.name.removesuffix(f) for f in FRAMEWORKS if workload.name.endswith(f)), workload.name)
                trials = [(trial, _number(trial.name, "trial")) for trial in _folders(workload)]
                # The directory of a self-tuning study may contain the file of its only trial directly.
                for folder, trial in [*trials, (workload, 1 if not trials else None)]:
                    if number is not None and trial is not None and (folder / FILE).is_file():
                        yield _LogFile(submission.name, number, label, trial, folder / FILE)


def _folders(directory: Path) -> list[Path]:
    return sorted(path for path in directory.iterdir() if path.is_dir() and not path.name.startswith("."))


def _number(name: str, what: str) -> int | None:
    match = re.fullmatch(rf"{what}_(\d+)", name)
    return int(match.group(1)) if match else None


def _row(log: _LogFile, track: str, targets: Targets) -> dict[str, Any]:
    metric, target = targets.goals[log.label]
    base = targets.base_of(log.label)
    lower = metric in LOWER_IS_BETTER
    curve, reason = _curve(log.file, metric)
    values = curve["metric"]
    met = values <= target if lower else values >= target
    index = int(np.argmax(met)) if met.any() else -1
    row: dict[str, Any] = {
        "submission": log.submission,
        "workload": log.label,
        "base_workload": base,
        "held_out": log.label not in targets.bases,
        "family": base.split("_")[0],
        "track": track,
        "suite": suite_name(targets.version),
        "study": log.study,
        "trial": log.trial,
        "seed": 0,
        "status": _status(index, values, reason),
        "reason": reason or f"imported from AlgoPerf {targets.version}",
        "complete": not reason,
        "metric": metric,
        "lower_is_better": lower,
        "target": target,
        **{f"budget_{clock}": math.nan for clock in CLOCKS},
        "budget_seconds": targets.budget(log.label, track),
        "horizon_examples": math.nan,
        "evaluation_period": math.nan,
        "hit_index": index,
        "curve": curve,
        "hyperparameters": {},
        "paired": False,
        "machine": "",
        "concurrency": None,
        "environment": {},
    }
    for clock in CLOCKS:
        row[f"hit_{clock}"] = float(curve[clock][index]) if index >= 0 else math.inf
        row[f"end_{clock}"] = math.nan if clock not in COLUMNS else float(curve[clock][-1]) if len(values) else 0.0
    return {"id": _spec(row, targets.version).id, **row}


def _status(index: int, values: Floats, reason: str) -> Status:
    if reason:
        return Status.FAILED
    if index >= 0:
        return Status.REACHED
    return Status.MISSED if np.isfinite(values[-1]) else Status.DIVERGED


def _curve(file: Path, metric: str) -> tuple[dict[str, Floats], str]:
    """Return the evaluations of a file (empty cells are NaN), and what is wrong with it, or ""."""
    columns = (*COLUMNS.values(), f"validation/{metric}")
    table, reason = [], ""
    try:
        with file.open(newline="", encoding="utf-8") as text:
            reader = csv.reader(text)
            header = next(reader, [])
            absent = [name for name in columns if name not in header]
            if absent:
                reason = f"the file has no column {absent[0]}"
            else:
                indices = [header.index(name) for name in columns]
                table = [[float(line[i] or "nan") for i in indices] for line in reader if line]
                reason = "" if table else "the file contains no evaluation"
    except (ValueError, IndexError, OSError) as error:
        table, reason = [], f"the file cannot be read ({error})"
    read = dict(zip((*COLUMNS, "metric"), np.array(table, dtype=float).reshape(-1, len(columns)).T, strict=True))
    unknown = np.full(len(read["metric"]), np.nan)
    return {name: read.get(name, unknown) for name in (*CLOCKS, "metric")}, reason


def _spec(row: dict[str, Any], version: str) -> TrialSpec:
    return TrialSpec(
        track=row["track"],
        suite=suite_name(version),
        workload=row["base_workload"],
        variant=row["workload"].removeprefix(row["base_workload"]).removeprefix("_"),
        size="full",
        workload_hash=f"algoperf {version}",
        submission=row["submission"],
        submission_hash="imported",
        study=row["study"],
        trial=row["trial"],
        seed=0,
        hyperparameters={},
        budget=0,
        horizon=0,
        warmup=0,
        evaluation_period=0,
        target=row["target"],
    )


def log_records(logs: Logs) -> Iterator[TrialRecord]:
    """Yield the imported trials as records, in the order of the rows. A budget of 0 examples means that it is unknown.

    From ``facts["imported"]``, `harness.load_results` reads that studies are unpaired, and the budget in seconds.
    """
    for row in logs.trials.to_dict("records"):
        curve = row["curve"]
        names = (*CLOCKS, "metric")
        columns = ([None if math.isnan(x) else x for x in curve[name].tolist()] for name in names)
        budget = None if math.isnan(row["budget_seconds"]) else row["budget_seconds"]
        yield TrialRecord(
            spec=_spec({str(k): v for k, v in row.items()}, logs.version),
            status=row["status"],
            reason=row["reason"],
            complete=row["complete"],
            evaluations=tuple(dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)),
            clocks={clock: row[f"end_{clock}"] for clock in COLUMNS},
            facts={
                "imported": {"from": f"AlgoPerf {logs.version}", "paired": False, "budget_seconds": budget},
                "workload": {
                    "name": row["base_workload"],
                    "metric": row["metric"],
                    "lower_is_better": row["lower_is_better"],
                    "family": row["family"],
                },
            },
        )
