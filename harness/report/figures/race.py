"""One workload's race: the validation metric against the clock, and the learning rate under it on the same axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from harness.report.colours import Mark
from harness.report.figures.drawing import CLOCK_LABELS, Drawing, clock_axis, dash, owned, stem, style
from harness.report.figures.race_lines import Line
from harness.report.figures.svg import ALERT
from harness.report.words import number, one_line


def race_drawing(
    lines: Sequence[Line],
    marks: Mapping[str, Mark],
    *,
    workload: str,
    metric: str,
    target: float,
    clock: str,
    lower: bool,
) -> Drawing:
    """Return one workload's figure: the metric against the clock, and the learning rate under it on the same axis.

    The study of the median time is thick, the others thin; a dot marks the first evaluation that met the target.
    """
    with style():
        figure = Figure(figsize=(9, 5.4), layout="constrained")
        upper, under = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [3, 1.5]})
        for count, line in enumerate(sorted(lines, key=lambda line: (line.median, marks[line.submission].index, line.study))):
            _draw_line(upper, under, line, marks[line.submission], count)
        upper.axhline(target, color=ALERT, linewidth=1.1, dashes=(2, 2), zorder=1.5)
        _limit_metric(upper, lines, target, lower)
        beside = {"xycoords": ("axes fraction", "data"), "xytext": (4, 0), "textcoords": "offset points"}
        upper.annotate(f"target\n{number(target, 4)}", (1, target), **beside, color=ALERT, va="center", annotation_clip=False)
        upper.set_ylabel(one_line(metric, 40))
        under.set_ylabel("learning rate")
        _limit_rate(under, lines)
        under.set_xlabel(CLOCK_LABELS[clock])
        clock_axis(under, clock)
        under.set_xlim(left=0)
        sns.despine(fig=figure)
        figure.align_ylabels()
        words = _describe(lines, workload, metric, clock)
        return Drawing(f"{stem(workload)}_race", f"{workload}: {metric} and learning rate", words, figure)


def _draw_line(upper: Axes, under: Axes, line: Line, mark: Mark, count: int) -> None:
    width, alpha, order = (1.9, 1.0, 3.0) if line.median else (0.8, 0.7, 2.0)
    parts = [upper.plot(line.x, line.y, color=mark.hex, linewidth=width, alpha=alpha, zorder=order)[0]]
    if len(line.rate_x) and line.median:
        parts += under.plot(line.rate_x, line.rate_y, color=mark.hex, linewidth=1.6, zorder=order)
    for part in parts:
        dash(part, mark)
    if line.hit:
        size = 6.5 if line.median else 3.5
        dot: dict[str, Any] = {"linestyle": "", "marker": "o", "markersize": size, "markeredgewidth": 0, "clip_on": False}
        parts += upper.plot(*line.hit, color=mark.hex, alpha=max(alpha, 0.7), zorder=order + 1, **dot)
    for place, part in enumerate(parts):
        owned(part, mark, f"{count}{place}")


def _limit_metric(axes: Axes, lines: Sequence[Line], target: float, lower: bool) -> None:
    """Show the race near the target: the worst 15 % of values (first evaluations, divergence) may leave the figure."""
    values = np.concatenate([line.y for line in lines]) if lines else np.array([target])
    low, high = (values.min(), np.quantile(values, 0.85)) if lower else (np.quantile(values, 0.15), values.max())
    low, high = min(low, target), max(high, target)
    if low > 0 and high / low > 5:
        _log(axes)
        axes.set_ylim(low / 1.08, high * 1.08)
    else:
        pad = 0.05 * (high - low) or abs(target) * 0.1 or 1.0
        axes.set_ylim(low - pad, high + pad)


def _limit_rate(axes: Axes, lines: Sequence[Line]) -> None:
    peaks = [line.rate_y.max() for line in lines if line.median and len(line.rate_y)]
    if not peaks:
        axes.text(0.5, 0.5, "no learning rate recorded", transform=axes.transAxes, ha="center", va="center")
    elif min(peaks) > 0 and max(peaks) / min(peaks) > 30:
        _log(axes)
        axes.set_ylim(min(peaks) / 100, max(peaks) * 1.5)
    else:
        axes.set_ylim(0, max(peaks) * 1.08 or 1.0)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.3g}")


def _log(axes: Axes) -> None:
    """Make the y axis logarithmic, its labels plain numbers: matplotlib's own are mathematics markup, which is off."""
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5), numticks=8))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.3g}")
    axes.yaxis.set_minor_formatter(NullFormatter())


def _describe(lines: Sequence[Line], workload: str, metric: str, clock: str) -> str:
    """Say in words what the figure shows, for those who do not see it."""
    told = []
    for line in lines:
        if line.median:
            what = f"met the target at {line.hit[0]:.4g}" if line.hit else "missed the target"
            told.append(f"{one_line(line.submission, 40)} {what}")
    studies = "; ".join(told)
    return f"{metric} on {workload} against {CLOCK_LABELS[clock]}, median study of each submission: {studies}."
