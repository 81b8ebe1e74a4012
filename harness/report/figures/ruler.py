"""Quality against compute with the ruler: what the reference recipe reaches, and every submission beside it.

A point stands above the compute that a submission spent. The thin line from it runs, at the same quality, to the ruler: there
stands the compute that the reference recipe needs to get as far.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator

from harness.report.colours import Mark
from harness.report.figures.drawing import Drawing, style, tag_line
from harness.report.figures.names import MOST_NAMED, NAMED_OF_MANY, Name, write_names
from harness.report.figures.svg import INK
from harness.report.words import FRACTIONS, one_line

TICKS = (1 / 32, 1 / 16, 0.125, 0.25, 0.375, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
"""Budgets at which the axis of the compute has labels."""
FINE_TICKS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.2, 1.5, 2.0, 3.0)
"""Those of the axis of the quality, where it is in budgets too."""
USUAL, FAR = 0.8, 4.0
"""Share of the points that set the scale of the quality, and how many times their spread below the best it may go."""
MARGIN = 1.18
"""Factor by which the axis of the compute is longer than what is drawn, at either end."""


@dataclass(frozen=True)
class Standing:
    """One submission at one horizon.

    Attributes:
        submission: its name.
        spent: budgets that it spent.
        needed: budgets that the reference recipe needs to get as far.
        quality: what both reach.
        beside: what stands beside its name, such as "1.10"; "" for a point without a name.
    """

    submission: str
    spent: float
    needed: float
    quality: float
    beside: str = ""


@dataclass(frozen=True)
class RulerAxes:
    """The text of the figure's axes.

    Attributes:
        line: what the ruler is.
        who: who needs the budgets beside the names, in short.
        y_label: the quality.
        spent: what a submission spends, such as "compute".
        lower_is_better: whether a smaller quality is better; better is always up.
        in_budgets: whether the quality is in budgets too: then its axis is logarithmic.
    """

    line: str
    who: str
    y_label: str
    spent: str = "compute"
    lower_is_better: bool = False
    in_budgets: bool = False


def ruler_drawing(
    ruler: Sequence[tuple[float, float]],
    standings: Sequence[Standing],
    marks: Mapping[str, Mark],
    *,
    name: str,
    title: str,
    axes_text: RulerAxes,
) -> Drawing:
    """Return the figure of `standings` beside the ruler.

    Args:
        ruler: (budgets, quality), ascending in budgets.
        standings: at least one.
        marks: mark of each submission.
        name, title: of the `Drawing`.
        axes_text: of the axes.
    """
    with style():
        figure = Figure(figsize=(9, 4.4), layout="constrained")
        axes = figure.subplots()
        axes.set_xscale("log")
        if axes_text.in_budgets:
            axes.set_yscale("log")
        left_out = _limit(axes, ruler, standings, axes_text)
        line = axes.plot([h for h, _ in ruler], [q for _, q in ruler], color=INK, linewidth=1.6, marker="o", zorder=2)[0]
        line.set_markersize(0 if axes_text.in_budgets else 3)
        for count, standing in enumerate(standings):
            if standing in left_out:
                continue
            mark = marks[standing.submission]
            ends = [standing.spent, standing.needed], [standing.quality] * 2
            part = axes.plot(
                *ends, color=mark.hex, linewidth=1.0, marker="o", markersize=5.5, markevery=[0], zorder=3, clip_on=False
            )[0]
            part.set_markeredgewidth(0)
            tag_line(part, mark, str(count))
        named = [s for s in standings if s.beside and s not in left_out]
        named = named if len(named) <= MOST_NAMED else named[:NAMED_OF_MANY]
        names = [Name(marks[s.submission], s.submission, s.spent, s.quality, f"  {s.beside}") for s in named]
        write_names(axes, names, at=1.01, least=0.058)
        _label(axes, axes_text, len(left_out))
        sns.despine(fig=figure)
        return Drawing(name, title, _description(standings, axes_text), figure, named=True)


def _limit(
    axes: Axes, ruler: Sequence[tuple[float, float]], standings: Sequence[Standing], axes_text: RulerAxes
) -> list[Standing]:
    """Show what the points and their lines need, and as much of the ruler; return the few that lie too far below the others."""
    budgets = [end for s in standings for end in (s.spent, s.needed)]
    left, right = min(budgets) / MARGIN, max(budgets) * MARGIN
    axes.set_xlim(left, right)
    seen = [q for h, q in ruler if left <= h <= right] + [s.quality for s in standings]
    low, high = min(seen), max(seen)
    left_out: list[Standing] = []
    if not axes_text.in_budgets:
        worst = _worst_shown(seen, axes_text.lower_is_better)
        left_out = [s for s in standings if (s.quality > worst if axes_text.lower_is_better else s.quality < worst)]
        low, high = (low, min(high, worst)) if axes_text.lower_is_better else (max(low, worst), high)
    if axes_text.in_budgets:
        low, high = low / 1.06, high * 1.06
    else:
        pad = 0.05 * (high - low) or 0.1 * abs(high) or 1.0
        low, high = low - pad, high + pad
    axes.set_ylim((high, low) if axes_text.lower_is_better else (low, high))
    return left_out


def _worst_shown(qualities: Sequence[float], lower_is_better: bool) -> float:
    """Return the worst quality that the axis shows: a single submission far below would flatten all others.

    >>> round(_worst_shown([0.1, 0.12, 0.14, 0.16, 0.18, 0.2, 5.0], True), 3), _worst_shown([0.3] * 9 + [0.2], False)
    (0.484, 0.2)
    """
    best, worst = (min(qualities), max(qualities)) if lower_is_better else (max(qualities), min(qualities))
    usual = float(np.quantile(qualities, USUAL if lower_is_better else 1 - USUAL))
    return best + FAR * (usual - best) if usual != best else worst


def _label(axes: Axes, axes_text: RulerAxes, left_out: int) -> None:
    axes.xaxis.set_major_locator(FixedLocator(TICKS))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: _budgets(value))
    axes.set_xlabel(f"{axes_text.spent} spent, in budgets")
    if axes_text.in_budgets:
        axes.yaxis.set_major_locator(FixedLocator(FINE_TICKS))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylabel(one_line(axes_text.y_label, 60))
    at_top: dict[str, Any] = {"transform": axes.transAxes, "va": "top", "fontsize": 9}
    axes.text(0.015, 0.97, f"thick line: {one_line(axes_text.line, 60)}", **at_top)
    if left_out:
        words = "1 point lies" if left_out == 1 else f"{left_out} points lie"
        axes.text(0.985, 0.03, f"{words} further below", transform=axes.transAxes, ha="right", fontsize=8.5)
    axes.text(
        1.01, 1.0, f"budgets that\n{one_line(axes_text.who, 20)} needs", transform=axes.transAxes, va="bottom", fontsize=9
    )


def _budgets(value: float) -> str:
    """Return a tick of the compute.

    >>> _budgets(0.5), _budgets(1 / 32), _budgets(3.0)
    ('½', '1/32', '3')
    """
    if value in FRACTIONS:
        return FRACTIONS[value]
    return f"{value:g}" if value >= 1 else f"1/{round(1 / value)}"


def _description(standings: Sequence[Standing], axes_text: RulerAxes) -> str:
    """Return what the figure shows in words, for screen readers."""
    needs: dict[str, list[str]] = {}
    for s in sorted(standings, key=lambda s: s.spent):
        needs.setdefault(one_line(s.submission, 40), []).append(f"{s.needed:.3g} for {s.spent:.3g}")
    parts = "; ".join(f"{name} {', '.join(own)}" for name, own in needs.items())
    return f"Budgets that {axes_text.who} needs to get as far: {parts}"
