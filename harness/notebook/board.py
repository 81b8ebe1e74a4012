"""`harness.leaderboard`: the board of recorded trials, which shows itself in a notebook."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pandas as pd

from harness.cli.options import check_clock
from harness.cli.report import choose_baseline, with_reference
from harness.report import scored_board, terminal_table, write_report
from harness.report.text.sheets import sheets
from harness.report.views.budget import budget_table
from harness.report.words import one_line
from harness.results import BoardInput, board_input
from harness.rules import ruleset
from harness.scoring import Board, QualityBoard, QualityRow, ScoringRules

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TEXT_WIDTH = 120
"""Characters of a line of the board as text."""


@dataclass(eq=False)
class Leaderboard:
    """A board. A notebook shows it as a table with its verdict and a link to its page; `print` shows it as text.

    Attributes:
        board: what was scored, as `harness.scoring` returns it.
        given: the trials, how far their run is, and what was left out.
        rules: by which they were scored.
        page: the page, None if it is not written.
    """

    board: Board | QualityBoard
    given: BoardInput
    rules: ScoringRules
    page: Path | None = None

    @property
    def verdict(self) -> str:
        """What the board says, in one sentence."""
        return self.board.verdict

    @property
    def frame(self) -> pd.DataFrame:
        """One row per submission, best first; `to_parquet` takes it as it is. NaN: there is no such number.

        Columns: submission, rank, rank_low, rank_high, speedup, speedup_low, speedup_high (over `baseline`), speedup_bound,
        baseline, trials, note; of a race to targets also score, score_low, score_high, targets_reached, else mean_rank and
        regret.
        """
        quality = isinstance(self.board, QualityBoard)
        own = ("mean_rank", "regret") if quality else ("score", "score_low", "score_high", "targets_reached")
        rows = []
        for row in self.board.rows:
            speed = row.speed_up
            numbers = {
                **{name: getattr(row, name) for name in ("rank", "rank_low", "rank_high")},
                **{"speedup": speed.value, "speedup_low": speed.low, "speedup_high": speed.high},
                **{name: getattr(row, name) for name in own},
                "trials": row.trials,
            }
            words = {"speedup_bound": speed.bound, "baseline": self.board.baseline, "note": row.note}
            rows.append({"submission": row.name, **{name: _number(value) for name, value in numbers.items()}, **words})
        frame = pd.DataFrame(rows)
        whole = [name for name in ("rank", "trials", "targets_reached") if name in frame]
        return frame.astype(dict.fromkeys(whole, "int64"))

    @property
    def workloads(self) -> pd.DataFrame:
        """One row per submission and workload: submission, workload, speedup, speedup_bound.

        Of a race to targets also time (median to the target; inf: missed), reached and studies.
        """
        rows = []
        for row in self.board.rows:
            cells = row.cells if not isinstance(row, QualityRow) else {}
            for label in self.board.workloads:
                here, cell = row.speed_up.workloads.get(label), cells.get(label)
                rows.append(
                    {
                        **{"submission": row.name, "workload": label},
                        **{"speedup": _number(here and here.ratio), "speedup_bound": here.bound if here else ""},
                        **({"time": cell.time, "reached": cell.reached, "studies": cell.studies} if cell else {}),
                    }
                )
        return pd.DataFrame(rows)

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw each submission's speed-up with its 95 % interval, best on top; where there is none, its score or regret.

        Args:
            axes: of matplotlib, to draw into; a new figure by default.
        """
        from harness.notebook.plot import intervals

        return intervals(self.frame, axes)

    def write(self, page: Path | str) -> Path:
        """Write the page, and its data beside it as .json and .csv; return the page's path.

        Raises:
            BadInput: the page would be overwritten by its own data.
        """
        self.page = Path(page)
        write_report(self.given, self.page, self.rules)
        return self.page

    def __repr__(self) -> str:
        from rich.console import Console

        text = io.StringIO()
        # in Jupyter a console displays what it is given, whatever its file
        console = Console(file=text, width=TEXT_WIDTH, highlight=False, force_jupyter=False)
        terminal_table(self.board, console, skipped=self.given.skipped)
        return text.getvalue().rstrip()

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        if isinstance(self.board, QualityBoard):
            head, body = budget_table(self.board)
            rows: Sequence[Sequence[str]] = body
        else:
            sheet = sheets(self.board)[0]
            head, rows = list(sheet.head), [[entry.text for entry in row] for row in sheet.rows]
        link = f'<p><a href="{_address(self.page)}">the whole page</a></p>' if self.page else ""
        skipped = (f"skipped {label}: {reason}" for label, reason in sorted(self.given.skipped.items()))
        lines = [self.verdict, *skipped, *self._incomplete()]
        return "".join([*(f"<p>{escape(one_line(line))}</p>" for line in lines), html_table(head, rows), link])

    def _incomplete(self) -> list[str]:
        left = self.given.planned - self.given.done
        return [f"{left} of {self.given.planned} planned trials have not run: the same call resumes"] if left > 0 else []


def leaderboard(
    results: Path | str = "results",
    *,
    track: str = "",
    suite: str = "",
    clock: str = "",
    baseline: str = "",
    reference: bool = False,
) -> Leaderboard:
    """Return the board of recorded trials, as `timetrial report` does; nothing is written.

    Of a submission that was edited, the newest version counts.

    Args:
        results: directory of the records.
        track, suite: which board, where there are several; the newest run's by default.
        clock: examples, seconds or steps; the track's by default.
        baseline: what speed-ups refer to; the track's by default.
        reference: show the committed reference result beside the trials.

    Raises:
        BadInput: there is nothing to show, or no such board, clock or baseline.
    """
    check_clock(clock)
    given = complete_studies(results, track, suite)
    if reference:
        given = with_reference(given, track, suite)
    rules = ScoringRules(
        clock=clock or ruleset(str(given.trials["track"].iloc[0])).clock,
        baseline=choose_baseline(baseline, set(given.trials["submission"])),
        workloads=given.workloads,
        suite_workloads=given.suite_workloads,
        from_reference=given.from_reference,
        pruned_by=given.pruned_by,
        left_out=tuple(sorted(given.left_out.items())),
    )
    page = Path(results) / "leaderboard.html"
    return Leaderboard(scored_board(given.trials, rules), given, rules, page if page.is_file() else None)


def complete_studies(results: Path | str, track: str, suite: str) -> BoardInput:
    """Return the trials of a board.

    Raises:
        BadInput: there is none, or no study of it is complete.
    """
    given = board_input(results, track=track, suite=suite)
    given.check_for_studies(results)
    return given


def html_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of texts as HTML, in the style that a notebook gives tables."""
    top = "".join(f"<th>{escape(one_line(text))}</th>" for text in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(one_line(text))}</td>" for text in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _address(page: Path) -> str:
    """Return the address of a page, relative to the directory of the notebook where it is below."""
    return escape(quote(Path(os.path.relpath(page)).as_posix()), quote=True)
