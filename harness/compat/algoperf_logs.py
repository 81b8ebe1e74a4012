"""Reads AlgoPerf's official logs: LOGDIR/SUBMISSION/study_N/WORKLOAD/trial_M/eval_measurements.csv."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness.compat.algoperf_targets import VERSIONS, Targets
from harness.compat.imported_logs import Logs, gaps, suite_name
from harness.compat.log_curve import COLUMNS, Goal, LogCurve, read_curve
from harness.compat.log_records import spec_of
from harness.compat.log_tree import EVALUATIONS, EXPECTED, MEASUREMENTS, LogFile, LogTree, find_logs
from harness.compat.log_version import recognised
from harness.contracts.errors import BadInput, did_you_mean
from harness.records import CLOCKS, Status
from harness.rules import RULESETS

TRACKS = {rules.algoperf: name for name, rules in RULESETS.items() if rules.algoperf}
"""{AlgoPerf's name of a ruleset: ours}."""

EARLY = 0.05
"""A trial that missed its target and whose log ends before this share of the budget counts as failed: it crashed, or was
stopped. For AlgoPerf's score the two are the same."""


def read_logs(
    directory: Path | str, *, track: str = "", targets: Targets | None = None, version: str = "", without: Sequence[str] = ()
) -> Logs:
    """Return the trials of a directory of official logs.

    Args:
        directory: LOGDIR; the names of its directories are the names of the submissions.
        track: "external" or "self-tuning"; by default it follows from the name of LOGDIR, ``external_tuning`` or
            ``self_tuning``.
        targets: workloads and targets of a version of AlgoPerf; by default those of `version`.
        version: a built-in version, such as "0.6"; by default it is recognised from the path and the logs.
        without: workloads to leave out; a base workload takes its held-out variants with it.

    Raises:
        BadInput: there is no such directory, it contains no logs, the track, the version or a workload to leave out is unknown.
    """
    directory = Path(directory)
    if not directory.is_dir():
        raise BadInput(f"no directory '{directory}': name the one that contains a directory per submission")
    track = _track(directory, track)
    if version and version not in VERSIONS:
        raise BadInput(
            f"no targets of AlgoPerf '{version}' are built in{did_you_mean(version, VERSIONS)}; or use --targets FILE"
        )
    if version and targets is not None and targets.version != version:
        raise BadInput(f"the targets are of AlgoPerf {targets.version}, not {version}: leave --benchmark-version out")
    known = {label for built_in in VERSIONS.values() for label in built_in.goals} | set(targets.goals if targets else ())
    tree = find_logs(directory, known)
    if not tree.logs:
        raise BadInput(f"no logs in '{directory}': expected {EXPECTED}{_first(tree.notes)}")
    source = ""
    if targets is None and version:
        targets = VERSIONS[version]
    elif targets is None:
        targets, source = recognised(directory, tree.logs, track)
    return _logs(tree, track, targets, targets.leaving_out(without), source)


def _track(directory: Path, track: str) -> str:
    """Return the track: as given, or from the directory's name."""
    name = directory.resolve().name.lower().replace("-", "_").replace(" ", "_")
    track = track or TRACKS.get(name, "")
    if track not in TRACKS.values():
        options = " or ".join(f"--track {name}" for name in TRACKS.values())
        inside = [f"'{directory / name}'" for name in TRACKS if (directory / name).is_dir()]
        instead = f", or import {' or '.join(inside)}" if inside else ""
        raise BadInput(f"the track of '{directory.name}' is not known: add {options}{instead}")
    return track


def _first(notes: Sequence[str]) -> str:
    more = f" (and {len(notes) - 1} more)" if len(notes) > 1 else ""
    return f"; {notes[0]}{more}" if notes else ""


def _logs(tree: LogTree, track: str, every: Targets, targets: Targets, source: str) -> Logs:
    """Return the trials of a tree; `every` is the targets before workloads were left out."""
    logs = [log for log in tree.logs if log.label in targets.labels]
    if not logs:
        raise BadInput(
            f"none of the workloads in '{tree.directory}' is in the targets of version {targets.version}: name others with"
            " --targets FILE"
        )
    rows: list[dict[str, Any]] = []
    failed: list[str] = []
    odd: list[str] = []
    for log in logs:
        curve = _curve(tree, log, targets)
        rows.append(_row(log, track, targets, curve))
        odd += curve.notes
        if rows[-1]["status"] == Status.FAILED:
            failed.append(f"{_shown(tree, log)}: {rows[-1]['reason']}: the trial counts as failed")
    trials = pd.DataFrame(rows)
    oddities = (*tree.notes, *failed, *odd)
    left_out = (
        f"Left out, as asked for: {label}."
        if label in every.labels
        else f"Not in the targets of version {every.version}: {label}."
        for label in sorted({log.label for log in tree.logs} - set(targets.labels))
    )
    notes = (*oddities, *left_out, *_empty_studies(tree, targets), *gaps(trials, targets))
    return Logs(trials, targets.bases, notes, targets.version, targets.without, source, oddities)


def _empty_studies(tree: LogTree, targets: Targets) -> list[str]:
    """Return sentences on the studies of which no trial has a log; AlgoPerf's scoring does not count them either."""
    studies: dict[tuple[str, str], list[str]] = {}
    for submission, study, label in tree.empty:
        if label in targets.labels:
            studies.setdefault((label, submission), []).append(str(study))
    return [
        f"No trial of {submission} on {label} has a log in study {', '.join(numbers)}: left out, as by AlgoPerf."
        for (label, submission), numbers in sorted(studies.items())
    ]


def _shown(tree: LogTree, log: LogFile) -> str:
    """Return how a trial is named in notes: by its log, or as its directory where there is none."""
    if log.file is not None:
        return tree.shown(log.file)
    return f"{log.submission}, trial {log.trial} of study {log.study} on {log.label}"


def _curve(tree: LogTree, log: LogFile, targets: Targets) -> LogCurve:
    """Return what a trial's log says; the trial fails for having none, or two that differ."""
    if log.file is None:
        return LogCurve(reason="its directory contains no log")
    if log.other is not None:
        return LogCurve(reason=f"the trial is logged a second time, with other content, in {tree.shown(log.other)}")
    metric, target = targets.goals[log.label]
    mixed = log.file.name.startswith(MEASUREMENTS)
    curve = read_curve(log.file, tree.shown(log.file), Goal(metric, target, targets.lower_is_better(log.label)), mixed=mixed)
    if not mixed:
        return curve
    note = f"{tree.shown(log.file)}: there is no {EVALUATIONS}, so the evaluations in this file were read"
    return replace(curve, notes=(note, *curve.notes))


def _row(log: LogFile, track: str, targets: Targets, log_curve: LogCurve) -> dict[str, Any]:
    metric, target = targets.goals[log.label]
    base = targets.base_of(log.label)
    budget = targets.budget(log.label, track)
    columns = dict(zip((*COLUMNS, "metric"), np.array(log_curve.evaluations, dtype=float).reshape(-1, 3).T, strict=True))
    unknown = np.full(len(log_curve.evaluations), np.nan)
    curve = {name: columns.get(name, unknown) for name in (*CLOCKS, "metric")}
    status, reason = _ending(log_curve, budget)
    row: dict[str, Any] = {
        "submission": log.submission,
        "workload": log.label,
        "base_workload": base,
        "held_out": log.label not in targets.bases,
        "family": base.split("_")[0],
        "track": track,
        "suite": suite_name(targets.version, targets.without),
        "study": log.study,
        "trial": log.trial,
        "seed": 0,
        "status": status,
        "reason": reason or f"imported from AlgoPerf {targets.version}",
        "complete": status != Status.FAILED,
        "metric": metric,
        "lower_is_better": targets.lower_is_better(log.label),
        "target": target,
        **{f"budget_{clock}": math.nan for clock in CLOCKS},
        "budget_seconds": budget,
        "horizon_examples": math.nan,
        "evaluation_period": math.nan,
        "hit_index": log_curve.hit,
        "curve": curve,
        "hyperparameters": {},
        "paired": False,
        "machine": "",
        "concurrency": None,
        "environment": {},
    }
    for clock in CLOCKS:
        row[f"hit_{clock}"] = float(curve[clock][log_curve.hit]) if log_curve.hit >= 0 else math.inf
        row[f"end_{clock}"] = math.nan if clock not in COLUMNS else float(curve[clock][-1]) if len(unknown) else 0.0
    return {"id": spec_of(row, targets.version, row["suite"]).id, **row}


def _ending(curve: LogCurve, budget: float) -> tuple[Status, str]:
    """Return the status of a trial, and why it failed, or ""."""
    if curve.reason:
        return Status.FAILED, curve.reason
    if curve.hit >= 0:
        return Status.REACHED, ""
    if math.isnan(curve.evaluations[-1].metric):
        return Status.DIVERGED, ""
    if curve.longest < EARLY * budget:
        percent = max(1, math.ceil(100 * curve.longest / budget))
        return Status.FAILED, f"its log ends within the first {percent} % of the budget, without the target"
    return Status.MISSED, ""
