"""The page of a board of quality: the budget track's, or that of ``--sensitivity`` alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from harness.report import words
from harness.report.colours import Mark, anchor, in_colour, marks
from harness.report.figures import Drawing, inlined
from harness.report.page.render import render
from harness.report.views import integrity as trust
from harness.report.views.budget import quality_drawing
from harness.report.views.cards import cards, summaries
from harness.report.views.panels import fact, told, workload_facts
from harness.report.views.rates import rate_drawings, rate_views
from harness.scoring.quality import Quality
from harness.scoring.quality_board import QualityBoard, QualityRow


@dataclass(frozen=True)
class QualityView:
    """One row of the ranking, in words; `cells` are (mean rank, regret) at every share."""

    row: QualityRow
    mark: Mark
    summary: str
    mean_rank: str
    regret: str
    cells: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class QualityPanel:
    """One workload: its facts, its figure, and (mark, name, cells of (quality, range, whether best)) a submission."""

    anchor: str
    label: str
    summary: str
    facts: tuple[tuple[str, str], ...]
    metric: str
    figure: Markup
    rows: tuple[tuple[Mark, str, tuple[tuple[str, str, bool], ...]], ...]


def quality_page(
    board: QualityBoard,
    trials: pd.DataFrame,
    *,
    progress: Mapping[str, int] | None = None,
    skipped: Mapping[str, str] | None = None,
    exports: Mapping[str, str] | None = None,
    figures: bool = True,
) -> str:
    """Return the page of `board` as HTML; arguments as of `harness.report.page.page.page`."""
    names = [row.name for row in board.rows]
    drawn = marks({*names, *trials["submission"].astype(str)})
    lines = summaries(trials)
    partial = progress is not None and progress["done"] < progress["planned"]
    return render(
        "quality.html.j2",
        trials,
        drawn,
        exports,
        coloured=in_colour(names, drawn),
        board=board,
        rows=[_view(row, board, drawn[row.name], lines.get(row.name, "")) for row in board.rows],
        shares=[words.percent(share) for share in board.shares],
        skipped=sorted((skipped or {}).items()),
        warnings=[f"Partial board: {progress['done']} of {progress['planned']} trials are done."]
        if progress and partial
        else [],
        panels=[_panel(place, w, board, trials, drawn, figures) for place, w in enumerate(board.workloads)]
        if board.shares
        else [],
        figures=figures,
        cards=cards(trials, names, drawn),
        trust=trust.recorded(trials, names, _missing(board)),
        rates=rate_views(board.sensitivity, drawn),
        rate_figures=[(w, inlined(d, f"rate{i}-")) for i, (w, d) in enumerate(rate_drawings(board.sensitivity, drawn).items())]
        if figures
        else [],
    )


def _view(row: QualityRow, board: QualityBoard, mark: Mark, summary: str) -> QualityView:
    at = {q.share: q for q in row.shares}
    cells = [(f"{at[s].mean_rank:.2f}", words.score(at[s].regret)) if s in at else (words.NONE, "") for s in board.shares]
    mean_rank = words.NONE if row.mean_rank is None else f"{row.mean_rank:.2f}"
    return QualityView(row, mark, summary, mean_rank, words.score(row.regret), tuple(cells))


def _missing(board: QualityBoard) -> list[tuple[str, str, str]]:
    gaps = []
    for row in board.rows:
        at = {q.share: q for q in row.shares}
        for workload in board.workloads:
            lost = [words.percent(s) for s in board.shares if s not in at or not at[s].studies.get(workload)]
            if lost:
                gaps.append((row.name, workload, f"no study at {', '.join(lost)} of the budget"))
    return gaps


def _panel(
    place: int, label: str, board: QualityBoard, trials: pd.DataFrame, drawn: Mapping[str, Mark], figures: bool
) -> QualityPanel:
    first = told(trials[trials["workload"] == label])
    unneeded = ("target", "how it was set")
    return QualityPanel(
        anchor=anchor("workload", label, place),
        label=label,
        summary=str(fact(first, "workload", "summary")),
        facts=tuple((name, text) for name, text in workload_facts(first) if name not in unneeded),
        metric=board.metrics[label],
        figure=_inlined(place, quality_drawing(label, board, drawn)) if figures else Markup(),
        rows=tuple((drawn[row.name], row.name, _cells(row, label, board)) for row in board.rows),
    )


def _cells(row: QualityRow, label: str, board: QualityBoard) -> tuple[tuple[str, str, bool], ...]:
    at = {q.share: q for q in row.shares}
    return tuple(_cell(at.get(share), label, board) for share in board.shares)


def _cell(q: Quality | None, label: str, board: QualityBoard) -> tuple[str, str, bool]:
    if q is None or not q.studies.get(label):
        return "not run", "", False
    column = [p.final[label] for row in board.rows for p in row.shares if p.share == q.share and p.studies.get(label)]
    best = min(column) if board.lower_is_better[label] else max(column)
    value = q.final[label]
    span = words.span(q.low.get(label), q.high.get(label), lambda x: words.number(x, 4)) if q.studies[label] > 1 else ""
    text = words.number(value, 4) if math.isfinite(value) else "came to nothing"
    return text, span, math.isfinite(value) and value == best


def _inlined(place: int, drawing: Drawing | None) -> Markup:
    return inlined(drawing, f"w{place}-") if drawing else Markup()
