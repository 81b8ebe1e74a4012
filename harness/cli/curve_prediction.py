"""`timetrial curve NAME --predict --fit TRIAL`: the predicted loss of a schedule that was not run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from harness.canonical import plain
from harness.contracts.errors import BadInput
from harness.contracts.schedules import Schedule
from harness.forecast.recorded import Prediction, RecordedCurve, peak_rate, predict, recorded_curve
from harness.records import TrialRecord
from harness.registry import find_schedule
from harness.results import ResultStore, read_record


def predicted_curve(schedule: Schedule, fit: Sequence[str], results: Path) -> tuple[Prediction, list[RecordedCurve]]:
    """Return the prediction for a schedule, and the recorded curves that the loss law is fitted to.

    Args:
        schedule: a closed-form one.
        fit: trials; each is the path of a record, or an id in `results` or an unambiguous beginning of one.
        results: a results directory.

    Raises:
        BadInput: a trial does not exist or cannot be fitted, or the trials differ in more than schedule, seed and horizon.
    """
    runs = [recorded_curve(record, find_schedule) for record in _records(fit, results)]
    return predict(schedule, {}, runs), runs


def _records(names: Sequence[str], results: Path) -> list[TrialRecord]:
    """Return the records with these paths or ids."""
    paths = {name: Path(name) for name in names if name.endswith(".json") or Path(name).is_file()}
    known = [] if len(paths) == len(set(names)) else list(ResultStore(results).records())
    return [_by_path(paths[name]) if name in paths else _by_id(name, known, results) for name in names]


def _by_path(path: Path) -> TrialRecord:
    if path.suffix == ".parquet":  # the leaderboard page links a compacted trial to such a file
        raise BadInput(f"--fit {path}: a Parquet file contains the records of many trials; give the trial's id instead")
    try:
        return read_record(path)
    except FileNotFoundError:
        raise BadInput(f"--fit {path}: no such file") from None
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(f"--fit {path}: not a valid trial record ({error})") from None


def _by_id(name: str, known: Sequence[TrialRecord], results: Path) -> TrialRecord:
    matches = [record for record in known if name and record.spec.id.startswith(name)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        some = ", ".join(record.spec.id for record in matches[:3])
        raise BadInput(
            f"--fit {name}: the ids of {len(matches)} trials in '{results}' begin so ({some}, ...); give more of the id"
        )
    raise BadInput(f"--fit {name}: no such trial in '{results}'; give a trial's id, its beginning, or the path of its record")


def print_json(schedule: Schedule, prediction: Prediction, runs: Sequence[RecordedCurve]) -> None:
    """Print the prediction as JSON."""
    spec = runs[0].record.spec
    value = {
        "name": schedule.name,
        "workload": spec.workload_label,
        "metric": runs[0].metric,
        "horizon": spec.horizon,
        "warmup": spec.warmup,
        "batch_size": runs[0].batch_size,
        "learning_rate": peak_rate(spec),
        "fit": [{"id": run.record.spec.id, "submission": run.record.spec.submission} for run in runs],
        "law": asdict(prediction.fit.law),
        "fit_error": prediction.fit.error,
        "steps": prediction.steps.tolist(),
        "examples": prediction.examples.tolist(),
        "predicted": prediction.values.tolist(),
        "notes": list(prediction.notes),
    }
    print(json.dumps(plain(value), allow_nan=False))


def print_table(schedule: Schedule, prediction: Prediction, runs: Sequence[RecordedCurve]) -> None:
    """Print the fitted law, then one line per evaluation: step and predicted metric."""
    law, metric = prediction.fit.law, runs[0].metric
    loss = f"10^{metric}" if runs[0].logarithmic else metric
    print(f"# predicted {metric} of '{schedule.name}' on {runs[0].record.spec.workload_label}; it was not run")
    print(
        f"# {loss} = {law.floor:.5g} + {law.scale:.5g} S1^-{law.exponent:.4g} - {law.gain:.5g} S2, lambda {law.decay:.5g}; "
        f"mean relative error of the fit {prediction.fit.error:.2%}"
    )
    for note in prediction.notes:
        print(f"# note: {note}")
    for step, value in zip(prediction.steps, prediction.values, strict=True):
        print(f"{step}\t{value:.6g}")


def draw(schedule: Schedule, prediction: Prediction, runs: Sequence[RecordedCurve], path: Path) -> None:
    """Write a figure: the predicted curve as a line, the recorded curves as points."""
    import matplotlib as mpl

    path.parent.mkdir(parents=True, exist_ok=True)
    mpl.use("agg")
    import seaborn as sns
    from matplotlib.figure import Figure

    with sns.axes_style("whitegrid"):
        figure = Figure(figsize=(6, 3.6), layout="constrained")
        axes = figure.subplots()
        for run in runs:
            spec, curve = run.record.spec, run.curve
            label = f"{spec.submission}, study {spec.study} (recorded)"
            axes.plot(curve.steps, run.as_metric(curve.losses), "o", markersize=3, label=label)
        axes.plot(prediction.steps, prediction.values, color="black", label=f"{schedule.name} (predicted)")
        title = f"{runs[0].record.spec.workload_label}: {schedule.name}, predicted"
        axes.set(xlabel="step", ylabel=runs[0].metric, title=title)
        axes.legend(fontsize="small")
        figure.savefig(path)
