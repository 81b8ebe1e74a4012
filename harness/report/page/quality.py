"""The page of a board without a race: the budget track's, or that of ``--sensitivity`` alone."""

from __future__ import annotations

from harness.report import words
from harness.report.figures import inline_svg
from harness.report.page.render import render
from harness.report.views.budget_panels import missing_shares, quality_panels, quality_rows
from harness.report.views.cards import submission_cards
from harness.report.views.content import QualityContent
from harness.report.views.integrity import integrity
from harness.report.views.rates import rate_drawings, rate_views


def quality_page(content: QualityContent) -> str:
    """Return the page of a board without a race as HTML."""
    board, marks = content.board, content.marks
    drawings = rate_drawings(board.sensitivity, marks) if content.figures else {}
    return render(
        "quality.html.j2",
        content,
        rows=quality_rows(content),
        shares=[words.percent(share) for share in board.shares],
        warnings=content.partial,
        panels=quality_panels(content),
        cards=submission_cards(content),
        integrity=integrity(content, missing_shares(board)),
        rates=rate_views(board.sensitivity, marks),
        rate_figures=[(workload, inline_svg(d, f"rate{i}-")) for i, (workload, d) in enumerate(drawings.items())],
    )
