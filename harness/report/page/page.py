"""The page of a race: one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from harness.report.colours import in_colour, marks
from harness.report.figures import CLOCK_LABELS, inlined
from harness.report.page.payload import payload, script_json
from harness.report.page.render import render
from harness.report.views import integrity as trust
from harness.report.views.budget import budget_view
from harness.report.views.cards import cards, summaries
from harness.report.views.clock import clock_view
from harness.report.views.panels import panels
from harness.report.views.ranking import STRIP, labels
from harness.report.views.rates import rate_drawings, rate_views
from harness.scoring.board_parts import Board
from harness.scoring.quality_board import QualityBoard
from harness.scoring.sensitivity import RateRow


def page(
    board: Board,
    trials: pd.DataFrame,
    *,
    progress: Mapping[str, int] | None = None,
    skipped: Mapping[str, str] | None = None,
    exports: Mapping[str, str] | None = None,
    figures: bool = True,
    sensitivity: Sequence[RateRow] = (),
    others: Sequence[Board] = (),
    budget: QualityBoard | None = None,
) -> str:
    """Return the page of `board` as HTML.

    Args:
        board: from `harness.scoring.board.score_board`.
        trials: what it was made from, in a fixed order.
        progress: {"done", "planned"} of a run that still goes on.
        skipped: workloads that did not run, with the reason.
        exports: {file name: text}, offered for download from the page itself.
        figures: draw the figures; without them the page is made in a fraction of the time.
        sensitivity: from the trials of ``--sensitivity`` that lie beside those of the race.
        others: the same board on other clocks, for the page's switch.
        budget: the board of the budget track's trials that lie beside those of the race.
    """
    names = {*(row.name for row in board.rows), *(row.name for row in sensitivity)}
    names |= {row.name for row in budget.rows} if budget else set()
    names |= set(trials["submission"].astype(str))
    drawn = marks(names)
    told = summaries(trials)
    views = [clock_view(b, trials, drawn, told, progress=progress, skipped=skipped, figures=figures) for b in (board, *others)]
    rates = rate_drawings(sensitivity, drawn) if figures else {}
    shown = panels(trials, labels(board), board.clock, drawn, [row.name for row in board.rows], figures=figures, rates=rates)
    shown_labels = {panel.label for panel in shown}
    return render(
        "leaderboard.html.j2",
        trials,
        drawn,
        exports,
        coloured=in_colour([row.name for row in board.rows], drawn),
        board=board,
        clock=CLOCK_LABELS[board.clock],
        views=views,
        rows=views[0].rows,
        labels=labels(board),
        skipped=sorted((skipped or {}).items()),
        only_skipped=[w for w in sorted(skipped or {}) if w not in labels(board)],
        panels=shown,
        figures=figures,
        cards=cards(trials, [row.name for row in board.rows], drawn),
        trust=trust.integrity(trials, board),
        strip=STRIP,
        rates=rate_views(sensitivity, drawn),
        rate_figures=[(w, inlined(d, f"rate{i}-")) for i, (w, d) in enumerate(rates.items()) if w not in shown_labels],
        budget=budget_view(budget, drawn, figures=figures) if budget else None,
        payload=script_json(payload((board, *others), trials, drawn)),
    )
