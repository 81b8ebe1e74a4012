"""The budget track's own page: a row per submission, a panel per workload, and the cells that are missing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd
from markupsafe import Markup

from harness.report import words
from harness.report.colours import Mark, anchor
from harness.report.figures import Drawing, inline_svg
from harness.report.views.budget import quality_drawings
from harness.report.views.content import QualityContent
from harness.report.views.facts import recorded_fact, submission_summaries, trial_with_facts, workload_description
from harness.report.views.saved import Scale, Whisker
from harness.report.views.standings import standings_drawing
from harness.scoring.board_parts import Ratio
from harness.scoring.quality import Quality
from harness.scoring.quality_board import QualityBoard, QualityRow

WITHOUT_TARGET = ("target", "how it was set")
"""Facts about a workload that mean nothing where there is no target."""


@dataclass(frozen=True)
class ShareCell:
    """A row's cell at one share of the budget: what it is sorted by, its text, and what stands below it."""

    value: float | None
    text: str
    below: str = ""


@dataclass(frozen=True)
class QualityView:
    """One row of the ranking in words: a cell for each share, and `speed`, the speed-up and its interval.

    `whisker` has the positions of the speed-up and its interval; None without a speed-up.
    """

    row: QualityRow
    mark: Mark
    summary: str
    mean_rank: str
    regret: str
    cells: tuple[ShareCell, ...]
    speed: tuple[str, ...] = ()
    whisker: Whisker | None = None


@dataclass(frozen=True)
class QualityCell:
    """The final quality of one submission at one share of the budget: its median and range in words, and if it is the best."""

    text: str
    span: str = ""
    best: bool = False


@dataclass(frozen=True)
class QualityPanel:
    """One workload: `facts` are (name, text) pairs, `rows` are (mark, submission, a cell per share of the budget).

    `compute` is the figure with the ruler, empty without one.
    """

    anchor: str
    label: str
    summary: str
    facts: tuple[tuple[str, str], ...]
    metric: str
    compute: Markup
    figure: Markup
    rows: tuple[tuple[Mark, str, tuple[QualityCell, ...]], ...]


def quality_rows(content: QualityContent, scale: Scale | None = None) -> list[QualityView]:
    """Return the ranking, best first; `scale` is that of the whiskers."""
    summaries = submission_summaries(content.trials)
    views = [_row(row, content.board, content.marks[row.name], summaries.get(row.name, "")) for row in content.board.rows]
    return [replace(view, whisker=scale.whisker(view.row.speed_up)) for view in views] if scale else views


def quality_panels(content: QualityContent) -> list[QualityPanel]:
    """Return a panel per workload; none on a board of sensitivities alone."""
    board = content.board
    drawings = quality_drawings(board, content.marks) if content.figures else {}
    labels = board.workloads if board.shares else ()
    return [_panel(index, label, content, drawings.get(label)) for index, label in enumerate(labels)]


def missing_shares(board: QualityBoard) -> list[tuple[str, str, str]]:
    """Return (submission, workload, what is missing) for every workload without a study at some share of the budget."""
    gaps = []
    for row in board.rows:
        at = _by_share(row)
        for workload in board.workloads:
            absent = [words.percent(s) for s in board.shares if s not in at or not at[s].studies.get(workload)]
            if absent:
                gaps.append((row.name, workload, f"no study at {', '.join(absent)} of the budget"))
    return gaps


def _by_share(row: QualityRow) -> Mapping[float, Quality]:
    return {quality.share: quality for quality in row.shares}


def _row(row: QualityRow, board: QualityBoard, mark: Mark, summary: str) -> QualityView:
    ratios = row.speed_up.horizons if board.baseline else None
    at = _by_share(row)
    cells = [_share_cell(at.get(share), share, ratios) for share in board.shares]
    mean_rank = words.NO_VALUE if row.mean_rank is None else f"{row.mean_rank:.2f}"
    return QualityView(row, mark, summary, mean_rank, words.score(row.regret), tuple(cells), _speed(row))


def _share_cell(quality: Quality | None, share: float, ratios: Mapping[float, Ratio] | None) -> ShareCell:
    """Return the cell at a share: the speed-up there and below it mean rank and regret, or, without speed-ups, these alone."""
    if quality is None:
        return ShareCell(None, words.NO_VALUE)
    rank, regret = f"{quality.mean_rank:.2f}", words.score(quality.regret)
    if ratios is None:
        return ShareCell(quality.mean_rank, rank, f"regret {regret}" if regret else "")
    speed_up = ratios[share].value if share in ratios else None
    return ShareCell(speed_up, words.ratio_text(speed_up), f"{rank} · {regret}")


def _speed(row: QualityRow) -> tuple[str, ...]:
    """Return the speed-up, its interval, and in how many studies it is only a bound, in words; empty without one."""
    own = row.speed_up
    if own.value is None:
        return ()
    limited = f"{own.limited} of {own.studies} limited" if own.limited else ""
    texts = (words.bounded_ratio(own.bound, own.value), words.ratio_span(own.low, own.high), limited)
    return tuple(text for text in texts if text)


def _panel(index: int, label: str, content: QualityContent, drawing: Drawing | None) -> QualityPanel:
    trials: pd.DataFrame = content.trials[content.trials["workload"] == label]
    board, trial = content.board, trial_with_facts(trials)
    compute = standings_drawing(label, board.metrics[label], content) if content.figures else None
    return QualityPanel(
        anchor=anchor("workload", label, index),
        label=label,
        summary=str(recorded_fact(trial, "workload", "summary")),
        facts=tuple((name, text) for name, text in workload_description(trial) if name not in WITHOUT_TARGET),
        metric=board.metrics[label],
        compute=inline_svg(compute, f"c{index}-") if compute else Markup(),
        figure=inline_svg(drawing, f"w{index}-") if drawing else Markup(),
        rows=tuple((content.marks[row.name], row.name, _cells(row, label, board)) for row in board.rows),
    )


def _cells(row: QualityRow, label: str, board: QualityBoard) -> tuple[QualityCell, ...]:
    at = _by_share(row)
    return tuple(_cell(at.get(share), label, board) for share in board.shares)


def _cell(quality: Quality | None, label: str, board: QualityBoard) -> QualityCell:
    if quality is None or not quality.studies.get(label):
        return QualityCell("not run")
    column = [q.final[label] for row in board.rows for q in row.shares if q.share == quality.share and q.studies.get(label)]
    best = min(column) if board.lower_is_better[label] else max(column)
    value = quality.final[label]
    if not math.isfinite(value):
        return QualityCell("no finite value", _span(quality, label))
    return QualityCell(words.number(value, 4), _span(quality, label), value == best)


def _span(quality: Quality, label: str) -> str:
    if quality.studies[label] < 2:
        return ""
    return words.span(quality.low.get(label), quality.high.get(label), lambda value: words.number(value, 4))
