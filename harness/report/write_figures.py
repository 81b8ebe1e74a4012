"""Writes each figure of a board as SVG and PDF."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from harness.report.colours import in_colour
from harness.report.figures import Drawing, save
from harness.report.figures.race_lines import race_lines
from harness.report.views.budget import quality_drawings
from harness.report.views.content import QualityContent, RaceContent, quality_content, race_content
from harness.report.views.page_figures import board_drawings, workload_drawings
from harness.report.views.panels import by_workload, workload_race
from harness.report.views.ranking import workload_labels
from harness.report.views.rates import rate_drawings
from harness.report.views.standings import pooled_drawing, standings_drawing
from harness.results import BoardInput
from harness.scoring.board_parts import Board
from harness.scoring.quality_board import QualityBoard


def write_figures(given: BoardInput, board: Board | QualityBoard, directory: Path) -> list[Path]:
    """Write each figure of `board` to `directory` as SVG and PDF, on white and with a legend; return the paths.

    The stems are ``compute_CLOCK``, ``profiles_CLOCK``, ``cost_CLOCK`` and, for each workload, ``WORKLOAD_compute``,
    ``WORKLOAD_race``, ``WORKLOAD_times`` and, where there are such trials, ``WORKLOAD_sensitivity`` and ``WORKLOAD_budget``;
    those of compute need rulers. Equal trials give equal bytes.

    Args:
        given: what the board was made from, from `harness.results.board_input`.
        board: from `write_report`.
        directory: made if it does not exist; files of the same names are replaced.
    """
    content: RaceContent | QualityContent
    if isinstance(board, Board):
        content = race_content(given, board)
        drawings = _race_drawings(content)
    else:
        content = quality_content(given, board)
        drawings = _quality_drawings(content)
    directory.mkdir(parents=True, exist_ok=True)
    coloured = in_colour(content.names, content.marks)
    paths: list[Path] = []
    taken: set[str] = set()
    for drawing in drawings:
        paths += save(_with_free_name(drawing, taken), directory, content.marks, coloured)
    return paths


def _race_drawings(content: RaceContent) -> Iterator[Drawing]:
    board, marks = content.board, content.marks
    yield from (drawing for _, drawing in board_drawings(board, marks))
    for label, trials in by_workload(content.trials, workload_labels(board)):
        lines = race_lines(trials, board.clock)
        if lines:
            yield workload_race(label, trials, lines, board.clock, marks)
        yield from (drawing for _, drawing in workload_drawings(label, trials, content))
    yield from rate_drawings(content.sensitivity, marks).values()
    if content.budget:
        yield from quality_drawings(content.budget, marks).values()


def _quality_drawings(content: QualityContent) -> Iterator[Drawing]:
    board = content.board
    rows = [(row.name, row.speed_up) for row in board.rows]
    pooled = pooled_drawing(rows, content.marks, baseline=board.baseline, clock=board.clock) if board.baseline else None
    standings = (standings_drawing(label, board.metrics[label], content) for label in board.workloads)
    yield from (drawing for drawing in (pooled, *standings) if drawing is not None)
    yield from quality_drawings(content.board, content.marks).values()
    yield from rate_drawings(content.board.sensitivity, content.marks).values()


def _with_free_name(drawing: Drawing, taken: set[str]) -> Drawing:
    """Return `drawing` with a number added to its name if that is in `taken`, and add the name to `taken`.

    The file stems of two workloads may be the same.
    """
    name, number = drawing.name, 2
    while name.lower() in taken:
        name, number = f"{drawing.name}_{number}", number + 1
    taken.add(name.lower())
    return replace(drawing, name=name)
