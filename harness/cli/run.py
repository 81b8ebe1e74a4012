"""`timetrial run`: plan, race, leaderboard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.app import app
from harness.contracts.errors import BadInput

if TYPE_CHECKING:
    from harness.plan import Plan


@app.command()
def run(
    suite: Annotated[str, typer.Option(help="smoke, laptop or full")] = "laptop",
    submission: Annotated[
        list[str] | None, typer.Option("-s", "--submission", help="schedule, OPTIMIZER+SCHEDULE, procedure or path; repeatable")
    ] = None,
    workload: Annotated[list[str] | None, typer.Option("-w", "--workload", help="only these workloads; repeatable")] = None,
    track: Annotated[str, typer.Option(help="schedule, external or self-tuning; by default what the submissions ask for")] = "",
    studies: Annotated[int | None, typer.Option(help="independent repetitions (default: the track's, 3)")] = None,
    trials: Annotated[int | None, typer.Option(help="trials a study (default: the whole grid, or the track's)")] = None,
    seed: Annotated[int, typer.Option(help="of everything random")] = 0,
    results: Annotated[Path, typer.Option(help="directory of records and leaderboard")] = Path("results"),
    executor: Annotated[str, typer.Option(help="ray or inline")] = "ray",
    workers: Annotated[int | None, typer.Option(help="trials at a time (default: one a core or GPU)")] = None,
    address: Annotated[str, typer.Option(help="of a running Ray cluster (default: RAY_ADDRESS, else start one here)")] = "",
    no_prune: Annotated[bool, typer.Option("--no-prune", help="run every trial to the end of its horizon")] = False,
    held_out: Annotated[bool, typer.Option("--held-out", help="also the held-out variants")] = False,
    time_limit: Annotated[float | None, typer.Option(help="seconds a trial")] = None,
    retry: Annotated[bool, typer.Option("--retry", help="run failed, timed-out and out-of-memory trials again")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="print the trials and the estimated CPU time")] = False,
) -> int:
    """Run the trials that are not recorded yet, then write the leaderboard."""
    if executor not in ("ray", "inline"):
        raise BadInput(f"no executor '{executor}': choose ray or inline")
    if workers is not None and workers < 1:
        raise BadInput(f"--workers {workers}: at least 1 is needed")
    if time_limit is not None and time_limit <= 0:
        raise BadInput(f"--time-limit {time_limit:g}: a positive number of seconds is needed")
    if results.exists() and not results.is_dir():
        raise BadInput(f"--results {results}: this is a file; name a directory")
    from harness.plan import Request, make_plan

    plan = make_plan(Request(suite, tuple(submission or ()), tuple(workload or ()), track, studies, trials, seed, held_out))
    if dry_run:
        return _dry_run(plan, results, workers)
    from harness.cli.session import Session
    from harness.execution.environment import choose_device
    from harness.execution.race import Settings
    from workloads.data import data_directory

    device = choose_device()
    settings = Settings(executor, data_directory(), device, workers, address, no_prune, time_limit, retry)
    return Session(plan, results, settings).run()


def _dry_run(plan: Plan, results: Path, workers: int | None) -> int:
    from harness.cli.estimate import print_estimate

    print_estimate(plan, results, workers)
    return 0
