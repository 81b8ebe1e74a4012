"""A run as the user sees it: progress, the board at any moment, and what it took."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from harness.contracts.errors import BadInput
from harness.execution.race import Race, Settings
from harness.plan import Plan
from harness.records import TrialRecord
from harness.results import MOST_SINGLE_FILES, ResultStore, board_input, compact
from harness.rules import OwnBoard, Reading

BOARD_SECONDS = 30.0
"""Least time between two rewritings of the board during a run."""

BOARD_SHARE = 0.03
"""Rewriting the board takes at most about this share of a run's time."""

LINE_SECONDS = 5.0
"""Time between two plain progress lines where there is no terminal."""


class Session:
    """Runs a plan and keeps the user informed."""

    def __init__(self, plan: Plan, results: Path, settings: Settings) -> None:
        self.results = results
        self.store = ResultStore(results)
        self.race = Race(plan, self.store, settings, self._heard)
        self.console = Console(highlight=False)
        self._progress: Progress | None = None
        self._started = self._last_line = time.monotonic()
        self._last_board, self._board_cost, self._board_seconds = time.monotonic(), 0.0, 0.0

    def run(self) -> int:
        """Race, write the board, say what it took; return the exit status."""
        self.race.prepare()
        for label, reason in self.race.skipped.items():
            self._say(f"skipped {label}: {reason}")
        for path, reason in self.store.damaged.items():
            self._say(f"set aside {path.name}.damaged: {reason}")
        if not self.race.plan.trials:
            raise BadInput("no workload is left to run: " + "; ".join(f"{w}: {r}" for w, r in self.race.skipped.items()))
        self._started = time.monotonic()
        try:
            with self._shown():
                self._execute()
        except KeyboardInterrupt:
            self._board(figures=True)
            self._say(
                f"interrupted after {self._done} of {self._planned} trials, all kept; run the same command again to resume"
            )
            return 130
        except OSError as error:
            self._say(f"timetrial: {error.strerror or error}: {error.filename or self.results}")
            self._say("nothing recorded so far is lost; mend that and run the same command again to resume")
            return 1
        self._board(figures=True, show=True)
        self._compact()
        self._say_what_it_took()
        return 1 if self.race.summary.failures else 0

    def _compact(self) -> None:
        """Put the records into Parquet files once they are many; that this fails costs nothing but room."""
        if self.store.single_files() > MOST_SINGLE_FILES:
            try:
                compact(self.store)
            except BadInput as error:
                self._say(f"timetrial: {error}")

    def _say(self, line: str) -> None:
        """Print one plain line, whatever its length and whatever brackets it holds."""
        self.console.print(line, markup=False, soft_wrap=True)

    def _execute(self) -> None:
        if self.race.settings.executor == "inline":
            from harness.execution.inline import run_inline

            run_inline(self.race)
            return
        try:
            from harness.execution.ray_tune import run_over_ray
        except ImportError as error:
            raise BadInput(
                f"Ray is not installed here ({error}): pip install 'timetrial[ray]', or use --executor inline"
            ) from None
        run_over_ray(self.race)

    @property
    def _planned(self) -> int:
        return len(self.race.plan.trials)

    @property
    def _done(self) -> int:
        return self.race.summary.reused + self.race.summary.statuses.total()

    @contextmanager
    def _shown(self) -> Iterator[None]:
        if not self.console.is_terminal:
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
        with Progress(*columns, console=self.console) as self._progress:
            self._task = self._progress.add_task(self._counts(), total=self._planned, completed=self._done, left="")
            yield
        self._progress = None

    def _heard(self, record: TrialRecord, race: Race) -> None:
        if record.status in ("failed", "out-of-memory", "timeout", "killed") and race.summary.failures <= 10:
            spec = record.spec
            trial = f"{spec.submission} on {spec.workload_label}, study {spec.study}, trial {spec.trial}"
            self._say(f"{record.status}: {trial}: {record.reason}")
        now = time.monotonic()
        if self._progress is not None:
            self._progress.update(self._task, completed=self._done, description=self._counts(), left=self._left())
        elif now - self._last_line >= LINE_SECONDS:
            self._last_line = now
            self._say(f"{self._done} of {self._planned} trials ({self._counts()}) {self._left()}")
        if now - self._last_board >= max(BOARD_SECONDS, self._board_cost / BOARD_SHARE):
            self._board(figures=False)

    def _counts(self) -> str:
        statuses = self.race.summary.statuses
        if not statuses.total():
            return "starting"
        return f"{statuses['pruned']} pruned, {self.race.summary.failures} failed"

    def _left(self) -> str:
        ran = self.race.summary.statuses.total()
        if ran < 5:
            return ""
        seconds = (time.monotonic() - self._started) / ran * (self._planned - self._done)
        return f"about {seconds / 60:.0f} min left" if seconds >= 90 else f"about {seconds:.0f} s left"

    def _board(self, *, figures: bool, show: bool = False) -> None:
        """Rewrite the leaderboard; a board that cannot be drawn never ends a run."""
        from harness.report import sensitivity_table, terminal_table, write_report
        from harness.scoring import ScoringRules, sensitivities

        began = time.monotonic()
        track, suite = self.race.plan.track, self.race.plan.suite
        if self.race.plan.pair or track.own_board is OwnBoard.NEVER:
            return
        board_of = track.beside if track.own_board is OwnBoard.FALLBACK else track.name
        given = board_input(self.results, track=board_of, suite=suite, absent_ok=True)
        if track.own_board is OwnBoard.FALLBACK and given.trials.empty:
            given = board_input(self.results, track=track.name, suite=suite)
        if given.trials.empty:
            return
        rules = ScoringRules(track.clock, pruned_by=given.pruned_by)
        board = write_report(given, self.results / "leaderboard.html", rules, figures=figures)
        self._last_board = time.monotonic()
        self._board_cost = self._last_board - began
        self._board_seconds += self._board_cost
        if show:
            terminal_table(board, self.console)
            if Reading.RATE_SENSITIVITY in track.reads and not given.sensitivity.empty:
                sensitivity_table(sensitivities(given.sensitivity), self.console)
            self._say(f"leaderboard: {self.results / 'leaderboard.html'}")

    def _say_what_it_took(self) -> None:
        summary = self.race.summary
        ran = summary.statuses.total()
        own = resource.getrusage(resource.RUSAGE_SELF)
        cpu = own.ru_utime + own.ru_stime + summary.worker_seconds
        elapsed = time.monotonic() - summary.started
        other = max(cpu - summary.training_seconds - summary.evaluation_seconds - summary.setup_seconds, 0.0)
        kept = f", {summary.reused} were there already" if summary.reused else ""
        self._say(
            f"{ran} trials in {elapsed:.0f} s{kept}: CPU seconds {summary.training_seconds:.0f} in training, "
            f"{summary.evaluation_seconds:.0f} in evaluation, {summary.setup_seconds:.0f} in set-up of trials, "
            f"{other:.0f} in everything else (boards {self._board_seconds:.0f})"
        )
        sys.stdout.flush()
