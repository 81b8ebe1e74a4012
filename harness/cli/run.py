"""`timetrial run`: plan, race, leaderboard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.app import app
from harness.cli.running.checks import check_execution
from harness.contracts.errors import BadInput

if TYPE_CHECKING:
    from harness.plan import Plan


@app.command()
def run(
    suite: Annotated[str, typer.Option(help="smoke, laptop or full")] = "laptop",
    submission: Annotated[
        list[str] | None, typer.Option("-s", "--submission", help="schedule, OPTIMIZER+SCHEDULE, procedure or path; repeatable")
    ] = None,
    everybody: Annotated[bool, typer.Option("--all", help="every submission that the track takes, instead of -s")] = False,
    workload: Annotated[list[str] | None, typer.Option("-w", "--workload", help="only these workloads; repeatable")] = None,
    track: Annotated[
        str, typer.Option(help="schedule, external, self-tuning or budget; by default what the submissions ask for")
    ] = "",
    studies: Annotated[int | None, typer.Option(help="independent repetitions (default: the track's, 3)")] = None,
    trials: Annotated[int | None, typer.Option(help="trials a study (default: the whole grid, or the track's)")] = None,
    seed: Annotated[int, typer.Option(help="of everything random")] = 0,
    results: Annotated[Path, typer.Option(help="directory of records and leaderboard")] = Path("results"),
    executor: Annotated[str, typer.Option(help="ray or inline")] = "ray",
    workers: Annotated[int | None, typer.Option(help="trials at a time (default: one a core or GPU)")] = None,
    address: Annotated[str, typer.Option(help="of a running Ray cluster (default: RAY_ADDRESS, else start one here)")] = "",
    no_prune: Annotated[bool, typer.Option("--no-prune", help="run every trial to the end of its horizon")] = False,
    prune: Annotated[
        str, typer.Option(help="safe: changes no number; score-only: scores stand, no intervals, an odd number of studies")
    ] = "safe",
    stop_hopeless: Annotated[
        bool, typer.Option("--stop-hopeless", help="stop trials that a forecast gives up; it errs, and the board says so")
    ] = False,
    held_out: Annotated[bool, typer.Option("--held-out", help="also the held-out variants")] = False,
    time_limit: Annotated[float | None, typer.Option(help="seconds a trial")] = None,
    sensitivity: Annotated[
        bool, typer.Option("--sensitivity", help="seven peak rates half a decade apart, complete trials, beside the board")
    ] = False,
    until_separable: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="A B", help="race A and B only, over 3, 5, 7, 10, 15 and 20 studies, until they are separable"),
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="run failed, timed-out and out-of-memory trials again")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="print the trials and the estimated CPU time")] = False,
) -> int:
    """Run the trials that are not recorded yet, then write the leaderboard."""
    check_execution(executor, workers, results)
    if time_limit is not None and time_limit <= 0:
        raise BadInput(f"--time-limit {time_limit:g}: a positive number of seconds is needed")
    from harness.cli.running.pruning_checks import check_pruning
    from harness.cli.running.separable import most_studies, run_until_separable
    from harness.plan import Request, make_plan

    pair = until_separable or ()
    if sensitivity:
        track = _sensitivity(track, trials, bool(pair))
    named = _all(submission, track, pair) if everybody else tuple(submission or ())
    request = Request(
        suite=suite,
        submissions=named,
        workloads=tuple(workload or ()),
        track=track,
        studies=studies,
        trials=trials,
        seed=seed,
        held_out=held_out,
        pair=pair,
    )
    plan = make_plan(most_studies(request) if pair else request)
    check_pruning(plan, prune, stop_hopeless=stop_hopeless, no_prune=no_prune)
    if dry_run:
        return _dry_run(plan, results, workers)
    from harness.cli.running.session import Session
    from harness.execution.environment import choose_device
    from harness.execution.race import Settings
    from workloads.data import data_directory

    settings = Settings(
        executor=executor,
        data_directory=data_directory(),
        device=choose_device(),
        workers=workers,
        address=address,
        run_to_end=no_prune or plan.track.run_to_end,
        limit=time_limit,
        retry=retry,
        prune=prune,
        stop_hopeless=stop_hopeless,
    )
    return run_until_separable(request, results, settings) if pair else Session(plan, results, settings).run()


def _all(submission: list[str] | None, track: str, pair: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of all submissions that the track takes and that can be loaded here."""
    from harness.registry import all_submissions
    from harness.rules import DEFAULT_TRACKS, RULESETS

    if submission or pair:
        raise BadInput(f"--all names every submission: leave {'-s' if submission else '--until-separable'} out")
    if track and track not in RULESETS:
        return ()  # the plan says which tracks there are
    kinds = (RULESETS[track] if track else DEFAULT_TRACKS[0]).accepts
    return tuple(found.name for found in all_submissions() if found.kind in kinds and "unavailable" not in found.facts)


def _sensitivity(track: str, trials: int | None, paired: bool) -> str:
    from harness.rules import SENSITIVITY

    if track not in ("", SENSITIVITY.beside):
        raise BadInput(f"--sensitivity belongs to the {SENSITIVITY.beside} track, not to --track {track}: leave one out")
    if trials is not None:
        raise BadInput("--sensitivity runs all seven peak rates of its grid: leave --trials out")
    if paired:
        raise BadInput("--sensitivity races nobody, --until-separable a pair: run one after the other")
    return SENSITIVITY.name


def _dry_run(plan: Plan, results: Path, workers: int | None) -> int:
    from harness.cli.running.estimate import print_estimate

    print_estimate(plan, results, workers)
    return 0
