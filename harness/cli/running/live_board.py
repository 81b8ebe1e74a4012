"""The leaderboard of a run, which is written again while trials run."""

from __future__ import annotations

import time
from collections.abc import Collection
from functools import partial
from pathlib import Path

from rich.console import Console

from harness.cli.left_out import print_left_out
from harness.cli.lines import print_line
from harness.cli.options import edited_lines
from harness.plan import Plan
from harness.results import BoardInput, beside_reference, board_input
from harness.rules import OwnBoard, Reading

BOARD_SECONDS = 30.0
"""The least time between two versions of the board while trials run."""

BOARD_SHARE = 0.015
"""Writing the board takes at most about this share of a run's time."""


class LiveBoard:
    """Writes the leaderboard of a plan's track and suite into a results directory.

    Args:
        plan: of the run.
        results: where its records are.
        reference: the reference result, to be shown beside them.

    Attributes:
        path: the page; its data are beside it.
        seconds: seconds spent on writing so far.
        named: files that the user knows to be left out.
    """

    def __init__(self, plan: Plan, results: Path, reference: BoardInput | None = None) -> None:
        self.path = results / "leaderboard.html"
        self.seconds = 0.0
        self.named: Collection[Path] = ()
        self._plan, self._results, self._reference = plan, results, reference
        self._last_time, self._last_cost = time.monotonic(), 0.0

    @property
    def due(self) -> bool:
        """Whether the board is old enough to be written again."""
        return time.monotonic() - self._last_time >= max(BOARD_SECONDS, self._last_cost / BOARD_SHARE)

    def write(self, *, figures: bool, show_on: Console | None = None) -> None:
        """Write the board if there are complete studies.

        Args:
            figures: whether the page has figures; without them it is written in a fraction of the time.
            show_on: where to print the table and the path of the page.
        """
        from harness.report import sensitivity_table, terminal_table, unfinished_lines, write_report
        from harness.scoring import ScoringRules, sensitivities

        began = time.monotonic()
        track = self._plan.track
        given = self._trials()
        self._took(began)  # reading thousands of records takes long, also where no study is complete yet
        if given is None:
            return
        if given.trials.empty:
            if show_on is not None:
                print_line(f"no leaderboard: no study is recorded to its end ({given.progress})", show_on)
            return
        rules = ScoringRules(
            track.clock,
            pruned_by=given.pruned_by,
            suite_workloads=given.suite_workloads,
            from_reference=given.from_reference,
            left_out=tuple(sorted(given.left_out.items())),
        )
        board = write_report(given, self.path, rules, figures=figures, records=self._results)
        self._took(began)
        self.seconds += self._last_cost
        if show_on is not None:
            unknown = {path: reason for path, reason in given.damaged.items() if path not in self.named}
            print_left_out(unknown, partial(print_line, console=show_on))
            for line in (*unfinished_lines(given.unfinished), *edited_lines(given.trials)):
                print_line(line, show_on)
            terminal_table(board, show_on)
            if Reading.RATE_SENSITIVITY in track.reads and not given.sensitivity.empty:
                sensitivity_table(sensitivities(given.sensitivity), show_on)
            print_line(f"leaderboard: {self.path}", show_on)

    def _took(self, began: float) -> None:
        """Count from now when the board is due again, after what took since `began`."""
        self._last_time = time.monotonic()
        self._last_cost = self._last_time - began

    def _trials(self) -> BoardInput | None:
        """Return the trials of the board, or None if the trials of this plan are on no board."""
        track, suite = self._plan.track, self._plan.suite
        if self._plan.pair or track.own_board is OwnBoard.NEVER:
            return None
        fallback = track.own_board is OwnBoard.FALLBACK
        given = board_input(self._results, track=track.beside if fallback else track.name, suite=suite, absent_ok=True)
        if fallback and given.trials.empty:
            given = board_input(self._results, track=track.name, suite=suite)
        return given if self._reference is None else beside_reference(given, self._reference)
