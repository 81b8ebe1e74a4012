"""Lines with a dot at every point over a logarithmic axis: sensitivity to the rate, quality against the budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from harness.report.colours import Mark
from harness.report.figures.drawing import Drawing, dash, owned, style
from harness.report.words import number, one_line


@dataclass(frozen=True)
class Curve:
    """A submission's line in a plain figure: x and y, [n]; where `ringed`, its lowest point is marked."""

    submission: str
    x: Sequence[float]
    y: Sequence[float]
    ringed: bool = False


def curves_drawing(
    curves: Sequence[Curve],
    marks: Mapping[str, Mark],
    *,
    name: str,
    title: str,
    x_label: str,
    y_label: str,
    ticks: Sequence[float],
    write: Callable[[float], str],
) -> Drawing:
    """Return lines over a logarithmic axis whose ticks are at `ticks`, spelt by `write`."""
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
            for place, part in enumerate(parts):
                owned(part, mark, f"{count}{place}")
        axes.set_xscale("log")
        axes.set_xticks(list(ticks), [write(value) for value in ticks])
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        sns.despine(fig=figure)
        words = "; ".join(
            f"{one_line(c.submission, 40)} " + ", ".join(f"{number(y, 4)} at {write(x)}" for x, y in zip(c.x, c.y, strict=True))
            for c in curves
        )
        return Drawing(name, title, words, figure)
