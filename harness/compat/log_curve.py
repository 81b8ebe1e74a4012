"""Reads one log: the evaluations on its whole lines, the first that meets the target, and notes on what is odd."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from harness.compat.log_cells import Dialect, cells_of, dialect_of, is_grouped, number_of
from harness.compat.log_notes import LineNotes, printable
from harness.compat.log_text import Line, lines_of, open_log
from harness.compat.thinned import Evaluation, ThinnedCurve
from harness.records import meets_target

COLUMNS = {"seconds": "accumulated_submission_time", "steps": "global_step"}
"""{clock: column of a log}. The logs do not contain the other clocks."""

ONLY_AT_EVALUATIONS = "total_duration"
"""A column that ``measurements.csv`` fills on lines of evaluations only."""

LARGEST_CLOCK = 2.0**53
"""Largest reading of a clock that a record may hold."""

FIRST_LINES = 20
"""How many lines are looked at to tell how a file's numbers are written."""


@dataclass(frozen=True)
class Goal:
    """What a log's trial was to reach: the metric, its target, and whether lower is better."""

    metric: str
    target: float
    lower_is_better: bool


@dataclass(frozen=True)
class LogCurve:
    """What a log says.

    Attributes:
        evaluations: of its usable lines, in their order. Where a log has very many, they are thinned, but never the first that
            meets the target, nor the last.
        hit: index in `evaluations` of the first that meets the target; -1 if none does.
        longest: largest reading of the clock in seconds; 0 without an evaluation.
        reason: why the trial counts as failed, "" if it does not.
        notes: sentences that name the file and, where there is one, the line.
    """

    evaluations: tuple[Evaluation, ...] = ()
    hit: int = -1
    longest: float = 0.0
    reason: str = ""
    notes: tuple[str, ...] = ()


def read_curve(file: Path, shown: str, goal: Goal, *, mixed: bool = False) -> LogCurve:
    """Return the evaluations of a log.

    A line counts if it is whole and both its clocks are finite and not negative. The first counting line that meets the target
    is the hit, as in AlgoPerf's scoring, also where the clock goes back. Where a line without a usable clock meets the target
    before that, the trial counts as failed.

    Args:
        file: the log.
        shown: its name in notes.
        goal: metric and target of its workload.
        mixed: it is a ``measurements.csv``, which has lines of training steps between the evaluations.
    """
    notes = LineNotes(shown)
    reader = _Reader(goal, notes, mixed=mixed)
    reason = ""
    try:
        with open_log(file, notes) as text:
            reason = reader.read(lines_of(text))
    except (OSError, EOFError, ValueError, zlib.error) as error:
        reason = "" if reader.curve.count else f"the file cannot be read ({error})"
        if not reason:
            notes.add(f"the file cannot be read further ({error}); the lines before count", reader.line + 1)
    evaluations, hit = reader.curve.result()
    if not evaluations and not reason:
        reason = "no line of the file can be used" if notes.sentences() else "the file contains no evaluation"
    if reader.curve.count > len(evaluations):
        notes.add(f"the file has {reader.curve.count:,} evaluations, of which {len(evaluations):,} were kept", 0)
    return LogCurve(evaluations, hit, reader.longest, reason, notes.sentences())


class _Columns:
    """Where a log's header has what is read."""

    def __init__(self, header: Sequence[str], needed: Sequence[str]) -> None:
        self.width = len(header)
        self.absent = [name for name in needed if name not in header]
        self.places = [header.index(name) for name in needed if name in header]
        self._marker = header.index(ONLY_AT_EVALUATIONS) if ONLY_AT_EVALUATIONS in header else -1

    def is_training(self, cells: Sequence[str]) -> bool:
        """Return whether a line of ``measurements.csv`` is of training steps, without an evaluation."""
        looked_at = self.places if self._marker < 0 else [self._marker]
        return any(not cells[place] for place in looked_at)


