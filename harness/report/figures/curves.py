"""Lines with a dot at each point over a logarithmic axis: sensitivity to the peak rate, quality against the budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from harness.report.colours import Mark
from harness.report.figures.drawing import Drawing, dash, style, tag_line
from harness.report.words import number, one_line


@dataclass(frozen=True)
class Curve:
    """One submission's line: `x` and `y`, both [n]; if `ringed`, a ring marks its lowest point."""

    submission: str
    x: Sequence[float]
    y: Sequence[float]
    ringed: bool = False


@dataclass(frozen=True)
class CurveAxes:
    """The text of a figure's axes; `write_x` writes a value of x, at the `x_ticks` and in the description."""

    x_label: str
    y_label: str
    x_ticks: Sequence[float]
    write_x: Callable[[float], str]


def curves_drawing(
    curves: Sequence[Curve],
    marks: Mapping[str, Mark],
    *,
    name: str,
    title: str,
    axes_text: CurveAxes,
) -> Drawing:
    """Return a figure of `curves`.

    Args:
        curves: one per submission.
        marks: mark of each submission.
        name, title: of the `Drawing`.
        axes_text: labels of both axes, and the ticks of the logarithmic one.
    """
    with style():
        figure = Figure(figsize=(9, 3.8), layout="constrained")
        axes = figure.subplots()
        for count, curve in enumerate(curves):
            mark = marks[curve.submission]
            parts = axes.plot(curve.x, curve.y, color=mark.hex, linewidth=1.6, zorder=2)
            dash(parts[0], mark)
            dots: dict[str, Any] = {"linestyle": "", "color": mark.hex, "zorder": 3}
            parts += axes.plot(curve.x, curve.y, marker="o", markersize=4.5, markeredgewidth=0, **dots)
            if curve.ringed:
                low = int(np.nanargmin(np.asarray(curve.y, float)))
                ring: dict[str, Any] = {"marker": "o", "markersize": 11, "markerfacecolor": "none", "markeredgewidth": 1.6}
                parts += axes.plot(curve.x[low], curve.y[low], **ring, **dots)
            for index, part in enumerate(parts):
                tag_line(part, mark, f"{count}{index}")
        axes.set_xscale("log")
        axes.set_xticks(list(axes_text.x_ticks), [axes_text.write_x(value) for value in axes_text.x_ticks])
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel(axes_text.x_label)
        axes.set_ylabel(axes_text.y_label)
        sns.despine(fig=figure)
        return Drawing(name, title, "; ".join(_description(curve, axes_text.write_x) for curve in curves), figure)


def _description(curve: Curve, write_x: Callable[[float], str]) -> str:
    points = (f"{number(y, 4)} at {write_x(x)}" for x, y in zip(curve.x, curve.y, strict=True))
    return f"{one_line(curve.submission, 40)} " + ", ".join(points)
