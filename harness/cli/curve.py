"""`timetrial curve`: the multiplier of a schedule, or its predicted loss, printed, as JSON, or drawn; without torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from harness.cli.app import app
from harness.contracts.errors import BadInput, did_you_mean
from harness.contracts.schedules import Schedule

STEPS = 1000
"""Steps that are drawn where nobody says how many."""


@app.command()
def curve(
    name: Annotated[str, typer.Argument(help="a schedule, by name or path")],
    horizon: Annotated[int | None, typer.Option(help=f"steps after warm-up; {STEPS} by default", show_default=False)] = None,
    param: Annotated[list[str] | None, typer.Option("--param", help="a hyperparameter, K=V; repeatable")] = None,
    as_json: Annotated[bool, typer.Option("--json", help='{"name", "horizon", "multiplier": [...]}')] = False,
    plot: Annotated[Path | None, typer.Option(help="write a figure (.svg, .png or .pdf)")] = None,
    predict: Annotated[
        bool, typer.Option("--predict", help="the loss it would have had, by the loss law; needs --fit")
    ] = False,
    fit: Annotated[list[str] | None, typer.Option(help="a recorded trial, its id or path; repeatable")] = None,
    results: Annotated[Path, typer.Option(help="results directory, where --fit names an id")] = Path("results"),
) -> int:
    """Print the multiplier of the peak learning rate at steps 0 .. horizon-1, or the loss that is predicted for it."""
    if plot is not None and plot.suffix not in (".svg", ".png", ".pdf"):
        raise BadInput(f"--plot {plot}: the name must end in .svg, .png or .pdf")
    if predict != bool(fit):
        raise BadInput(
            "--predict needs --fit RUN, the trial to fit" if predict else "--fit says what --predict is fitted to: add it"
        )
    if predict and horizon is not None:
        raise BadInput(f"--horizon {horizon}: a prediction has the horizon of its --fit RUN; leave it out")
    if horizon is not None and horizon < 1:
        raise BadInput(f"--horizon {horizon}: at least 1 step is needed")
    from harness.registry import find_schedule

    schedule = find_schedule(name)
    settings = _parse(schedule.name, param or [], dict(schedule.defaults))
    if fit:
        return _predict(schedule, settings, fit, results, as_json, plot)
    horizon = horizon or STEPS
    values = schedule.curve(horizon, settings)
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
    schedule: Schedule, settings: dict[str, Any], fit: list[str], results: Path, as_json: bool, plot: Path | None
) -> int:
    """Print, or draw, the loss that is predicted."""
    from harness.cli import predicted

    prediction, runs = predicted.predicted_curve(schedule, settings, fit, results)
    if as_json:
        predicted.show_json(schedule, prediction, runs)
    elif plot is not None:
        predicted.draw(schedule, prediction, runs, plot)
        print(f"wrote {plot}")
    else:
        predicted.show_table(schedule, prediction, runs)
    return 0


def _parse(schedule: str, given: list[str], defaults: dict[str, Any]) -> dict[str, Any]:
    """Return K=V pairs as values of the same type as the defaults."""
    values: dict[str, Any] = {}
    for pair in given:
        key, equals, text = pair.partition("=")
        if not equals:
            raise BadInput(f"--param {pair}: write it as NAME=VALUE")
        if key not in defaults:
            raise BadInput(
                f"schedule '{schedule}' has no hyperparameter '{key}'{did_you_mean(key, defaults) or ' (it has none)'}"
            )
        if isinstance(defaults[key], str):
            values[key] = text
            continue
        try:
            values[key] = json.loads(text)
        except ValueError:
            raise BadInput(f"--param {pair}: '{text}' is not a value like {defaults[key]!r}") from None
    return values


def _draw(name: str, values: list[float], path: Path) -> None:
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
