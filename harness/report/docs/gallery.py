"""The gallery of schedules: one figure with a panel per schedule."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from harness.contracts.schedules import Feedback, Schedule
from harness.contracts.spaces import Choice
from harness.report.figures import STYLE

HORIZON, WARMUP = 400, 20
"""Steps of a drawn run after warm-up, and steps of its warm-up: 5 %, as on the laptop suite."""

COLUMNS = 5
MOST_OPTIONS = 6
"""A hyperparameter with more options than this is drawn at its default only; so is one whose options are whole numbers."""

EVALUATIONS = 20
"""Evaluations of a drawn run."""

COLOURS = {"needs the horizon": "#0b5fa5", "anytime": "#1b7f4b", "uses feedback": "#b4500f"}
OTHER_OPTIONS = "0.72"
"""Grey level of the lines of other options."""


def gallery_figure(schedules: Sequence[Schedule]) -> str:
    """Return the gallery as SVG with text as text; equal schedules give equal bytes.

    The coloured line of a panel is the schedule with its defaults. A grey line is the same with another option of one of its
    hyperparameters.
    """
    rows = max(math.ceil(len(schedules) / COLUMNS), 1)
    style = {**sns.axes_style("whitegrid"), **STYLE, "figure.facecolor": "white", "axes.grid": False}
    with mpl.rc_context(style):
        figure = Figure(figsize=(2.1 * COLUMNS, 1.55 * rows + 0.6), layout="constrained")
        axes = figure.subplots(rows, COLUMNS, squeeze=False, sharex=True).flatten()
        for axis in axes[len(schedules) :]:
            axis.set_axis_off()
        tops = [_draw(axis, plugin) for axis, plugin in zip(axes, schedules, strict=False)]
        for index, axis in enumerate(axes[: len(schedules)]):
            first = index // COLUMNS * COLUMNS
            scales_differ = max(tops[first : first + COLUMNS]) > 1  # then every panel of the row needs labels of its own
            bottom, left = index + COLUMNS >= len(schedules), scales_differ or index == first
            axis.tick_params(labelbottom=bottom, labelleft=left, labelsize=8, length=2)
        figure.supxlabel("share of the horizon, after warm-up", fontsize=9)
        figure.supylabel("multiplier of the peak learning rate", fontsize=9)
        _legend(figure)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return text.getvalue()


def gallery_curve(plugin: Schedule, hyperparameters: Mapping[str, Any] | None = None) -> list[float]:
    """Return the multipliers at steps 0 .. HORIZON - 1.

    A schedule that uses feedback (`listens`) gets that of a simulated run at a peak rate of 1. The run's loss, gradient norms
    and validation metric are 0.3 + 0.7 (1 - 2 p)^2 until half of the horizon (p is step / HORIZON) and constant after that;
    the metric is reported EVALUATIONS times. The agreement of each gradient with the step before it falls from 1/2 to -1/2.
    """
    if not plugin.closed_loop:
        return plugin.curve(HORIZON, hyperparameters, warmup=WARMUP)
    loop = plugin.start(horizon=HORIZON, warmup=WARMUP, hyperparameters=hyperparameters)
    values = []
    for step in range(HORIZON):
        values.append(loop.multiplier(step))
        progress = (step + 1) / HORIZON
        loss = 0.3 + 0.7 * max(1 - 2 * progress, 0.0) ** 2
        feedback = dict.fromkeys(("training_loss", "gradient_norm_l1", "gradient_norm_l2"), loss)
        feedback |= dict.fromkeys(("descent", "descent_cosine"), 0.5 - progress) | {"learning_rate": values[-1]}
        signals = {name: feedback[name] for name in plugin.listens if name != "validation_metric"}
        if signals:
            loop.observe(Feedback(step=step, examples=step + 1, **signals))
        if "validation_metric" in plugin.listens and (step + 1) % (HORIZON // EVALUATIONS) == 0:
            loop.observe(Feedback(step=step, examples=step + 1, validation_metric=loss))
    return values


def kind_of(plugin: Schedule) -> str:
    """Return which key of `COLOURS` a schedule has."""
    return "uses feedback" if plugin.closed_loop else "anytime" if plugin.anytime else "needs the horizon"


def _draw(axis: Any, plugin: Schedule) -> float:
    """Draw a panel; return the largest value on its scale."""
    progress = [step / HORIZON for step in range(HORIZON)]
    for hyperparameters in _other_options(plugin):
        axis.plot(progress, gallery_curve(plugin, hyperparameters), color=OTHER_OPTIONS, linewidth=0.8)
    values = gallery_curve(plugin)
    axis.plot(progress, values, color=COLOURS[kind_of(plugin)], linewidth=1.7)
    axis.set_title(plugin.name, fontsize=9, loc="left", pad=3)
    axis.set_xlim(0, 1)
    axis.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    top = max(1.0, *values)
    axis.set_ylim(-0.04 * top, 1.06 * top)
    axis.set_yticks(*(([0, 0.5, 1], ["0", "0.5", "1"]) if top == 1 else ([0, 1, int(top)], ["0", "1", str(int(top))])))
    return top


def _other_options(plugin: Schedule) -> Iterator[dict[str, Any]]:
    for name, item in plugin.space.items():
        is_count = isinstance(plugin.defaults[name], int)
        if isinstance(item, Choice) and len(item.options) <= MOST_OPTIONS and not is_count:
            yield from ({name: option} for option in item.options if option != plugin.defaults[name])


def _legend(figure: Figure) -> None:
    handles = [Line2D([], [], color=colour, linewidth=1.7, label=name) for name, colour in COLOURS.items()]
    handles.append(Line2D([], [], color=OTHER_OPTIONS, linewidth=0.8, label="another option of one hyperparameter"))
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), frameon=False, fontsize=9)
