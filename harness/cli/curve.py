"""`timetrial curve`: the multipliers of a schedule or its predicted loss, as text, JSON or a figure; without torch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from harness.cli import options
from harness.cli.app import app
from harness.contracts.errors import BadInput, did_you_mean
from harness.contracts.schedules import Schedule

STEPS = 1000
"""The default horizon, in steps."""

FIGURE_SUFFIXES = (".svg", ".png", ".pdf")


@app.command()
def curve(
    name: Annotated[str, typer.Argument(metavar="NAME", help="name or path of a schedule")],
    horizon: Annotated[int | None, typer.Option(metavar="STEPS", help=f"steps after warm-up (default: {STEPS})")] = None,
    param: Annotated[
        list[str] | None, typer.Option("--param", metavar="NAME=VALUE", help="value of a hyperparameter; repeatable")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print a JSON object")] = False,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="draw a figure into this file (.svg, .png or .pdf)")] = None,
    predict: Annotated[bool, typer.Option("--predict", help="predict the loss by the loss law; needs --fit")] = False,
    fit: Annotated[
        list[str] | None,
        typer.Option(metavar="TRIAL", help="id or path of a recorded trial that the loss law is fitted to; repeatable"),
    ] = None,
    results: options.Results = Path("results"),
) -> int:
    """Print or draw a schedule's multipliers, or its predicted loss.

    The multipliers of the peak learning rate are printed for steps 0 to STEPS-1 after warm-up.
    """
    if plot is not None and plot.suffix not in FIGURE_SUFFIXES:
        raise BadInput(f"--plot {plot}: the file name must end in .svg, .png or .pdf")
    if predict and not fit:
        raise BadInput("--predict needs at least one recorded trial to fit the loss law to: add --fit TRIAL")
    if fit and not predict:
        raise BadInput("--fit names a trial for --predict: add --predict")
    if predict and horizon is not None:
        raise BadInput(f"--horizon {horizon}: a prediction has the horizon of its --fit trial; leave --horizon out")
    if horizon is not None and horizon < 1:
        raise BadInput(f"--horizon {horizon}: at least 1 step is needed")
    from harness.registry import find_schedule

    schedule = find_schedule(name)
    hyperparameters = _parse(schedule.name, param or [], schedule.defaults)
    if fit:
        return _predict(schedule, hyperparameters, fit, results, as_json=as_json, plot=plot)
    horizon = horizon or STEPS
    values = schedule.curve(horizon, hyperparameters)
    if as_json:
        print(json.dumps({"name": schedule.name, "horizon": horizon, "multiplier": values}, allow_nan=False))
    elif plot is not None:
        _draw(schedule.name, values, plot)
        print(f"wrote {plot}")
    else:
        for step, value in enumerate(values):
            print(f"{step}\t{value:.6g}")
    return 0


def _predict(
    schedule: Schedule,
    hyperparameters: Mapping[str, Any],
    fit: Sequence[str],
    results: Path,
    *,
    as_json: bool,
    plot: Path | None,
) -> int:
    """Print or draw the predicted loss."""
    from harness.cli import curve_prediction as prediction

    predicted, runs = prediction.predicted_curve(schedule, hyperparameters, fit, results)
    if as_json:
        prediction.print_json(schedule, predicted, runs)
    elif plot is not None:
        prediction.draw(schedule, predicted, runs, plot)
        print(f"wrote {plot}")
    else:
        prediction.print_table(schedule, predicted, runs)
    return 0


def _parse(schedule: str, pairs: Sequence[str], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of NAME=VALUE pairs: JSON values, or strings where the default is a string."""
    values: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals:
            raise BadInput(f"--param {pair}: write it as NAME=VALUE")
        if key not in defaults:
            hint = did_you_mean(key, defaults) or "; it has none"
            raise BadInput(f"schedule '{schedule}' has no hyperparameter '{key}'{hint}")
        if isinstance(defaults[key], str):
            values[key] = text
            continue
        try:
            values[key] = json.loads(text)
        except ValueError:
            raise BadInput(f"--param {pair}: '{text}' is not a value like the default {defaults[key]!r}") from None
    return values


def _draw(name: str, values: Sequence[float], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("agg")
    import seaborn as sns
    from matplotlib.figure import Figure

    with sns.axes_style("whitegrid"):
        figure = Figure(figsize=(6, 3), layout="constrained")
        axes = figure.subplots()
        axes.plot(range(len(values)), values, drawstyle="steps-post")
        axes.set(xlabel="step after warm-up", ylabel="multiplier", title=name, ylim=(-0.03, max(1.03, *values)))
        figure.savefig(path)
