"""What a page is made of: one value that travels from the writer of the files to every section."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from harness.report.colours import Mark, assign_marks
from harness.report.views.saved import has_saved
from harness.report.views.trials import in_reading_order
from harness.results import BoardInput, Unfinished
from harness.rules import ruleset
from harness.scoring.board_parts import Board
from harness.scoring.compute_saved import QualityPoint, quality_points
from harness.scoring.quality_board import QualityBoard, quality_board
from harness.scoring.ruler import Ruler
from harness.scoring.rulers import rulers_of
from harness.scoring.sensitivity import RateRow, sensitivities


@dataclass(frozen=True, kw_only=True)
class PageContent:
    """What every page is made of.

    Attributes:
        board: the scored board.
        trials: what it was made from, one row per trial, in a fixed order.
        done, planned: trials that are done, and trials that are planned; the page says so while some are not done.
        skipped: {workload: reason} of workloads that did not run.
        downloads: {file name: text} of the files that the page offers for download.
        figures: whether to draw the figures; without them a page takes a fraction of the time.
        rulers: the ruler of each workload; empty where the board has no speed-ups off rulers.
        points: where every submission stands beside the rulers; empty without rulers.
        records: address of the directory with the records, relative to the page, such as "./"; "" if links cannot lead there.
        unfinished: edited submissions whose race was interrupted.
    """

    board: Board | QualityBoard
    trials: pd.DataFrame
    done: int = 0
    planned: int = 0
    skipped: Mapping[str, str] = field(default_factory=dict)
    downloads: Mapping[str, str] = field(default_factory=dict)
    figures: bool = True
    rulers: Mapping[str, Ruler] = field(default_factory=dict)
    points: tuple[QualityPoint, ...] = ()
    records: str = ""
    unfinished: tuple[Unfinished, ...] = ()

    @property
    def names(self) -> list[str]:
        """The submissions on the board, best first."""
        return [row.name for row in self.board.rows]

    @cached_property
    def marks(self) -> dict[str, Mark]:
        """A mark for every submission on the page."""
        return assign_marks({*self.names, *self._names_beside(), *self.trials["submission"].astype(str)}, self.names)

    def _names_beside(self) -> Iterable[str]:
        return ()

    @property
    def partial(self) -> tuple[str, ...]:
        """A warning while a run goes on, else nothing."""
        if self.done >= self.planned:
            return ()
        return (f"Partial board: {self.done} of {self.planned} trials are done.",)


@dataclass(frozen=True, kw_only=True)
class RaceContent(PageContent):
    """What the page of a race is made of, beside what every page has.

    Attributes:
        board: the race's board on the clock that the page opens with.
        other_boards: the same race on the other clocks.
        sensitivity: from the trials of ``--sensitivity`` of the same suite.
        budget: the board of the budget track of the same suite.
        from_reference: submissions whose records are not among those of the run.
        since: (name of an older board, {submission: what changed since then}); None without one.
    """

    board: Board
    other_boards: tuple[Board, ...] = ()
    sensitivity: tuple[RateRow, ...] = ()
    budget: QualityBoard | None = None
    from_reference: tuple[str, ...] = ()
    since: tuple[str, Mapping[str, str]] | None = None

    @property
    def boards(self) -> tuple[Board, ...]:
        """The board on every clock, first the one that the page opens with."""
        return (self.board, *self.other_boards)

    def _names_beside(self) -> Iterable[str]:
        yield from (row.name for row in self.sensitivity)
        yield from (row.name for row in self.budget.rows) if self.budget else ()


@dataclass(frozen=True, kw_only=True)
class QualityContent(PageContent):
    """What the page of a board without a race is made of: the budget track's, or that of ``--sensitivity`` alone."""

    board: QualityBoard


def race_content(given: BoardInput, board: Board, *, other_boards: tuple[Board, ...] = (), figures: bool = True) -> RaceContent:
    """Return the content of the page of a race; `board` and `other_boards` are scored from the trials of `given`."""
    trials = in_reading_order(given.trials)
    rulers = rulers_of(trials) if has_saved(board) else {}
    return RaceContent(
        board=board,
        trials=trials,
        rulers=rulers,
        points=_points(board, trials, rulers),
        done=given.done,
        planned=given.planned,
        skipped=given.skipped,
        unfinished=given.unfinished,
        figures=figures,
        other_boards=other_boards,
        sensitivity=() if given.sensitivity.empty else sensitivities(given.sensitivity),
        budget=None if given.budget.empty else quality_board(given.budget),
        from_reference=given.from_reference,
    )


def quality_content(given: BoardInput, board: QualityBoard, *, figures: bool = True) -> QualityContent:
    """Return the content of the page of a board without a race; `board` is scored from the trials of `given`."""
    trials = in_reading_order(given.trials)
    rulers = rulers_of(trials) if board.baseline else {}
    return QualityContent(
        board=board,
        trials=trials,
        rulers=rulers,
        points=_points(board, trials, rulers),
        done=given.done,
        planned=given.planned,
        skipped=given.skipped,
        unfinished=given.unfinished,
        figures=figures,
    )


def _points(board: Board | QualityBoard, trials: pd.DataFrame, rulers: Mapping[str, Ruler]) -> tuple[QualityPoint, ...]:
    if not rulers:
        return ()
    return quality_points(trials, rulers, ruleset(board.track).horizons_in_budgets, baseline=board.baseline)
