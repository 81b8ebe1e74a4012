"""`timetrial run`: plans trials, runs those that are not recorded yet, and writes the leaderboard."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import options
from harness.cli.app import app, plain_line
from harness.cli.lines import say
from harness.cli.paths import usable_data_directory
from harness.cli.quantities import MEMORY, TIME
from harness.cli.running.checks import (
    check_execution,
    check_pruning,
    check_time_limit,
    checked_device,
    memory_bytes,
    numbers,
    own_workloads,
    without_baseline,
    without_schedule,
)
from harness.cli.running.race_file import overridden, read_race, write_race
from harness.contracts.errors import BadInput
from harness.rules import DEFAULT_TRACKS, RULESETS, SENSITIVITY, TRACKS, OwnBoard

if TYPE_CHECKING:
    from harness.execution.settings import Settings
    from harness.plan import Plan


@app.command()
def run(
    context: typer.Context,
    race: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RACE.toml]",
            help="a file of these options, as --write-config writes it",
            callback=lambda ctx, value: read_race(ctx, value, run),
            is_eager=True,
        ),
    ] = None,
    suite: options.Suite = "laptop",
    submission: Annotated[
        list[str] | None,
        typer.Option(
            "-s",
            "--submission",
            metavar="NAME",
            help="schedule, OPTIMIZER+SCHEDULE, optimizer, procedure or path, each with :key=value,... to set hyperparameters;"
            " repeatable (default: ten schedules)",
        ),
    ] = None,
    all_submissions: Annotated[
        bool, typer.Option("--all", help="run all submissions that the track accepts; optimizers under cosine decay")
    ] = False,
    workload: options.Workloads = None,
    track: Annotated[
        str,
        typer.Option(
            metavar="TRACK",
            help=f"{', '.join(TRACKS)} (default: {DEFAULT_TRACKS[0].name}, or {DEFAULT_TRACKS[-1].name} for optimizers)",
        ),
    ] = "",
    studies: Annotated[
        int | None, typer.Option(metavar="N", help="independent repetitions (default: the track's, mostly 3)")
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="points per study: peak rates, or draws; each runs at every horizon (default: all)",
        ),
    ] = None,
    rate_multiples: Annotated[
        str,
        typer.Option(
            metavar="X,Y",
            help="of submissions in AlgoPerf's form: run each point at these multiples of its learning rates (default: 1)",
        ),
    ] = "",
    seed: Annotated[int, typer.Option(metavar="N", help="seed of all random numbers")] = 0,
    results: options.Results = Path("results"),
    reference: options.Reference = False,
    executor: options.Executor = "ray",
    workers: options.Workers = None,
    address: options.Address = "",
    device: options.Device = "auto",
    per_device: options.PerDevice = 1,
    mixed: options.Mixed = False,
    prune: Annotated[
        str,
        typer.Option(
            metavar="RULE",
            help="safe: stop trials that cannot be the fastest of their study; score-only: stop all that cannot change a score,"
            " which leaves no intervals. Either leaves only the times to the target (default: run all to their ends)",
        ),
    ] = "",
    held_out: Annotated[bool, typer.Option("--held-out", help="also run the held-out variants of the workloads")] = False,
    time_limit: Annotated[
        float | None, typer.Option(metavar="SECONDS", parser=TIME, help="time limit per trial: seconds, or 90s, 5m, 1h")
    ] = None,
    memory: Annotated[
        float | None,
        typer.Option(
            metavar="GB",
            parser=MEMORY,
            help="memory limit per worker, in GB or as 500MB (default over Ray: the machine's memory over the workers)",
        ),
    ] = None,
    sensitivity: Annotated[
        bool,
        typer.Option("--sensitivity", help="run seven peak learning rates for the board's section on sensitivity"),
    ] = False,
    until_separable: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="A B", help="run only A and B, over 3 to 20 studies, until they differ significantly"),
    ] = None,
    log_losses: Annotated[
        bool, typer.Option("--log-losses", help="keep the training losses of the trials that run, for `timetrial export`")
    ] = False,
    retry: Annotated[bool, typer.Option("--retry", help="repeat trials that failed, timed out or ran out of memory")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only print the trials and their estimated time")] = False,
    write_config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="only write this race to FILE (what was given, and which race it is); timetrial run FILE then runs it",
        ),
    ] = None,
) -> int:
    """Run trials and write the leaderboard.

    Recorded trials are not run again, so an interrupted command resumes when it is repeated. The exit status is 1 if a trial
    failed, timed out, ran out of memory or was killed.
    """
    for option in overridden(context, run):
        say(plain_line(f"{option} of the command line stands instead of the file's"), sys.stderr)
    check_execution(executor, workers, results, address)
    check_time_limit(time_limit)
    from harness.execution.settings import Settings
    from harness.plan import Request, make_plan

    request = Request(
        suite=suite,
        submissions=tuple(submission or ()),
        workloads=tuple(workload or ()),
        track=track,
        studies=studies,
        trials=trials,
        seed=seed,
        held_out=held_out,
        pair=until_separable or (),
        rate_multiples=numbers("--rate-multiples", rate_multiples),
    )
    settings = Settings(
        executor=executor,
        data_directory=usable_data_directory(),
        workers=workers,
        address=address,
        device=checked_device(device, per_device),
        per_device=per_device,
        mixed=mixed,
        limit=time_limit,
        memory=memory_bytes(memory),
        retry=retry,
        prune=prune,
        log_losses=log_losses,
    )
    if sensitivity:
        request = replace(request, track=_sensitivity_track(track, trials, request.pair))
    if all_submissions:
        request = replace(request, submissions=_all_submissions(request.submissions, request.track, request.pair))
    if request.pair:
        from harness.cli.running.separable import largest_plan

        plan = largest_plan(request)
    else:
        plan = make_plan(request)
    check_pruning(plan, settings)
    ranks = plan.track.own_board is OwnBoard.ALWAYS and not request.pair
    if reference and not ranks:
        raise BadInput("--reference belongs to the board of a track: leave out --until-separable and --sensitivity, or it")
    from harness.cli.running.first_steps import check_first_steps
    from harness.cli.running.sampling import check_schedules
    from harness.results import check_reference, reference_input

    check_schedules(plan)
    check_first_steps(plan, settings.data_directory)
    if reference:
        check_reference(plan.track.name, plan.suite)
    if not workload and (joined := own_workloads(plan)):
        where = f"{', '.join(joined)} of this directory {'take' if len(joined) > 1 else 'takes'} part"
        say(plain_line(f"{where} in every race of the {plan.suite} suite here: -w names others"), sys.stderr)
    for line in without_schedule(plan):
        say(plain_line(line), sys.stderr)
    if ranks and not reference and (line := without_baseline(plan, results)):
        say(plain_line(line), sys.stderr)
    if write_config is not None:
        write_race(context, run, write_config, plan)
        say(plain_line(f"{write_config}: timetrial run {write_config} runs it"))
        return 0
    if dry_run:
        from harness.cli.running.estimate import print_estimate

        print_estimate(plan, results, settings)
        return 0
    settings = _on_this_machine(settings, plan)
    if request.pair:
        from harness.cli.running.separable import run_until_separable

        return run_until_separable(request, results, settings)
    from harness.cli.running.session import Session

    beside = reference_input(plan.track.name, plan.suite) if reference else None
    return Session(plan, results, settings, beside).run()


def _on_this_machine(settings: Settings, plan: Plan) -> Settings:
    """Return the settings with the device."""
    from harness.execution.devices import device_for

    return replace(settings, device=device_for(settings))


def _all_submissions(named: Sequence[str], track: str, pair: Sequence[str]) -> tuple[str, ...]:
    """Return the names of all submissions that the track accepts, without the broken ones; a line says which these are."""
    from harness.registry import all_submissions

    if named or pair:
        raise BadInput(f"--all names all submissions: leave {'-s' if named else '--until-separable'} out")
    if track and track not in RULESETS:
        return ()  # `make_plan` reports the unknown track
    kinds = (RULESETS[track] if track else DEFAULT_TRACKS[0]).accepts
    accepted = [submission for submission in all_submissions() if submission.kind in kinds]
    for submission in accepted:
        if "broken" in submission.facts:
            print(plain_line(f"left out, broken: {submission.facts['broken']}"), file=sys.stderr)
    return tuple(submission.raced_as for submission in accepted if "broken" not in submission.facts)


def _sensitivity_track(track: str, trials: int | None, pair: Sequence[str]) -> str:
    """Return the name of the track that `--sensitivity` runs.

    Raises:
        BadInput: an option that does not go together with `--sensitivity`.
    """
    if track not in ("", SENSITIVITY.beside):
        raise BadInput(f"--sensitivity belongs to the {SENSITIVITY.beside} track, not to --track {track}: leave one out")
    if trials is not None:
        raise BadInput("--sensitivity always runs all seven peak learning rates: leave --trials out")
    if pair:
        raise BadInput("--sensitivity and --until-separable cannot run together: leave one out")
    return SENSITIVITY.name
