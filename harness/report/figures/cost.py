"""The score against its race cost: a submission that is good and cheap stands at the top left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.report import words
from harness.report.colours import Mark
from harness.report.figures.drawing import CLOCK_LABELS, Drawing, clock_axis, style, tag_line
from harness.report.figures.names import MOST_NAMED, NAMED_OF_MANY, Name, write_names
from harness.scoring.board_parts import Row


def cost_drawing(rows: Sequence[Row], marks: Mapping[str, Mark], *, clock: str) -> Drawing:
    """Return the figure of the score, with its interval, against the race cost on `clock`: one point per submission.

    `rows` come best first; those without a score are left out.
    """
    rows = [row for row in rows if row.score is not None]
    named = rows if len(rows) <= MOST_NAMED else rows[:NAMED_OF_MANY]
    costs = [row.race_cost for row in rows]
    spread = max(costs) - min(costs) or max(costs) or 1.0
    with style():
        figure = Figure(figsize=(9, 4.4), layout="constrained")
        axes = figure.subplots()
        for count, row in enumerate(rows):
            _draw_point(axes, row, marks[row.name], count)
        axes.set_ylim(-0.04, 1.06)
        axes.set_xlim(max(0.0, min(costs) - 0.08 * spread), max(costs) + 0.3 * spread)
        left, right = axes.get_xlim()
        names = [Name(marks[row.name], row.name, row.race_cost, row.score or 0.0) for row in named]
        write_names(axes, names, at=(max(costs) + 0.06 * spread - left) / (right - left), least=0.06)
        axes.set_xlabel(
            f"race cost, {CLOCK_LABELS[clock]}: the sum over trials of min(end of the trial, best time of its study)"
        )
        axes.set_ylabel("score")
        clock_axis(axes, clock)
        sns.despine(fig=figure)
        description = "; ".join(
            f"{words.one_line(row.name, 40)} {row.score:.3f} at {words.amount(row.race_cost, clock)}" for row in rows
        )
        return Drawing(f"cost_{clock}", "Score against race cost", description, figure, named=True)


def _draw_point(axes: Axes, row: Row, mark: Mark, count: int) -> None:
    if row.score_low is not None and row.score_high is not None:
        interval = axes.plot([row.race_cost] * 2, [row.score_low, row.score_high], color=mark.hex, linewidth=1.1, alpha=0.6)
        tag_line(interval[0], mark, f"{count}0")
    # The line to a name passes below the points.
    dot: dict[str, Any] = {"linestyle": "", "marker": "o", "markersize": 7, "markeredgewidth": 0, "zorder": 4}
    tag_line(axes.plot(row.race_cost, row.score or 0.0, color=mark.hex, **dot)[0], mark, f"{count}1")
