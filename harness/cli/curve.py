"""`timetrial curve`: the multipliers of a schedule or its predicted loss, as text, JSON or a figure; without torch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from harness.cli import options
from harness.cli.app import app
from harness.cli.paths import check_file
from harness.contracts.errors import BadInput
from harness.contracts.schedules import Schedule

STEPS = 1000
"""The default horizon, in steps."""

MOST_STEPS = 10_000_000
"""The largest horizon, in steps."""

FIGURE_SUFFIXES = (".svg", ".png", ".pdf")


@app.command()
def curve(
    name: Annotated[
        str, typer.Argument(metavar="NAME[:key=value,...]", help="name or path of a schedule, and hyperparameters to set")
    ],
    horizon: Annotated[int | None, typer.Option(metavar="STEPS", help=f"steps after warm-up (default: {STEPS})")] = None,
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
    if plot is not None and as_json:
        raise BadInput("--json prints and --plot draws: leave one out")
    if plot is not None:
        check_file("--plot", plot)
    if predict and not fit:
        raise BadInput("--predict needs at least one recorded trial to fit the loss law to: add --fit TRIAL")
    if fit and not predict:
        raise BadInput("--fit names a trial for --predict: add --predict")
    if predict and horizon is not None:
        raise BadInput(f"--horizon {horizon}: a prediction has the horizon of its --fit trial; leave --horizon out")
    if horizon is not None and horizon < 1:
        raise BadInput(f"--horizon {horizon}: at least 1 step is needed")
    if horizon is not None and horizon > MOST_STEPS:
        raise BadInput(f"--horizon {horizon}: at most {MOST_STEPS:,} steps are drawn")
    schedule = _as_typed(name)
    if fit:
        return _predict(schedule, fit, results, as_json=as_json, plot=plot)
    horizon = horizon or STEPS
    values = schedule.curve(horizon)
    if as_json:
        print(json.dumps({"name": schedule.name, "horizon": horizon, "multiplier": values}, allow_nan=False))
    elif plot is not None:
        _draw(schedule.name, values, plot)
        print(f"wrote {plot}")
    else:
        for step, value in enumerate(values):
            print(f"{step}\t{value:.6g}")
    return 0


def _as_typed(name: str) -> Schedule:
    """Return the schedule with the hyperparameters that were set after its name as its defaults, and with them in its name."""
    from harness.registry import find_schedule, parse_name, with_settings

    schedule = find_schedule(name)
    return replace(schedule, name=with_settings(schedule.name, parse_name(name)[-1].settings))


def _predict(schedule: Schedule, fit: Sequence[str], results: Path, *, as_json: bool, plot: Path | None) -> int:
    """Print or draw the predicted loss."""
    from harness.cli import curve_prediction as prediction

    predicted, runs = prediction.predicted_curve(schedule, fit, results)
    if as_json:
        prediction.print_json(schedule, predicted, runs)
    elif plot is not None:
        prediction.draw(schedule, predicted, runs, plot)
        print(f"wrote {plot}")
    else:
        prediction.print_table(schedule, predicted, runs)
    return 0


def _draw(name: str, values: Sequence[float], path: Path) -> None:
    import matplotlib as mpl

    path.parent.mkdir(parents=True, exist_ok=True)
    mpl.use("agg")
    import seaborn as sns
    from matplotlib.figure import Figure

    with sns.axes_style("whitegrid"):
        figure = Figure(figsize=(6, 3), layout="constrained")
        axes = figure.subplots()
        axes.plot(range(len(values)), values, drawstyle="steps-post")
        axes.set(xlabel="step after warm-up", ylabel="multiplier", title=name, ylim=(-0.03, max(1.03, *values)))
        figure.savefig(path)
