"""`harness.race`: trials that run from a notebook or a script."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from harness.contracts.errors import BadInput
from harness.notebook.board import Leaderboard, leaderboard

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from harness.contracts.algorithms import TrainingAlgorithm
    from harness.contracts.optimizers import Optimizer
    from harness.contracts.schedules import Schedule
    from harness.execution.race import Race
    from harness.records import TrialRecord

    Given = str | Schedule | Optimizer | type[TrainingAlgorithm] | Any
    """A submission, or one half of (optimizer, schedule)."""

PRINTED_FAILURES = 3
"""The reasons of this many failed trials are printed; the board's records have all of them."""


LINE_SECONDS = 10.0
"""Seconds between two lines of progress."""


class Choices(TypedDict, total=False):
    """What else `race` takes, with the meaning and the default of the command line's options.

    Attributes:
        workloads: names of workloads of the suite (default: all).
        track: which rules (default: what the submissions are raced by).
        studies, trials: numbers (default: the track's).
        seed: of all random numbers (default: 0).
        workers: simultaneous trials over Ray (default: one per core or GPU).
        time_limit: wall seconds per trial (default: none).
        log_losses: keep the training losses of the trials that run (default: no).
    """

    workloads: Sequence[str]
    track: str
    studies: int | None
    trials: int | None
    seed: int
    workers: int | None
    time_limit: float | None
    log_losses: bool


def race(
    submissions: Sequence[Given | tuple[Given, Given]] | None = None,
    *,
    suite: str = "smoke",
    results: Path | str = "results",
    executor: str = "inline",
    reference: bool = False,
    **choices: Unpack[Choices],
) -> Leaderboard:
    """Run the trials that are not recorded yet, write the page, and return the board.

    An interrupted race resumes when it is called again: a recorded trial is not run again, and an edited submission runs anew.

    Args:
        submissions: names as typed after ``-s``; schedules, optimizer recipes, classes of training procedures and plain
            functions of step and horizon, also those that a cell defines; (optimizer, schedule) pairs of these. Without any,
            the ten schedules of `timetrial run`.
        suite: smoke, laptop or full.
        results: directory for records, page, and sources of what cells define.
        executor: "inline", one trial after the other in this process, or "ray", which uses all cores.
        reference: show the committed reference result beside the trials.
        **choices: see `Choices`.

    Raises:
        BadInput: a submission, a workload or another choice cannot be run.
        KeyboardInterrupt: the user interrupted the race.
    """
    from harness.cli.paths import usable_data_directory
    from harness.cli.running.checks import check_execution, check_time_limit
    from harness.cli.running.first_steps import check_first_steps
    from harness.cli.running.sampling import check_schedules
    from harness.execution.devices import device_for
    from harness.execution.race import Race
    from harness.execution.settings import AUTO, Settings
    from harness.notebook.submissions import found
    from harness.plan import Request, make_plan
    from harness.results import ResultStore

    results, workers, limit = Path(results), choices.get("workers"), choices.get("time_limit")
    logged = choices.get("log_losses", False)
    _check_choices(submissions, choices)
    check_execution(executor, workers, results)
    check_time_limit(limit)
    request = Request(
        suite=suite,
        found=tuple(found(given, results) for given in submissions or ()),
        workloads=tuple(choices.get("workloads", ())),
        track=choices.get("track", ""),
        studies=choices.get("studies"),
        trials=choices.get("trials"),
        seed=choices.get("seed", 0),
    )
    plan = make_plan(request)
    settings = Settings(executor, usable_data_directory(), AUTO, workers=workers, limit=limit, log_losses=logged)
    settings = replace(settings, device=device_for(settings))
    check_schedules(plan)
    check_first_steps(plan, settings.data_directory)
    race = Race(plan, ResultStore(results), settings, _Told())
    race.prepare()
    for label, reason in race.skipped.items():
        print(f"skipped {label}: {reason}")
    if not race.plan.trials:
        raise BadInput("no workload can be run: " + "; ".join(f"{label}: {why}" for label, why in race.skipped.items()))
    with closing(race):
        _run(race)
    board = leaderboard(results, track=plan.track.name, suite=suite, reference=reference)
    board.write(results / "leaderboard.html")
    return board


def _check_choices(submissions: object, choices: Choices) -> None:
    """Check that the submissions are several, and that the choices exist.

    Raises:
        BadInput: they are not.
    """
    from harness.contracts.errors import did_you_mean

    if isinstance(submissions, str) or not isinstance(submissions, Sequence | None):
        raise BadInput(f"race takes a list of submissions: write race([{submissions!r:.60}])")
    if submissions is not None and not submissions:
        raise BadInput("the list of submissions is empty: name some, or leave it out for the ten schedules of `timetrial run`")
    for name in choices:
        if name not in Choices.__annotations__:
            raise BadInput(f"race has no argument '{name}'{did_you_mean(name, Choices.__annotations__)}")


def _run(race: Race) -> None:
    """Run a prepared race; where Ray does not start, in this process."""
    from harness.execution.dispatch.pools import NoWorkers
    from harness.execution.inline import run_inline
    from harness.execution.over_ray import run_over_ray

    if race.settings.executor == "ray":
        try:
            return run_over_ray(race, print)
        except NoWorkers as reason:
            print(f"{reason}: the trials run one after the other in this process (executor='inline')")
    return run_inline(race, print)


class _Told:
    """Prints how far a race is, every few seconds, and why the first trials failed."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, record: TrialRecord, race: Race) -> None:
        """Take note of another trial that has ended."""
        from harness.records import FAILURES
        from harness.report.words import one_line

        if record.status in FAILURES and race.summary.failures <= PRINTED_FAILURES:
            spec = record.spec
            where = f"{spec.submission} on {spec.workload_label}, study {spec.study}, trial {spec.trial}"
            print(one_line(f"{record.status}: {where}: {record.reason}"))
        if time.monotonic() - self._last >= LINE_SECONDS:
            self._last = time.monotonic()
            done = race.summary.reused + race.summary.statuses.total()
            print(f"{done} of {len(race.plan.trials)} trials")
