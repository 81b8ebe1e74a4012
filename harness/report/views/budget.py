"""Quality at shares of the budget as shown: the figure of a workload, and the section beside a race."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from harness.report import words
from harness.report.colours import Mark
from harness.report.figures import Curve, Drawing, curves_drawing, inlined
from harness.report.figures.drawing import stem
from harness.scoring.quality_board import QualityBoard


@dataclass(frozen=True)
class BudgetView:
    """The budget track's board in short: its ranking in words, and (workload, figure) pairs."""

    verdict: str
    head: tuple[str, ...]
    rows: tuple[tuple[Mark, tuple[str, ...]], ...]
    figures: tuple[tuple[str, Markup], ...]


def budget_table(board: QualityBoard) -> tuple[list[str], list[list[str]]]:
    """Return head and rows of the ranking: mean rank and regret, in all and at every share of the budget."""
    head = ["rank", "submission", "mean rank", "regret", *(f"at {words.percent(share)}" for share in board.shares)]
    rows = []
    for row in board.rows:
        at = {q.share: q for q in row.shares}
        regrets = [words.score(at[share].regret) if share in at else words.NONE for share in board.shares]
        mean_rank = words.NONE if row.mean_rank is None else f"{row.mean_rank:.2f}"
        rows.append([str(row.rank), row.name, mean_rank, words.score(row.regret), *regrets])
    return head, rows


def budget_view(board: QualityBoard, marks: Mapping[str, Mark], *, figures: bool) -> BudgetView:
    """Return `board` in short, for the page of a race of the same suite."""
    head, rows = budget_table(board)
    drawn = [(label, quality_drawing(label, board, marks)) for label in board.workloads] if figures else []
    return BudgetView(
        verdict=board.verdict,
        head=tuple(head),
        rows=tuple((marks[row[1]], tuple(row)) for row in rows),
        figures=tuple((label, inlined(drawing, f"b{i}-")) for i, (label, drawing) in enumerate(drawn) if drawing),
    )


def quality_drawing(label: str, board: QualityBoard, drawn: Mapping[str, Mark]) -> Drawing | None:
    """Return the final quality on the workload `label` against the share of the budget; None where nothing is finite."""
    curves = []
    for row in board.rows:
        known = [(q.share, q.final[label]) for q in row.shares if q.studies.get(label) and math.isfinite(q.final[label])]
        if known:
            curves.append(Curve(row.name, [share for share, _ in known], [value for _, value in known]))
    if not curves:
        return None
    return curves_drawing(
        curves,
        drawn,
        name=f"{stem(label)}_budget",
        title=f"{label}: final {board.metrics[label]} against the share of the budget",
        x_label="share of the budget, each a run of its own",
        y_label=f"final validation {words.one_line(board.metrics[label], 40)}",
        ticks=board.shares,
        write=words.percent,
    )
