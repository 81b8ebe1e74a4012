"""The quality at shares of the budget: a table, a figure per workload, and both as a section of a race's page."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from harness.report import words
from harness.report.colours import Mark
from harness.report.figures import Curve, CurveAxes, Drawing, curves_drawing, inline_svg
from harness.report.figures.drawing import file_stem
from harness.scoring.quality_board import QualityBoard


@dataclass(frozen=True)
class BudgetView:
    """The budget track's board as a section of a race's page; `figures` are (workload, figure) pairs."""

    verdict: str
    head: tuple[str, ...]
    rows: tuple[tuple[Mark, tuple[str, ...]], ...]
    figures: tuple[tuple[str, Markup], ...]


def budget_table(board: QualityBoard) -> tuple[list[str], list[list[str]]]:
    """Return head and rows of the ranking: speed-ups, where there are any, over all horizons and at each; mean rank; regret.

    Without speed-ups the regret at each share of the budget follows.
    """
    if board.baseline:
        return _speed_table(board)
    head = ["rank", "submission", "mean rank", "regret", *(f"at {words.percent(share)}" for share in board.shares)]
    rows = []
    for row in board.rows:
        at = {quality.share: quality for quality in row.shares}
        regrets = [words.score(at[share].regret) if share in at else words.NO_VALUE for share in board.shares]
        mean_rank = words.NO_VALUE if row.mean_rank is None else f"{row.mean_rank:.2f}"
        rows.append([str(row.rank), row.name, mean_rank, words.score(row.regret), *regrets])
    return head, rows


def _speed_table(board: QualityBoard) -> tuple[list[str], list[list[str]]]:
    at = [f"at {h:g}" for h in board.horizons]
    head = ["rank", "submission", f"vs {words.one_line(board.baseline, 9)}", "95 %", *at, "mean rank", "regret"]
    rows = []
    for row in board.rows:
        own = row.speed_up
        at_each = [own.horizons[h].value if h in own.horizons else None for h in board.horizons]
        parts = [words.ratio_text(value).removeprefix("×") for value in at_each]
        speed = words.bounded_ratio(own.bound, own.value)
        place = words.rank(row.rank, row.rank_low, row.rank_high)
        mean_rank = words.NO_VALUE if row.mean_rank is None else f"{row.mean_rank:.2f}"
        interval = words.ratio_span(own.low, own.high) or words.NO_VALUE
        rows.append([place, row.name, speed, interval, *parts, mean_rank, words.score(row.regret)])
    return head, rows


def budget_view(board: QualityBoard, marks: Mapping[str, Mark], *, figures: bool) -> BudgetView:
    """Return the section of `board` on the page of a race of the same suite."""
    head, rows = budget_table(board)
    drawings = quality_drawings(board, marks) if figures else {}
    return BudgetView(
        verdict=board.verdict,
        head=tuple(head),
        rows=tuple((marks[row[1]], tuple(row)) for row in rows),
        figures=tuple((label, inline_svg(drawing, f"b{i}-")) for i, (label, drawing) in enumerate(drawings.items())),
    )


def quality_drawings(board: QualityBoard, marks: Mapping[str, Mark]) -> dict[str, Drawing]:
    """Return {workload: figure} of the final quality against the share of the budget; no figure without a finite value."""
    drawings = {label: _quality_drawing(label, board, marks) for label in board.workloads} if board.shares else {}
    return {label: drawing for label, drawing in drawings.items() if drawing}


def _quality_drawing(label: str, board: QualityBoard, marks: Mapping[str, Mark]) -> Drawing | None:
    curves = []
    for row in board.rows:
        points = [(q.share, q.final[label]) for q in row.shares if q.studies.get(label) and math.isfinite(q.final[label])]
        if points:
            curves.append(Curve(row.name, [share for share, _ in points], [value for _, value in points]))
    if not curves:
        return None
    return curves_drawing(
        curves,
        marks,
        name=f"{file_stem(label)}_budget",
        title=f"{label}: final {board.metrics[label]} against the share of the budget",
        axes_text=CurveAxes(
            x_label="share of the budget; each share is a run of its own",
            y_label=f"final validation {words.one_line(board.metrics[label], 40)}",
            x_ticks=board.shares,
            write_x=words.percent,
        ),
    )
