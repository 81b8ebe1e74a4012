"""The page of a race."""

from __future__ import annotations

from harness.report.figures import CLOCK_LABELS, inline_svg
from harness.report.page.payload import payload, script_json
from harness.report.page.render import render
from harness.report.views.budget import budget_view
from harness.report.views.cards import submission_cards
from harness.report.views.clock import clock_view
from harness.report.views.content import RaceContent
from harness.report.views.facts import submission_summaries
from harness.report.views.integrity import race_integrity
from harness.report.views.lead import conditions, coverage_lines, raced, tuned, unfinished_lines
from harness.report.views.panels import workload_panels
from harness.report.views.ranking import STRIP, workload_labels
from harness.report.views.rates import rate_drawings, rate_views
from harness.rules import ruleset


def race_page(content: RaceContent) -> str:
    """Return the page of a race as HTML."""
    board, marks = content.board, content.marks
    labels = workload_labels(board)
    summaries = submission_summaries(content.trials)
    views = [clock_view(b, content, summaries) for b in content.boards]
    drawings = rate_drawings(content.sensitivity, marks) if content.figures else {}
    panels = workload_panels(content, drawings)
    panel_labels = {panel.label for panel in panels}
    return render(
        "leaderboard.html.j2",
        content,
        clock=CLOCK_LABELS[board.clock],
        views=views,
        rows=views[0].rows,
        labels=labels,
        raced=raced(board, content.trials),
        tuned=tuned(board, content.trials),
        conditions=conditions(board, content.trials),
        track_budget=ruleset(board.track).budget,
        coverage=[*coverage_lines(board), *unfinished_lines(content.unfinished)],
        has_compute=any(view.saves for view in views),
        only_skipped=[workload for workload in sorted(content.skipped) if workload not in labels],
        panels=panels,
        cards=submission_cards(content),
        integrity=race_integrity(content),
        strip=STRIP,
        records=content.records,
        since=content.since[0] if content.since else "",
        rates=rate_views(content.sensitivity, marks),
        rate_figures=[(w, inline_svg(d, f"rate{i}-")) for i, (w, d) in enumerate(drawings.items()) if w not in panel_labels],
        budget=budget_view(content.budget, marks, figures=content.figures) if content.budget else None,
        payload=script_json(payload(content)),
    )