class _Reader:
    """Reads the lines of one log.

    Attributes:
        curve: the evaluations so far.
        line: number of the line that was read last.
        longest: largest reading of the clock in seconds.
    """

    def __init__(self, goal: Goal, notes: LineNotes, *, mixed: bool) -> None:
        self.goal, self.notes, self.mixed = goal, notes, mixed
        self.needed = (*COLUMNS.values(), f"validation/{goal.metric}")
        self.curve = ThinnedCurve()
        self.line, self.longest = 0, 0.0
        self.dialect = Dialect()

    def read(self, lines: Iterator[Line]) -> str:
        """Read all lines and return why the trial counts as failed, or ""."""
        first = list(islice(lines, FIRST_LINES))
        self.dialect = dialect_of([line.text for line in first])
        columns: _Columns | None = None
        for line in chain(first, lines):
            self.line = line.number
            cells = self._cells(line)
            if not any(cells):
                continue
            if columns is None or all(name in cells for name in self.needed):
                columns = self._header(cells, columns)
                if columns.absent:
                    return f"the file has no column {columns.absent[0]}"
            elif reason := self._evaluation(cells, columns):
                return reason
        return ""

    def _cells(self, line: Line) -> list[str]:
        """Return the cells of a line that counts, else none; why it does not count is noted."""
        if line.too_long:
            self.notes.add("the line is too long and does not count", line.number)
            return []
        if not line.text.strip():
            return []
        if not line.ends:
            self.notes.add("the last line has no line end, so it may have been cut: it does not count", line.number)
            return []
        if line.text.strip("\0") == "":
            self.notes.add("the line consists of NUL bytes and does not count", line.number)
            return []
        return cells_of(line.text, self.dialect)

    def _header(self, cells: list[str], before: _Columns | None) -> _Columns:
        if before is not None:
            self.notes.add("the header stands there again; the lines after it count too", self.line)
        elif self.dialect.delimiter != ",":
            name = {";": "semicolons", "\t": "tabs"}[self.dialect.delimiter]
            comma = ", and a comma is the decimal mark" if self.dialect.decimal_comma else ""
            self.notes.add(f"{name} separate the cells{comma}; the file was read so", self.line)
        return _Columns(cells, self.needed)

    def _evaluation(self, cells: list[str], columns: _Columns) -> str:
        """Take a line after the header, and return why the trial fails for it, or ""."""
        if len(cells) < columns.width or any(cells[columns.width :]):
            what = f"the line has {len(cells)} cells, the header {columns.width}"
            self.notes.add("number of cells", self.line, f"{what}: it does not count")
            return ""
        if self.mixed and columns.is_training(cells):
            return ""
        values = []
        for name, place in zip(self.needed, columns.places, strict=True):
            value = self._number(name, cells[place])
            if value is None:
                return ""
            values.append(value)
        seconds, steps, metric = values
        return self._judge(seconds, steps, metric)

    def _number(self, name: str, cell: str) -> float | None:
        try:
            value = number_of(cell, self.dialect)
        except ValueError:
            shown = printable(cell if len(cell) <= 20 else f"{cell[:19]}…")
            self.notes.add(f"{name} is not a number", self.line, f"{name} is not a number ('{shown}'): the line does not count")
            return None
        if not cell.isalnum() and is_grouped(cell, self.dialect):
            self.notes.add("thousands", self.line, f"'{cell}' was read as {value:.15g}")
        return value

    def _judge(self, seconds: float, steps: float, metric: float) -> str:
        metric = metric if math.isfinite(metric) else math.nan
        meets = not self.curve.hit and meets_target(metric, self.goal.target, lower_is_better=self.goal.lower_is_better)
        clocks = dict(zip(COLUMNS.values(), (seconds, steps), strict=True))
        unusable = [f"{name} {problem}" for name, value in clocks.items() if (problem := _problem(value, meets=meets))]
        if unusable and meets:
            return f"line {self.line} meets the target, but its {unusable[0]}"
        if unusable:
            self.notes.add(unusable[0], self.line, f"{unusable[0]}: the line does not count")
            return ""
        if math.isnan(metric):
            name = self.needed[-1]
            self.notes.add("metric", self.line, f"{name} is blank or not finite, so the evaluation meets no target")
        last = self.curve.last
        if last is not None and (seconds < last.seconds or steps < last.steps):
            name, before, now = COLUMNS["seconds"], last.seconds, seconds
            if seconds >= last.seconds:
                name, before, now = COLUMNS["steps"], last.steps, steps
            rule = "the first line that meets the target counts, as in AlgoPerf's scoring"
            self.notes.add("back", self.line, f"{name} goes back from {before:.10g} to {now:.10g}; {rule}")
        self.curve.add(Evaluation(seconds, steps, metric), hit=meets)
        self.longest = max(self.longest, seconds)
        return ""


def _problem(value: float, *, meets: bool) -> str:
    """Return what makes the reading of a clock unusable, or ""; zero is unusable only where the target is met."""
    if math.isnan(value):
        return "is blank"
    if math.isinf(value):
        return "is infinite"
    if value < 0:
        return "is negative"
    if value > LARGEST_CLOCK:
        return "is too large"
    return "is zero" if meets and not value else ""
