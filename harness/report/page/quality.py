"""The page of a board without a race: the budget track's, or that of ``--sensitivity`` alone."""

from __future__ import annotations

from harness.report import words
from harness.report.figures import inline_svg
from harness.report.page.render import render
from harness.report.views.budget_panels import missing_shares, quality_panels, quality_rows
from harness.report.views.cards import submission_cards
from harness.report.views.content import QualityContent
from harness.report.views.forest import forest
from harness.report.views.integrity import integrity
from harness.report.views.lead import conditions, raced, tuned, unfinished_lines
from harness.report.views.rates import rate_drawings, rate_views
from harness.report.views.saved import scale_of
from harness.report.views.standings import pooled_drawing, pooled_example


def quality_page(content: QualityContent) -> str:
    """Return the page of a board without a race as HTML."""
    board, marks = content.board, content.marks
    drawings = rate_drawings(board.sensitivity, marks) if content.figures else {}
    by_row = [(row.name, row.speed_up) for row in board.rows]
    scale = scale_of([own for _, own in by_row]) if board.baseline else None
    pooled = pooled_drawing(by_row, marks, baseline=board.baseline, clock=board.clock) if scale and content.figures else None
    return render(
        "quality.html.j2",
        content,
        rows=quality_rows(content, scale),
        scale=scale,
        forest=forest(board.rows, marks, baseline=board.baseline, scale=scale),
        compute=inline_svg(pooled, "compute-") if pooled else None,
        figure_example=pooled_example(by_row, baseline=board.baseline, clock=board.clock) if scale else "",
        raced=raced(board, content.trials),
        tuned=tuned(board, content.trials),
        conditions=conditions(board, content.trials),
        coverage=unfinished_lines(content.unfinished),
        shares=[words.percent(share) for share in board.shares],
        warnings=content.partial,
        panels=quality_panels(content),
        cards=submission_cards(content),
        integrity=integrity(content, missing_shares(board)),
        rates=rate_views(board.sensitivity, marks),
        rate_figures=[(workload, inline_svg(d, f"rate{i}-")) for i, (workload, d) in enumerate(drawings.items())],
    )
