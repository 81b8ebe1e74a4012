"""The ranking: a view per row, every number already in words, with the positions of the dots of the study times."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from harness.report import words
from harness.report.colours import Mark
from harness.report.views.saved import SavedCell, Whisker, has_saved, horizons_of, saved_cells, scale_of, shade
from harness.scoring.board_parts import Board, Cell, Ratio, Row

STRIP = 100.0
"""Width of a strip of study times, in units of its own; misses are drawn to the right of it."""


@dataclass(frozen=True)
class CellView:
    """One submission on one workload, in words.

    Attributes:
        workload: its label.
        text: the median time, "missed", how most trials failed, "cut" (stopped by ``--prune score-only``), "skipped" or
            "not run".
        detail: range of the study times.
        level: what that range is.
        shade: shade of `to_baseline` as a speed-up, as that of `SavedCell`.
        lost: whether `text` stands for a median that is not finite; `misses` then says the same in numbers.
        misses: studies without a time: "missed 2 of 3", "1 study missing".
        best: whether no submission is faster here.
        relative: the time over the best one, such as ``×1.23``.
        to_baseline: the time over the baseline's, such as ``×0.93``; empty where either missed or there is no baseline.
        order: what the column sorts by; misses come last.
        dots: positions of the study times on the strip, without repetition.
        crosses: number of studies that missed or failed.
        note: why the cell contributes less to the score than its time suggests.
    """

    workload: str
    text: str
    detail: str = ""
    level: str = ""
    misses: str = ""
    best: bool = False
    relative: str = ""
    to_baseline: str = ""
    order: float = math.inf
    dots: tuple[float, ...] = ()
    crosses: int = 0
    note: str = ""
    lost: bool = False
    shade: int = 0


@dataclass(frozen=True)
class RowView:
    """One row of the ranking, in words.

    Attributes:
        row: the numbers.
        mark: colour and dashes of the submission.
        summary: its one-line description.
        rank, score, speedup, targets, cost: in words.
        interval, speedup_interval: of score and speed-up; empty if there is none.
        whisker: position of the speed-up and its interval; None without a speed-up.
        horizons: (speed-up, what its column sorts by) at each of `horizons_of` the board.
        saved: the speed-up on each workload; empty where the board does not read compute saved.
        limited: in how many studies a limit takes part, such as "3/36"; of times to the target, how many have a miss.
        reach: share of its trials that reach the target; empty where trials were pruned.
        population: interval of the score as if the workloads had been drawn at random.
        like_these: that of the speed-up; empty if there is none.
        cells: a cell per workload.
    """

    row: Row
    mark: Mark
    summary: str
    rank: str
    score: str
    interval: str
    speedup: str
    speedup_interval: str
    whisker: Whisker | None
    horizons: tuple[tuple[str, float | None], ...]
    saved: tuple[SavedCell, ...]
    limited: str
    targets: str
    cost: str
    reach: str
    population: str
    like_these: str
    cells: tuple[CellView, ...]


def workload_labels(board: Board) -> tuple[str, ...]:
    """Return the workload columns of a board: the base workloads, then the held-out variants."""
    return (*board.workloads, *board.held_out)


def ranking(
    board: Board,
    marks: Mapping[str, Mark],
    summaries: Mapping[str, str] | None = None,
    skipped: Mapping[str, str] | None = None,
) -> list[RowView]:
    """Return a view per row, in the board's order.

    Args:
        board: the numbers.
        marks: mark of each submission.
        summaries: one-line description of each submission.
        skipped: workloads that did not run; each gets a column that says so.
    """
    labels, scale, saves = workload_labels(board), scale_of([row.speed_up for row in board.rows]), has_saved(board)
    skipped_labels = [workload for workload in sorted(skipped or {}) if workload not in labels]
    return [
        RowView(
            row=row,
            mark=marks[row.name],
            summary=(summaries or {}).get(row.name, ""),
            rank=words.rank(row.rank, row.rank_low, row.rank_high),
            score=words.score(row.score),
            interval=_interval(row.score_low, row.score_high, row.approximate),
            speedup=words.bounded_ratio(row.speedup_bound, row.speedup),
            speedup_interval=words.ratio_span(row.speedup_low, row.speedup_high),
            whisker=scale.whisker(row.speed_up) if scale else None,
            horizons=_at_horizons(board, row),
            saved=saved_cells(board, row) if saves else (),
            limited=_limited(board, row),
            targets=("≥ " if any(row.cells[w].unknown for w in board.workloads) else "")
            + f"{row.targets_reached}/{len(board.workloads)}",
            cost=words.amount(row.race_cost, board.clock),
            reach=f"{row.reach_share:.0%}" if words.is_finite(row.reach_share) else "",
            population=_interval(row.population_low, row.population_high, row.approximate),
            like_these=words.ratio_span(*row.speed_up.like_these) if row.speed_up.like_these else "",
            cells=tuple(cell_view(board, row, label) for label in labels)
            + tuple(CellView(label, "skipped") for label in skipped_labels),
        )
        for row in board.rows
    ]


def _interval(low: float | None, high: float | None, approximate: bool) -> str:
    text = words.span(low, high)
    return f"{text} approximate" if text and approximate else text


def _at_horizons(board: Board, row: Row) -> tuple[tuple[str, float | None], ...]:
    values = [row.speed_up.horizons.get(h, Ratio()).value for h in horizons_of(board)]
    return tuple((words.ratio_text(value), value) for value in values)


def _limited(board: Board, row: Row) -> str:
    own = row.speed_up
    if not own.studies:
        return ""
    if board.saves_compute:
        return f"{own.limited}/{own.studies}"
    floor = "" if own.floor is None else f"; {words.ratio_text(own.floor)} if it reached none"
    return f"{own.limited} of {own.studies} with a miss{floor}"


def cell_view(board: Board, row: Row, label: str) -> CellView:
    """Return the cell of `row` on the workload `label`."""
    cell = row.cells.get(label)
    if cell is None:
        return CellView(label, "not run")
    if not cell.studies:
        return CellView(label, "not run", misses=words.misses(0, 0, cell.missing), note=cell.note)
    column = [other.cells[label] for other in board.rows if label in other.cells]
    best = min((c.time for c in column if c.studies), default=math.inf)
    low, high = _extent(column)
    spread = high - low or 1.0
    finite = [t for t in cell.study_times if math.isfinite(t)]
    baseline = next((r.cells[label] for r in board.rows if r.name == board.baseline and label in r.cells), None)
    baseline_time = baseline.time if baseline is not None and baseline.studies else math.inf
    relative = cell.time / best if math.isfinite(cell.time) and best > 0 else math.inf
    has_baseline = math.isfinite(cell.time) and 0 < baseline_time < math.inf
    return CellView(
        workload=label,
        text="cut" if cell.unknown else _time(cell, board.clock),
        detail=_range(cell, board.clock),
        level=cell.level,
        misses=words.misses(cell.reached, cell.studies, cell.missing, cell.cut, cell.failures),
        best=math.isfinite(cell.time) and cell.time == best,
        relative=words.ratio_text(relative) if math.isfinite(relative) else "",
        to_baseline=words.ratio_text(cell.time / baseline_time) if has_baseline else "",
        order=cell.time,
        dots=tuple(sorted({float(round(STRIP * (t - low) / spread)) for t in finite})),
        crosses=sum(math.isinf(t) for t in cell.study_times) - cell.cut,
        note=cell.note,
        lost=math.isinf(cell.time),
        shade=shade(baseline_time / cell.time) if has_baseline and cell.time > 0 else 0,
    )


def _time(cell: Cell, clock: str) -> str:
    """Return the median time, with ``≤`` where it is an upper bound; a miss or a failure is never a bound."""
    text = words.amount(cell.time, clock, cell.failure or "missed")
    return f"{cell.bound} {text}" if cell.bound and math.isfinite(cell.time) else text


def _range(cell: Cell, clock: str) -> str:
    """Return ``51.2k–64.0k``, ``51.2k–missed`` if the slowest study missed or failed, or "" if no study has a time."""
    if words.is_finite(cell.low) and cell.high is not None and math.isinf(cell.high) and not cell.cut:
        return f"{words.amount(cell.low, clock)}–{cell.slowest}"
    return words.span(cell.low, cell.high, lambda value: words.amount(value, clock))


def _extent(column: list[Cell]) -> tuple[float, float]:
    finite = [t for cell in column for t in cell.study_times if math.isfinite(t)]
    return (min(finite), max(finite)) if finite else (0.0, 1.0)
