"""A run of a plan as the user sees it: messages, progress, the leaderboard, and a summary at the end."""

from __future__ import annotations

import resource
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from harness.cli.app import INTERRUPTED
from harness.cli.left_out import print_left_out
from harness.cli.lines import print_line
from harness.cli.running.live_board import LiveBoard
from harness.cli.running.progress import RaceProgress
from harness.contracts.errors import BadInput
from harness.execution.dispatch.pools import NoWorkers, RunStopped
from harness.execution.race import Race
from harness.execution.settings import Settings
from harness.plan import Plan
from harness.records import FAILURES, Status, TrialRecord
from harness.results import MOST_SINGLE_FILES, BoardInput, ResultStore, compact

PRINTED_FAILURES = 10
"""The reasons of this many failed trials are printed; the page has all of them."""


class Session:
    """Runs the trials of a plan and keeps the user informed."""

    def __init__(self, plan: Plan, results: Path, settings: Settings, reference: BoardInput | None = None) -> None:
        self.results = results
        self.store = ResultStore(results)
        self.race = Race(plan, self.store, settings, self._trial_ended)
        self.console = Console(highlight=False)
        self._progress = RaceProgress(self.race, self.console)
        self._board = LiveBoard(plan, results, reference)

    def run(self) -> int:
        """Run the trials, write the leaderboard, print a summary, and return the exit status."""
        self.race.prepare()
        for label, reason in self.race.skipped.items():
            self._print(f"skipped {label}: {reason}")
        print_left_out(self.store.damaged, self._print)
        if self.race.settings.log_losses and (without := self.race.without_losses):
            self._print(
                f"--log-losses: {without} of the {len(self.race.plan.trials)} trials are recorded without losses, and do not "
                "run again: name another directory with --results to have theirs"
            )
        self._board.named = frozenset(self.store.damaged)
        if not self.race.plan.trials:
            raise BadInput("no workload can be run: " + "; ".join(f"{w}: {r}" for w, r in self.race.skipped.items()))
        try:
            with closing(self.race), self._progress.shown():
                self._execute()
        except KeyboardInterrupt:
            return self._interrupted()
        except OSError as error:
            self._print(f"timetrial: {error.strerror or error}: {error.filename or self.results}")
            self._print("all trials recorded so far are safe: solve this problem and run the same command again to resume")
            return 1
        except RunStopped as stopped:
            self._print(f"timetrial: {stopped}; {self._recorded}: run the same command again to resume")
            self._board.write(figures=True)
            return 1
        self._board.write(figures=True, show_on=self.console)
        self._compact()
        self._print_summary()
        return 1 if self.race.summary.failures else 0

    @property
    def _recorded(self) -> str:
        return f"{self._progress.done} of {self._progress.planned} trials are recorded"

    def _interrupted(self) -> int:
        """Say what is kept; then write the board, unless the user interrupts that too."""
        self._print(f"interrupted; {self._recorded}: run the same command again to resume")
        try:
            self._board.write(figures=True)
        except KeyboardInterrupt:
            self._print("interrupted again; the board was not written: `timetrial report` writes it")
        return INTERRUPTED

    def _execute(self) -> None:
        from harness.execution.devices import device_for, unused_here
        from harness.execution.inline import run_inline
        from harness.execution.over_ray import run_over_ray

        if self.race.settings.executor != "inline":
            try:
                return run_over_ray(self.race, self._print)
            except NoWorkers as reason:
                self._print(f"{reason}: the trials run one after the other in this process (--executor inline)")
                self.race.train_on(device_for(replace(self.race.settings, executor="inline")))
        device = self.race.settings.device
        if unused := unused_here(device):
            self._print(f"one trial at a time on one CPU core (this machine); {unused}")
        elif device != "cpu":
            self._print("one trial at a time on one GPU (this machine)")
        return run_inline(self.race, self._print)

    def _trial_ended(self, record: TrialRecord, race: Race) -> None:
        if record.status in (*FAILURES, Status.KILLED) and race.summary.failures <= PRINTED_FAILURES:
            spec = record.spec
            trial = f"{spec.submission} on {spec.workload_label}, study {spec.study}, trial {spec.trial}"
            self._print(f"{record.status}: {trial}: {record.reason}")
        self._progress.update()
        if self._board.due:
            self._board.write(figures=False)

    def _compact(self) -> None:
        """Move many single records into Parquet files. Without it they only take more disk space."""
        if self.store.single_files() > MOST_SINGLE_FILES:
            try:
                compact(self.store)
            except BadInput as error:
                self._print(f"timetrial: {error}")

    def _print(self, line: str) -> None:
        """Print a sentence as it is: brackets are not interpreted as markup, control characters are made visible."""
        if not line.isprintable():
            from harness.report.words import one_line  # the package takes a second to import

            line = one_line(line)
        print_line(line, self.console)

    def _print_summary(self) -> None:
        summary = self.race.summary
        own = resource.getrusage(resource.RUSAGE_SELF)
        cpu = own.ru_utime + own.ru_stime + summary.worker_seconds
        other = max(cpu - summary.training_seconds - summary.evaluation_seconds - summary.setup_seconds, 0.0)
        elapsed = time.monotonic() - summary.started
        before = f"; {summary.reused} were recorded before" if summary.reused else ""
        self._print(
            f"{summary.statuses.total()} trials run in {elapsed:.0f} s{before}. CPU seconds: "
            f"training {summary.training_seconds:.0f}, evaluation {summary.evaluation_seconds:.0f}, "
            f"set-up {summary.setup_seconds:.0f}, everything else {other:.0f} (boards {self._board.seconds:.0f})"
        )
        sys.stdout.flush()
