"""Names beside the points of a figure, at the right of the axes, as near to their points as they get without overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from harness.report.colours import Mark
from harness.report.figures.drawing import tag_line
from harness.report.figures.svg import NAME_ID
from harness.report.words import one_line

MOST_NAMED = 12
"""Number of submissions up to which every point has its name; of more, only the best `NAMED_OF_MANY` have."""
NAMED_OF_MANY = 8
FIRST_LINE = 100_000
"""Numbers of the lines to the names begin here, above those of the lines of a figure."""


@dataclass(frozen=True)
class Name:
    """A name beside the point at `x`, `y`, both in data coordinates; `beside` stands after it."""

    mark: Mark
    text: str
    x: float
    y: float
    beside: str = ""


def write_names(axes: Axes, names: Sequence[Name], *, at: float, least: float) -> None:
    """Write names to the right of their points, each with a thin line to its point.

    Args:
        axes: with their final limits.
        names: in any order.
        at: where the names begin, as a share of the axes' width; beyond 1 they stand beside the axes.
        least: least distance of two names, as a share of the axes' height.
    """
    points = np.array([(name.x, name.y) for name in names], dtype=float).reshape(-1, 2)
    places = axes.transLimits.transform(axes.transScale.transform(points))
    heights = spread(places[:, 1].tolist(), least)
    for count, (name, height) in enumerate(zip(names, heights, strict=True)):
        colour = name.mark.hex
        line = {
            "arrowstyle": "-",
            "color": colour,
            "linewidth": 0.5,
            "alpha": 0.5,
            "shrinkB": 4,
            "relpos": (0, 0.5),
            "zorder": 1,
        }
        text = axes.annotate(
            f"{one_line(name.text, 26)}{name.beside}",
            (name.x, name.y),
            xytext=(at, height),
            textcoords="axes fraction",
            fontsize=8.5,
            va="center",
            color=colour,
            arrowprops=line,
            annotation_clip=False,
        )
        text.set_gid(NAME_ID.format(name.mark.index, 0))
        if text.arrow_patch is not None:
            tag_line(text.arrow_patch, name.mark, f"{FIRST_LINE + count}")


def spread(heights: Sequence[float], least: float) -> list[float]:
    """Return heights in [0, 1], in the same order from top to bottom, at least `least` apart, as near as possible to these.

    >>> [round(height, 2) for height in spread([0.5, 0.5, 0.9], 0.1)]
    [0.5, 0.4, 0.9]
    """
    order = sorted(range(len(heights)), key=lambda i: -heights[i])
    result = np.zeros(len(heights))
    highest = 1 - least / 2
    for i in order:
        result[i] = min(heights[i], highest)
        highest = result[i] - least
    # Names that would be below the axis move up, and push those above them.
    lowest = least / 2
    for i in reversed(order):
        result[i] = max(result[i], lowest)
        lowest = result[i] + least
    return [float(height) for height in result]
