"""What a recorded trial has logged: training losses, learning rates and evaluations, each a series over steps."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.records import ARTEFACT_BYTES, LOSSES, TrialRecord
from harness.results.regular_files import read_regular
from harness.results.store import ResultStore

LOSS, RATE = "training_loss", "learning_rate"


@dataclass(frozen=True)
class TrialLog:
    """The series of a trial.

    Attributes:
        record: of the trial.
        series: {name: points (step, charged examples, value)}, ascending; without those that have no points.
    """

    record: TrialRecord
    series: Mapping[str, tuple[tuple[int, float, float], ...]]


def trial_logs(store: ResultStore) -> Iterator[TrialLog]:
    """Yield the log of every record of a directory. What has no losses, or a file of losses that cannot be read, has its rates
    and evaluations alone; the store's `damaged` names the file."""
    for record in store.records():
        series = {LOSS: _losses(store, record), RATE: _rates(record), **_evaluations(record)}
        yield TrialLog(record, {name: tuple(points) for name, points in series.items() if points})


def _losses(store: ResultStore, record: TrialRecord) -> list[tuple[int, float, float]]:
    if LOSSES not in record.artefacts:
        return []
    path = store.artefact_path(record.spec, LOSSES)
    try:
        rows = list(csv.DictReader(io.StringIO(read_regular(path, ARTEFACT_BYTES).decode("utf-8"))))
        return [(int(row["step"]), float(row["examples"]), float(row["loss"])) for row in rows]
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        store.damaged[path] = f"it is no file of losses ({type(error).__name__})"
        return []


def _rates(record: TrialRecord) -> list[tuple[int, float, float]]:
    return [(int(steps), float(examples), float(rate)) for steps, examples, rate in record.learning_rates]


def _evaluations(record: TrialRecord) -> dict[str, list[tuple[int, float, float]]]:
    """Return {name of the metric: points}, and those of what else was evaluated."""
    metric = str(record.facts.get("workload", {}).get("metric", "metric"))
    found: dict[str, list[tuple[int, float, float]]] = {}
    for evaluation in record.evaluations:
        at = _number(evaluation.get("steps")), _number(evaluation.get("examples"))
        for name, value in evaluation.items():
            if name not in ("steps", "examples", "seconds") and not math.isnan(at[0]):
                found.setdefault(metric if name == "metric" else name, []).append((int(at[0]), at[1], _number(value)))
    return found


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)
