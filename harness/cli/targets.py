"""`timetrial targets`: sets the targets of workloads by the documented protocol, or verifies them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli import options
from harness.cli.app import INTERRUPTED, app
from harness.cli.running.checks import check_execution
from harness.cli.running.phases import PhaseInterrupted, phase_runner
from harness.contracts.errors import BadInput, did_you_mean
from harness.plan import check_seed

if TYPE_CHECKING:
    from harness.contracts.workloads import Workload
    from harness.targets import ProtocolRun


@app.command()
def targets(
    workload: options.Workloads = None,
    suite: options.Suite = "laptop",
    verify: Annotated[bool, typer.Option("--verify", help="only repeat the checks, on fresh seeds")] = False,
    only_rulers: Annotated[
        bool, typer.Option("--only-rulers", help="only measure the rulers, of workloads whose targets are set")
    ] = False,
    reduced: Annotated[
        bool | None,
        typer.Option("--reduced/--whole", help="16 draws and 3 seeds; such targets are provisional (default at size full)"),
    ] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help="seed of random numbers (default: 0; with --verify 1)")] = None,
    results: options.Results = Path("results/targets"),
    executor: options.Executor = "ray",
    workers: options.Workers = None,
    address: options.Address = "",
) -> int:
    """Set the targets of workloads and measure their rulers, or verify the targets.

    The documented protocol is run, and its results are written to targets.json and rulers.json beside the workload's
    module. An interrupted command resumes when it is repeated. A ruler costs 192 budgets of its workload, and 19 more for
    each held-out variant.
    """
    if verify and only_rulers:
        raise BadInput("--verify checks targets and --only-rulers measures rulers: run one after the other")
    check_execution(executor, workers, results, address)
    check_seed(seed or 0)
    from harness.results import ResultStore
    from harness.targets import REDUCED, WHOLE, ProtocolRun

    workloads = _workloads(tuple(workload or ()), suite, "--verify" if verify else "--only-rulers" if only_rulers else "")
    run = ProtocolRun(
        workloads,
        REDUCED if (suite == "full" if reduced is None else reduced) else WHOLE,
        ResultStore(results),
        phase_runner(results, executor, workers, address),
        int(verify) if seed is None else seed,
    )
    try:
        if verify:
            return _verify(run)
        if run.protocol.provisional and not only_rulers:
            return _set(run)  # a provisional target is replaced, and what is read off its ruler would be with it
        return max(0 if only_rulers else _set(run), _measure_rulers(run))
    except PhaseInterrupted:
        return INTERRUPTED


def _workloads(names: tuple[str, ...], suite: str, needs_targets: str) -> list[Workload]:
    """Return the named workloads, or all of the suite: to set targets, those that do not state one in their own file.

    `needs_targets` is the option that needs workloads with targets; "" where targets are to be set.
    """
    from harness.registry import find_workload, suites
    from harness.rules import SUITES

    if suite not in SUITES:
        raise BadInput(f"no suite '{suite}'{did_you_mean(suite, SUITES)}")
    workloads = [find_workload(name, suite) for name in names or suites()[suite]]
    if needs_targets:
        missing = [w.name for w in workloads if math.isnan(w.size.target)]
        if missing:
            raise BadInput(f"workload '{missing[0]}' has no target at size '{suite}' yet: leave {needs_targets} out to set one")
        return workloads
    stated = [w.name for w in workloads if not math.isnan(w.sizes[suite].target)]
    if names and stated:
        raise BadInput(f"workload '{stated[0]}' states its target in its own file: remove it there first")
    return [w for w in workloads if w.name not in stated]


def _set(run: ProtocolRun) -> int:
    from harness.targets import write_entry

    entries = run.set_targets()
    for label, entry in entries.items():
        workload = run.workloads[label]
        path = write_entry(workload, entry)
        print(f"{label}: {workload.metric} {entry['target']:g} ({entry['words']}), written to {path}")
        _print_checks(entry["checks"])
    return _exit_status(run, passed=all(c["passed"] for entry in entries.values() for c in entry["checks"].values()))


def _measure_rulers(run: ProtocolRun) -> int:
    """Measure and write the rulers of all workloads that have a target; return 0 if every base workload's is accepted."""
    from harness.registry import find_workload
    from harness.scoring.ruler import Ruler
    from harness.scoring.ruler_checks import acceptance
    from harness.targets import RulerRun, write_rulers

    workloads = [find_workload(w.name, w.size_name) for label, w in run.workloads.items() if label not in run.without_target]
    measurement = RulerRun(workloads, run.store, run.run_plan)
    rulers = measurement.measure()
    for label, reason in measurement.without_ruler.items():
        print(f"{label}: no ruler: {reason}")
    accepted = not measurement.without_ruler
    for workload in (w for w in workloads if w.label in rulers):
        labels = {name: f"{workload.label}_{name}" for name in workload.variants}
        variants = {name: rulers[label] for name, label in labels.items() if label in rulers}
        path = write_rulers(workload, rulers[workload.label], variants)
        ruler = Ruler.from_json({"version": 0, **rulers[workload.label]})
        checks = acceptance(ruler)
        accepted = accepted and checks.accepted
        print(f"{checks.sentence(workload.label)}; written to {path}")
    return 0 if accepted else 1


def _verify(run: ProtocolRun) -> int:
    from harness.targets import Configuration, verified_recipe
    from harness.targets.verdict import to_json

    references: dict[str, Configuration] = {}
    targets: dict[str, float] = {}
    variants: dict[tuple[str, str], float] = {}
    for label, workload in run.workloads.items():
        references[label] = Configuration(verified_recipe(workload), dict(workload.reference_hyperparameters))
        targets[label] = workload.size.target
        variants |= {(label, name): v.size.target for name, v in run.variants[label].items()}
    verifications = run.verify(references, targets, variants)
    for label, verification in verifications.items():
        print(f"{label}: {run.workloads[label].metric} {targets[label]:g}")
        _print_checks(to_json(verification.checks))
    return _exit_status(run, passed=all(check.passed for v in verifications.values() for check in v.checks.values()))


def _print_checks(checks: Mapping[str, Mapping[str, Any]]) -> None:
    for name, check in checks.items():
        print(f"  {'ok    ' if check['passed'] else 'FAILED'} {name:<10} {check['value']:.3g} (limit {check['limit']:g})")


def _exit_status(run: ProtocolRun, *, passed: bool) -> int:
    """Print which workloads have no target, and return 0 if all have one and all checks passed."""
    for label, reason in run.without_target.items():
        print(f"{label}: no target: {reason}")
    return 0 if passed and not run.without_target else 1
