"""Each figure of a board as files: SVG and PDF."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from harness.report.colours import Mark, in_colour, marks
from harness.report.figures import Drawing, cost_drawing, profile_drawing, save, strip_drawing
from harness.report.figures.race_lines import lines
from harness.report.views.budget import quality_drawing
from harness.report.views.panels import by_workload, race_of
from harness.report.views.ranking import labels
from harness.report.views.rates import rate_drawings
from harness.report.views.trials import in_reading_order
from harness.scoring.board_parts import Board
from harness.scoring.quality_board import QualityBoard, quality_board
from harness.scoring.sensitivity import sensitivities


def write_figures(
    trials: pd.DataFrame,
    board: Board | QualityBoard,
    directory: Path,
    *,
    sensitivity: pd.DataFrame | None = None,
    budget: pd.DataFrame | None = None,
) -> list[Path]:
    """Write each figure of `board` to `directory` as SVG and PDF, on white and with a legend; return the files.

    ``profiles_CLOCK``, ``cost_CLOCK``; for each workload ``WORKLOAD_race``, ``WORKLOAD_times`` and, where there are such
    trials, ``WORKLOAD_sensitivity`` and ``WORKLOAD_budget``. Equal trials give equal bytes.

    Args:
        trials: what the board was made from, from `harness.load_results`.
        board: from `write_report`.
        directory: made if it is not there; files of the same names are replaced.
        sensitivity: trials of ``--sensitivity``.
        budget: trials of the budget track.
    """
    ordered = in_reading_order(trials)
    rates = (
        board.sensitivity if isinstance(board, QualityBoard) else sensitivities(sensitivity) if sensitivity is not None else ()
    )
    names = [row.name for row in board.rows]
    shares = quality_board(budget) if budget is not None and len(budget) else None
    beside = [row.name for row in shares.rows] if shares else []
    drawn = marks({*names, *beside, *(row.name for row in rates), *ordered["submission"].astype(str)})
    directory.mkdir(parents=True, exist_ok=True)
    made: list[Path] = []
    taken: set[str] = set()
    found = [*_drawings(ordered, board, drawn, names), *rate_drawings(rates, drawn).values()]
    for drawing in [*found, *(_drawings(ordered, shares, drawn, names) if shares else ())]:
        made += save(_named(drawing, taken), directory, drawn, in_colour(names, drawn))
    return made


def _drawings(
    trials: pd.DataFrame, board: Board | QualityBoard, drawn: Mapping[str, Mark], names: list[str]
) -> Iterator[Drawing]:
    if isinstance(board, QualityBoard):
        quality = (quality_drawing(label, board, drawn) for label in (board.workloads if board.shares else ()))
        yield from (drawing for drawing in quality if drawing is not None)
        return
    if board.profiles:
        yield profile_drawing(board.profiles, drawn, clock=board.clock)
        yield cost_drawing(board.rows, drawn, clock=board.clock)
    for label, own in by_workload(trials, labels(board)):
        found = lines(own, board.clock)
        if found:
            yield race_of(label, own, found, board.clock, drawn)
        yield strip_drawing(own, names, drawn, workload=label, clock=board.clock)


def _named(drawing: Drawing, taken: set[str]) -> Drawing:
    """Number the names that are taken: two labels may be one stem."""
    name, place = drawing.name, 2
    while name.lower() in taken:
        name, place = f"{drawing.name}_{place}", place + 1
    taken.add(name.lower())
    return replace(drawing, name=name)
