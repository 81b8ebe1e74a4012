"""The figures of a race: which there are for the board on one clock and for each workload, and where the page shows them.

A figure in one of these tables is on the page and among the files of ``timetrial report --figures``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from harness.report.colours import Mark
from harness.report.figures import Drawing, cost_drawing, profile_drawing, strip_drawing
from harness.report.views.content import RaceContent
from harness.report.views.saved import has_saved
from harness.report.views.standings import pooled_drawing, standings_drawing
from harness.scoring.board_parts import Board


@dataclass(frozen=True)
class BoardFigure:
    """A figure of the board on one clock.

    Attributes:
        section: id of the page's section that shows it: "compute", "profiles" or "robustness".
        draw: from the board and the marks of the submissions; None where the board has nothing to draw.
    """

    section: str
    draw: Callable[[Board, Mapping[str, Mark]], Drawing | None]


@dataclass(frozen=True)
class WorkloadFigure:
    """A figure of one workload, shown in its panel.

    Attributes:
        heading: stands above the figure.
        draw: from the workload's label, its trials and the content of the page; None where there is nothing to draw.
        before_race: whether it stands above the race; else below.
    """

    heading: str
    draw: Callable[[str, pd.DataFrame, RaceContent], Drawing | None]
    before_race: bool = False


def _compute_figure(board: Board, marks: Mapping[str, Mark]) -> Drawing | None:
    if not has_saved(board):
        return None
    rows = [(row.name, row.speed_up) for row in board.rows]
    return pooled_drawing(rows, marks, baseline=board.baseline, clock=board.clock)


def _profiles_figure(board: Board, marks: Mapping[str, Mark]) -> Drawing | None:
    return profile_drawing(board.profiles, marks, clock=board.clock) if board.profiles else None


def _cost_figure(board: Board, marks: Mapping[str, Mark]) -> Drawing | None:
    return cost_drawing(board.rows, marks, clock=board.clock) if board.profiles else None


def _standings_figure(label: str, trials: pd.DataFrame, content: RaceContent) -> Drawing | None:
    return standings_drawing(label, str(trials["metric"].iloc[0]), content)


def _times_figure(label: str, trials: pd.DataFrame, content: RaceContent) -> Drawing | None:
    return strip_drawing(trials, content.names, content.marks, workload=label, clock=content.board.clock)


BOARD_FIGURES: tuple[BoardFigure, ...] = (
    BoardFigure("compute", _compute_figure),
    BoardFigure("profiles", _profiles_figure),
    BoardFigure("robustness", _cost_figure),
)

WORKLOAD_FIGURES: tuple[WorkloadFigure, ...] = (
    WorkloadFigure("Quality against compute", _standings_figure, before_race=True),
    WorkloadFigure("Time to target of every trial", _times_figure),
)


def board_drawings(board: Board, marks: Mapping[str, Mark]) -> list[tuple[str, Drawing]]:
    """Return (section of the page, figure) pairs of a board."""
    drawn = ((figure.section, figure.draw(board, marks)) for figure in BOARD_FIGURES)
    return [(section, drawing) for section, drawing in drawn if drawing is not None]


def workload_drawings(label: str, trials: pd.DataFrame, content: RaceContent) -> list[tuple[WorkloadFigure, Drawing]]:
    """Return (figure of the table, its drawing) pairs of the workload `label`, from its `trials`."""
    drawn = ((figure, figure.draw(label, trials, content)) for figure in WORKLOAD_FIGURES)
    return [(figure, drawing) for figure, drawing in drawn if drawing is not None]
