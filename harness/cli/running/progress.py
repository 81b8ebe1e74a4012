"""The progress of a run: a bar if there is a terminal, else a line every few seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from harness.execution.race import Race
from harness.records import Status

LINE_SECONDS = 5.0
"""Seconds between two lines of progress if there is no terminal."""

LEAST_TRIALS = 5
"""The time left is estimated once this many trials have run."""


class RaceProgress:
    """Shows how many trials of a race are done, pruned and failed, and the estimated time left."""

    def __init__(self, race: Race, console: Console) -> None:
        self._race, self._console = race, console
        self._bar: Progress | None = None
        self._started = self._last_line = time.monotonic()

    @property
    def planned(self) -> int:
        """Number of trials in the plan."""
        return len(self._race.plan.trials)

    @property
    def done(self) -> int:
        """Number of trials that are recorded, those of earlier runs included."""
        return self._race.summary.reused + self._race.summary.statuses.total()

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the progress while trials run."""
        self._started = time.monotonic()
        if not self._console.is_terminal:
            yield
            return
        columns = (
            TextColumn("trials"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
        )
        inline = self._race.settings.executor == "inline"  # then a debugger may have the terminal between two trials
        with Progress(*columns, console=self._console, auto_refresh=not inline) as self._bar:
            self._task = self._bar.add_task(self._counts(), total=self.planned, completed=self.done, left="")
            yield
        self._bar = None

    def update(self) -> None:
        """Show that another trial has ended."""
        now = time.monotonic()
        if self._bar is not None:
            counts = self._counts()
            self._bar.update(self._task, completed=self.done, description=counts, left=self._time_left(), refresh=True)
        elif now - self._last_line >= LINE_SECONDS:
            self._last_line = now
            line = f"{self.done} of {self.planned} trials ({self._counts()}) {self._time_left()}".rstrip()
            self._console.print(line, markup=False, soft_wrap=True)

    def _counts(self) -> str:
        summary = self._race.summary
        if not summary.statuses.total():
            return "starting"
        return f"{summary.statuses[Status.PRUNED]} pruned, {summary.failures} failed"

    def _time_left(self) -> str:
        ran = self._race.summary.statuses.total()
        if ran < LEAST_TRIALS:
            return ""
        seconds = (time.monotonic() - self._started) / ran * (self.planned - self.done)
        return f"about {seconds / 60:.0f} min left" if seconds >= 90 else f"about {seconds:.0f} s left"
