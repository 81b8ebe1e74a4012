"""The figure of one ruler: the final metric of the reference recipe against the horizon, seed by seed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline
from matplotlib.ticker import NullFormatter, NullLocator

from harness.report.colours import COLOURS
from harness.report.docs.svg_file import PAPER, file_style, svg_file
from harness.report.figures.svg import INK
from harness.scoring.ruler import Ruler

BEYOND = 0.3
"""The panel ends this share of the medians' range beyond them; a seed outside is drawn on its edge."""

WORDS = (
    "In the figures a dot is a seed; a filled circle is the median at a kept point, an open one a median that is no better "
    "than one at a shorter horizon. Equivalent budgets are read off the line; the dashed line is the target. A seed beyond the "
    "panel is drawn on its edge."
)


def ruler_figure(entry: Mapping[str, Any]) -> str:
    """Return the figure of a ruler as SVG with text as text.

    Args:
        entry: the ruler as `rulers.json` states it; its target is drawn if it has one.
    """
    ruler = Ruler.from_json(entry)
    with file_style():
        figure = Figure(figsize=(5.6, 2.7), layout="constrained")
        axis = figure.subplots()
        axis.set_xscale("log", base=2)
        low, high = _limits(ruler)
        _draw_seeds(axis, ruler, low, high)
        _draw_medians(axis, ruler)
        if entry.get("target") is not None:
            _draw_target(axis, ruler, float(entry["target"]))
        axis.set_ylim(low, high)
        _horizon_axis(axis, ruler)
        axis.set_ylabel(str(entry["metric"]).replace("_", " "))
        return svg_file(figure)


def _limits(ruler: Ruler) -> tuple[float, float]:
    """Lowest and highest metric of the panel."""
    medians = [value for values in ruler.losses if math.isfinite(value := float(np.median(values)))]
    seeds = np.concatenate(ruler.losses)
    seeds = seeds[np.isfinite(seeds)]
    room = BEYOND * (max(medians) - min(medians)) or 1.0
    best, worst = max(seeds.min(), min(medians) - room), min(seeds.max(), max(medians) + room)
    margin = 0.05 * (worst - best) or 1.0
    ends = sorted((_metric(ruler, best - margin), _metric(ruler, worst + margin)))
    return ends[0], ends[1]


def _metric(ruler: Ruler, loss: float) -> float:
    return loss if ruler.lower_is_better else -loss


def _draw_seeds(axis: Axes, ruler: Ruler, low: float, high: float) -> None:
    """Draw all seeds as one path of points: a mark for each would take five times the bytes."""
    points = [
        (h, min(max(value, low), high))
        for h, (_, values) in zip(ruler.horizons.tolist(), ruler.finals, strict=True)
        for value in values
        if math.isfinite(value)
    ]
    outline = Outline([point for point in points for _ in range(2)], [Outline.MOVETO, Outline.LINETO] * len(points))
    outline.should_simplify = False  # a stroke without length is a dot, and would be dropped
    axis.add_patch(
        PathPatch(outline, facecolor="none", edgecolor=INK, linewidth=3, alpha=0.3, capstyle="round", clip_on=False, zorder=2.5)
    )


def _draw_medians(axis: Axes, ruler: Ruler) -> None:
    kept = dict(ruler.points)
    others = [
        (h, float(np.median(values)))
        for h, values in zip(ruler.horizons.tolist(), ruler.losses, strict=True)
        if h not in kept and math.isfinite(np.median(values))
    ]
    horizons, losses = list(kept), [_metric(ruler, loss) for loss in kept.values()]
    axis.plot(horizons, losses, color=COLOURS[0], linewidth=1.5, marker="o", markersize=4.5, zorder=2.2)
    axis.plot(
        [h for h, _ in others],
        [_metric(ruler, loss) for _, loss in others],
        linestyle="none",
        marker="o",
        markersize=4.5,
        markerfacecolor=PAPER,
        markeredgecolor=COLOURS[0],
        zorder=2.2,
    )


def _draw_target(axis: Axes, ruler: Ruler, target: float) -> None:
    axis.axhline(target, linestyle="--", color=COLOURS[1], linewidth=1.2, zorder=2)
    # The best values are at the right, so on the left the side towards the worse ones is free next to the line.
    side = "bottom" if ruler.lower_is_better else "top"
    axis.text(ruler.horizons[0], target, "target", color=COLOURS[1], fontsize=9, va=side)


def _horizon_axis(axis: Axes, ruler: Ruler) -> None:
    """Label the powers of two, and the longest horizon."""
    first, last = (math.log2(h) for h in (ruler.horizons[0], ruler.horizons[-1]))
    ticks = [2.0**k for k in range(round(first), math.floor(last + 0.1) + 1)]
    if ruler.horizons[-1] > 1.2 * ticks[-1]:
        ticks.append(round(ruler.horizons[-1], 2))
    axis.set_xticks(ticks, [str(Fraction(tick)) if tick < 1 else f"{tick:g}" for tick in ticks])
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_xlim(ruler.horizons[0] / 1.15, ruler.horizons[-1] * 1.15)
    axis.set_xlabel("horizon in budgets (logarithmic)")
