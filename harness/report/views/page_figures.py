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
from harness.scoring.board_parts import Board


@dataclass(frozen=True)
class BoardFigure:
    """A figure of the board on one clock.

    Attributes:
        section: id of the page's section that shows it: "profiles" or "robustness".
        draw: from the board and the marks of the submissions.
    """

    section: str
    draw: Callable[[Board, Mapping[str, Mark]], Drawing]


@dataclass(frozen=True)
class WorkloadFigure:
    """A figure of one workload, shown in its panel below the race.

    Attributes:
        heading: stands above the figure.
        draw: from the workload's label, its trials and the content of the page.
    """

    heading: str
    draw: Callable[[str, pd.DataFrame, RaceContent], Drawing]


BOARD_FIGURES: tuple[BoardFigure, ...] = (
    BoardFigure("profiles", lambda board, marks: profile_drawing(board.profiles, marks, clock=board.clock)),
    BoardFigure("robustness", lambda board, marks: cost_drawing(board.rows, marks, clock=board.clock)),
)

WORKLOAD_FIGURES: tuple[WorkloadFigure, ...] = (
    WorkloadFigure(
        "Time to target of every trial",
        lambda label, trials, content: strip_drawing(
            trials, content.names, content.marks, workload=label, clock=content.board.clock
        ),
    ),
)


def board_drawings(board: Board, marks: Mapping[str, Mark]) -> list[tuple[str, Drawing]]:
    """Return (section of the page, figure) pairs of a board; none for a board without profiles."""
    return [(figure.section, figure.draw(board, marks)) for figure in BOARD_FIGURES] if board.profiles else []


def workload_drawings(label: str, trials: pd.DataFrame, content: RaceContent) -> list[tuple[str, Drawing]]:
    """Return (heading, figure) pairs of the workload `label`, from its `trials`."""
    return [(figure.heading, figure.draw(label, trials, content)) for figure in WORKLOAD_FIGURES]
