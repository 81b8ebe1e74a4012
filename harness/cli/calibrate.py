"""`timetrial calibrate`: the default point and the search space of an optimizer or a procedure, from held-out variants."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import options
from harness.cli.app import INTERRUPTED, app
from harness.cli.running.checks import check_execution
from harness.cli.running.phases import PhaseInterrupted, phase_runner
from harness.contracts.errors import BadInput

if TYPE_CHECKING:
    from harness.targets.calibration import Calibration, CalibrationRun


@app.command()
def calibrate(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="optimizers, OPTIMIZER+SCHEDULE (default: cosine) or procedures"),
    ] = None,
    missing: Annotated[
        bool, typer.Option("--missing", help="all built-in ones without calibrated defaults of their present source")
    ] = False,
    results: options.Results = Path("results/calibration"),
    executor: options.Executor = "ray",
    workers: options.Workers = None,
    address: options.Address = "",
) -> int:
    """Find the default point and the search space of optimizers and procedures on held-out variants.

    Points of the bounds that each declares are trained on held-out variants of the laptop suite, with seeds that no race uses:
    17 points at half the budget on six variants, then the best four and the declared defaults at the whole budget on all 13.
    That costs at most 116 budgets each. The result of a built-in plug-in is written to calibrated.json beside it, and is from
    then on what its name means; NAME:defaults=paper stays what its file declares. What to write into the file of any other
    is printed. An interrupted command resumes when it is repeated.
    """
    if bool(names) == missing:
        raise BadInput("name what is to be calibrated, or type --missing" + " without a name" * missing)
    from harness.registry import all_submissions
    from harness.targets.calibration import LAPTOP, CalibrationRun, held_out_variants, present_entries, subject_of, uncalibrated

    subjects = [subject_of(name) for name in names or uncalibrated(all_submissions())]
    if not subjects:
        print("all built-in optimizers and procedures have calibrated defaults of their present source")
        return 0
    check_execution(executor, workers, results, address)
    if any(subject.built_in for subject in subjects):
        present_entries()  # a damaged file is told before the trials, not after them
    from harness.results import ResultStore

    runner, store, variants = phase_runner(results, executor, workers, address), ResultStore(results), held_out_variants(LAPTOP)
    worst = 0
    for subject in subjects:
        worst = max(worst, _calibrate(CalibrationRun(subject, LAPTOP, variants, store, runner)))
        if worst == INTERRUPTED:
            break
    return worst


def _calibrate(run: CalibrationRun) -> int:
    from harness.targets.calibration import NotCalibrated

    subject, design = run.subject, run.design
    print(
        f"{subject.trained.name}: {len(run.points)} points of {', '.join(subject.bounds)};"
        f" at most {design.budgets(len(run.variants)):.0f} budgets"
    )
    try:
        result = run.calibrate()
    except PhaseInterrupted:
        return INTERRUPTED
    except NotCalibrated as error:
        print(f"{subject.name}: not calibrated: {error}")
        return 1
    _report(result)
    return 0


def _report(result: Calibration) -> None:
    from harness.contracts.messages import display_path
    from harness.targets.calibration import name_with_defaults, plugin_text, write_calibrated
    from harness.targets.calibration.choice import mean
    from harness.targets.calibration.run import DECLARED

    subject = result.subject
    for stage in result.stages:
        own, declared = (math.exp(mean(stage.gains[point])) for point in (result.chosen, DECLARED))
        where = f"{stage.variants} variant{'s' * (stage.variants > 1)}"
        print(
            f"at {stage.horizon:g} of the budget on {where}: as good as the reference recipe with"
            f" {own:.2f} of that budget (declared defaults: {declared:.2f})"
        )
    if result.chosen == DECLARED:
        print("the declared defaults are the best point")
    cost = f"{result.budgets:g} budgets, {result.seconds:.0f} s of trials"
    if subject.plugin.path is None:
        print(f"{cost}; a library's class has no file to write this into: race it as {name_with_defaults(result)}")
        return
    print(f"{cost}; to write into the plug-in's own file:")
    print(plugin_text(result))
    if subject.built_in:
        print(f"written to {display_path(write_calibrated(result))}: '{subject.name}' has these defaults from now on")
    elif subject.plugin.given:
        print(f"nothing is written: {subject.plugin.name} sets values; without them the result would be that of {subject.name}")
