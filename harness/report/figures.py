"""The page's figures, drawn by matplotlib in seaborn's style and returned as inline SVG with its text as text."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import seaborn as sns
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

from harness.report.colours import Mark
from harness.report.races import Line
from harness.report.svg import ALERT, GRID, INK, LINE_ID, inline
from harness.report.words import number, one_line
from harness.scoring.entries import Profile

STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "timetrial",
    "font.size": 10,
    "axes.labelsize": 10,
    "path.simplify": True,
    "path.simplify_threshold": 0.3,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.edgecolor": INK,
    "grid.color": GRID,
    "axes.linewidth": 0.8,
    "grid.linewidth": 0.7,
    "text.parse_math": False,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "axes.unicode_minus": True,
}
CLOCK_LABELS = {"examples": "charged examples", "seconds": "training seconds", "steps": "steps"}


def race_figure(
    lines: Sequence[Line],
    marks: Mapping[str, Mark],
    *,
    workload: str,
    metric: str,
    target: float,
    clock: str,
    lower: bool,
    prefix: str,
) -> Markup:
    """Return one workload's figure: the metric against the clock, and the learning rate under it on the same axis.

    The study of the median time is thick, the others thin; a dot marks the first evaluation that met the target.
    """
    with _style():
        figure = Figure(figsize=(9, 5.4), layout="constrained")
        upper, under = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [3, 1.5]})
        for count, line in enumerate(sorted(lines, key=lambda line: (line.median, marks[line.submission].index, line.study))):
            _draw_line(upper, under, line, marks[line.submission], count)
        upper.axhline(target, color=ALERT, linewidth=1.1, dashes=(2, 2), zorder=1.5)
        _limit_metric(upper, lines, target, lower)
        beside = {"xycoords": ("axes fraction", "data"), "xytext": (4, 0), "textcoords": "offset points"}
        upper.annotate(f"target\n{number(target, 4)}", (1, target), **beside, color=ALERT, va="center", annotation_clip=False)
        upper.set_ylabel(f"validation {one_line(metric, 40)}")
        under.set_ylabel("learning rate")
        _limit_rate(under, lines)
        under.set_xlabel(CLOCK_LABELS[clock])
        under.xaxis.set_major_formatter(EngFormatter(sep="") if clock != "seconds" else mpl.ticker.ScalarFormatter())
        under.set_xlim(left=0)
        sns.despine(fig=figure)
        figure.align_ylabels()
        words = _describe(lines, workload, metric, clock)
        return inline(_svg(figure), prefix, f"{workload}: validation {metric} and learning rate", words)


def profile_figure(profiles: Sequence[Profile], marks: Mapping[str, Mark], *, prefix: str) -> Markup:
    """Return the performance profiles: the share of workloads reached within tau times the best time, with bands."""
    with _style():
        figure = Figure(figsize=(9, 4.2), layout="constrained")
        axes = figure.subplots()
        for count, profile in enumerate(profiles):
            mark = marks[profile.name]
            taus, values = np.asarray(profile.taus, float), np.asarray(profile.values, float)
            if profile.band_low:
                low, high = np.asarray(profile.band_low, float), np.asarray(profile.band_high, float)
                band = axes.fill_between(taus, low, high, step="post", color=mark.hex, alpha=0.07, linewidth=0)
                band.set_gid(LINE_ID.format(mark.index, f"{count}0"))
            drawn = axes.step(taus, values, where="post", color=mark.hex, linewidth=1.8)[0]
            _dash(drawn, mark)
            drawn.set_gid(LINE_ID.format(mark.index, f"{count}1"))
        axes.set_xlim(1, 4)
        axes.set_ylim(-0.02, 1.04)
        axes.set_xlabel("τ: time to target over the best submission's time")
        axes.set_ylabel("share of workloads reached")
        sns.despine(fig=figure)
        words = "; ".join(
            f"{one_line(p.name, 40)} {p.values[0]:.0%} at the best time, {p.values[-1]:.0%} within 4 times" for p in profiles
        )
        return inline(_svg(figure), prefix, "Performance profiles", words)


@dataclass(frozen=True)
class Curve:
    """A submission's line in a plain figure: x and y, [n]; where `ringed`, its lowest point is marked."""

    submission: str
    x: Sequence[float]
    y: Sequence[float]
    ringed: bool = False


def curves_figure(
    curves: Sequence[Curve],
    marks: Mapping[str, Mark],
    *,
    title: str,
    x_label: str,
    y_label: str,
    ticks: Sequence[float],
    write: Callable[[float], str],
    prefix: str,
) -> Markup:
    """Return lines with a dot at every point over a logarithmic axis whose ticks are at `ticks`, spelt by `write`."""
    with _style():
        figure = Figure(figsize=(9, 3.8), layout="constrained")
        axes = figure.subplots()
        for count, curve in enumerate(curves):
            mark = marks[curve.submission]
            parts = axes.plot(curve.x, curve.y, color=mark.hex, linewidth=1.6, zorder=2)
            _dash(parts[0], mark)
            dots: dict[str, Any] = {"linestyle": "", "color": mark.hex, "zorder": 3}
            parts += axes.plot(curve.x, curve.y, marker="o", markersize=4.5, markeredgewidth=0, **dots)
            if curve.ringed:
                low = int(np.nanargmin(np.asarray(curve.y, float)))
                ring: dict[str, Any] = {"marker": "o", "markersize": 11, "markerfacecolor": "none", "markeredgewidth": 1.6}
                parts += axes.plot(curve.x[low], curve.y[low], **ring, **dots)
            for place, part in enumerate(parts):
                part.set_gid(LINE_ID.format(mark.index, f"{count}{place}"))
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
        return inline(_svg(figure), prefix, title, words)


def _draw_line(upper: Axes, under: Axes, line: Line, mark: Mark, count: int) -> None:
    width, alpha, order = (1.9, 1.0, 3.0) if line.median else (0.8, 0.4, 2.0)
    parts = [upper.plot(line.x, line.y, color=mark.hex, linewidth=width, alpha=alpha, zorder=order)[0]]
    if len(line.rate_x) and line.median:
        parts += under.plot(line.rate_x, line.rate_y, color=mark.hex, linewidth=1.6, zorder=order)
    for part in parts:
        _dash(part, mark)
    if line.hit:
        size = 6.5 if line.median else 3.5
        parts += upper.plot(
            *line.hit, marker="o", markersize=size, color=mark.hex, markeredgewidth=0, alpha=max(alpha, 0.7), zorder=order + 1
        )
    for place, part in enumerate(parts):
        part.set_gid(LINE_ID.format(mark.index, f"{count}{place}"))


def _dash(line: Any, mark: Mark) -> None:
    if mark.dashes:
        line.set_dashes(mark.dashes)
    line.set_solid_capstyle("round")


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
    return f"Validation {metric} on {workload} against {CLOCK_LABELS[clock]}, median study of each submission: {studies}."


@contextmanager
def _style() -> Iterator[None]:
    with sns.axes_style("whitegrid"), mpl.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def _svg(figure: Figure) -> str:
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    return text.getvalue()
