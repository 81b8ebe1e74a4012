"""One workload's race: the metric against the clock, and below it the learning rate over the same axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from harness.report.colours import Mark
from harness.report.figures.drawing import CLOCK_LABELS, Drawing, clock_axis, dash, file_stem, style, tag_line
from harness.report.figures.race_lines import RaceLine
from harness.report.figures.svg import ALERT
from harness.report.words import number, one_line

FEW_DECADES = 200.0
"""Ratio of an axis's ends up to which there is room for labels between the powers of ten."""


def race_drawing(
    lines: Sequence[RaceLine],
    marks: Mapping[str, Mark],
    *,
    workload: str,
    metric: str,
    target: float,
    clock: str,
    lower_is_better: bool,
) -> Drawing:
    """Return one workload's figure: the metric against the clock, and below it the learning rate over the same axis.

    The line of a submission's median study is thick, those of its other studies are thin; a dot marks the first evaluation
    that met the target.

    Args:
        lines: from `race_lines`.
        marks: mark of each submission.
        workload: its label.
        metric: name of its metric.
        target: value of the metric that meets the target.
        clock: "examples", "seconds" or "steps".
        lower_is_better: whether a smaller metric is better.
    """
    with style():
        figure = Figure(figsize=(9, 5.4), layout="constrained")
        metric_axes, rate_axes = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [3, 1.5]})
        for count, line in enumerate(sorted(lines, key=lambda line: (line.median, marks[line.submission].index, line.study))):
            _draw_line((metric_axes, rate_axes), line, marks[line.submission], count)
        metric_axes.axhline(target, color=ALERT, linewidth=1.1, dashes=(2, 2), zorder=1.5)
        _limit_metric(metric_axes, lines, target, lower_is_better)
        beside = {"xycoords": ("axes fraction", "data"), "xytext": (4, 0), "textcoords": "offset points"}
        metric_axes.annotate(
            f"target\n{number(target, 4)}", (1, target), **beside, color=ALERT, va="center", annotation_clip=False
        )
        metric_axes.set_ylabel(one_line(metric, 40))
        rate_axes.set_ylabel("learning rate")
        _limit_rate(rate_axes, lines)
        rate_axes.set_xlabel(CLOCK_LABELS[clock])
        clock_axis(rate_axes, clock)
        rate_axes.set_xlim(left=0)
        sns.despine(fig=figure)
        figure.align_ylabels()
        description = _description(lines, workload, metric, clock)
        return Drawing(f"{file_stem(workload)}_race", f"{workload}: {metric} and learning rate", description, figure)


def _draw_line(axes: tuple[Axes, Axes], line: RaceLine, mark: Mark, count: int) -> None:
    metric_axes, rate_axes = axes
    width, alpha, order = (1.9, 1.0, 3.0) if line.median else (0.8, 0.7, 2.0)
    parts = [metric_axes.plot(line.x, line.y, color=mark.hex, linewidth=width, alpha=alpha, zorder=order)[0]]
    if len(line.rate_x) and line.median:
        parts += rate_axes.plot(line.rate_x, line.rate_y, color=mark.hex, linewidth=1.6, zorder=order)
    for part in parts:
        dash(part, mark)
    if line.hit:
        size = 6.5 if line.median else 3.5
        dot: dict[str, Any] = {"linestyle": "", "marker": "o", "markersize": size, "markeredgewidth": 0, "clip_on": False}
        parts += metric_axes.plot(*line.hit, color=mark.hex, alpha=max(alpha, 0.7), zorder=order + 1, **dot)
    for index, part in enumerate(parts):
        tag_line(part, mark, f"{count}{index}")


def _limit_metric(axes: Axes, lines: Sequence[RaceLine], target: float, lower_is_better: bool) -> None:
    """Scale the axis to the values near the target: the worst 15 % (first evaluations, divergence) may lie outside it."""
    values = np.concatenate([line.y for line in lines]) if lines else np.array([target])
    low, high = (values.min(), np.quantile(values, 0.85)) if lower_is_better else (np.quantile(values, 0.15), values.max())
    low, high = min(low, target), max(high, target)
    if low > 0 and high / low > 5:
        _log(axes, low / 1.08, high * 1.08)
    else:
        pad = 0.05 * (high - low) or abs(target) * 0.1 or 1.0
        axes.set_ylim(low - pad, high + pad)


def _limit_rate(axes: Axes, lines: Sequence[RaceLine]) -> None:
    peaks = [line.rate_y.max() for line in lines if line.median and len(line.rate_y)]
    if not peaks:
        axes.text(0.5, 0.5, "no learning rate recorded", transform=axes.transAxes, ha="center", va="center")
    elif min(peaks) > 0 and max(peaks) / min(peaks) > 30:
        _log(axes, min(peaks) / 100, max(peaks) * 1.5)
    else:
        axes.set_ylim(0, max(peaks) * 1.08 or 1.0)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.3g}")


def _log(axes: Axes, low: float, high: float) -> None:
    """Make the y axis logarithmic with plain numbers as labels: matplotlib's own need mathematics markup, which is off."""
    subs = (1, 2, 3, 5) if high / low < FEW_DECADES else (1,)
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    axes.yaxis.set_major_locator(LogLocator(subs=subs, numticks=8))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.3g}")
    axes.yaxis.set_minor_formatter(NullFormatter())


def _description(lines: Sequence[RaceLine], workload: str, metric: str, clock: str) -> str:
    """Return what the figure shows in words, for screen readers."""
    outcomes = []
    for line in lines:
        if line.median:
            outcome = f"met the target at {line.hit[0]:.4g}" if line.hit else "did not reach the target"
            outcomes.append(f"{one_line(line.submission, 40)} {outcome}")
    return f"{metric} on {workload} against {CLOCK_LABELS[clock]}, median study of each submission: {'; '.join(outcomes)}."
