"""`timetrial targets`: set targets by the protocol, or verify them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.app import app
from harness.cli.running.checks import check_execution
from harness.contracts.errors import BadInput

if TYPE_CHECKING:
    from harness.contracts import Workload
    from harness.execution.race import Settings
    from harness.plan import Plan
    from harness.targets import Setting, Verified


class _Interrupted(Exception):
    """The user stopped a phase; the exit status is the argument."""


@app.command()
def targets(
    workload: Annotated[list[str] | None, typer.Option("-w", "--workload", help="only these workloads; repeatable")] = None,
    suite: Annotated[str, typer.Option(help="the size: smoke, laptop or full")] = "laptop",
    verify: Annotated[bool, typer.Option("--verify", help="repeat the checks on fresh seeds; set nothing")] = False,
    reduced: Annotated[
        bool | None, typer.Option("--reduced/--whole", help="16 draws and 3 seeds, marked provisional (default at size full)")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="of everything random (default: 0; 1 with --verify)")] = None,
    results: Annotated[Path, typer.Option(help="directory of the protocol's records")] = Path("results/targets"),
    executor: Annotated[str, typer.Option(help="ray or inline")] = "ray",
    workers: Annotated[int | None, typer.Option(help="trials at a time (default: one a core or GPU)")] = None,
    address: Annotated[str, typer.Option(help="of a running Ray cluster (default: RAY_ADDRESS, else start one here)")] = "",
) -> int:
    """Set targets by the documented protocol, with provenance, in targets.json beside the workload's module; resumes."""
    check_execution(executor, workers, results)
    from harness.execution.environment import choose_device
    from harness.execution.race import Settings
    from harness.results import ResultStore
    from harness.targets import REDUCED, WHOLE, Setting
    from workloads.data import data_directory

    chosen = _chosen(tuple(workload or ()), suite, verify)
    protocol = REDUCED if (suite == "full" if reduced is None else reduced) else WHOLE
    settings = Settings(executor, data_directory(), choose_device(), workers, address, run_to_end=True)
    seed = int(verify) if seed is None else seed
    setting = Setting(chosen, protocol, ResultStore(results), lambda plan: _phase(plan, results, settings), seed)
    try:
        return _verify(setting) if verify else _set(setting)
    except _Interrupted as stopped:
        return int(stopped.args[0])


def _chosen(names: tuple[str, ...], suite: str, verify: bool) -> list[Workload]:
    from harness.registry import find_workload, suites
    from harness.rules import SUITES

    if suite not in SUITES:
        raise BadInput(f"no suite '{suite}': choose one of {', '.join(SUITES)}")
    chosen = [find_workload(name, suite) for name in names or suites()[suite]]
    if not verify:
        by_hand = [w.name for w in chosen if not math.isnan(w.sizes[suite].target)]
        if names and by_hand:
            raise BadInput(f"workload '{by_hand[0]}' states its target in its own file: remove it there first")
        chosen = [w for w in chosen if w.name not in by_hand]
    missing = [w.name for w in chosen if verify and math.isnan(w.settings.target)]
    if missing:
        raise BadInput(f"workload '{missing[0]}' has no target at size '{suite}' yet: leave --verify out to set one")
    return chosen


def _phase(plan: Plan, results: Path, settings: Settings) -> None:
    from harness.cli.running.session import Session

    status = Session(plan, results, settings).run()
    if status == 130:
        raise _Interrupted(status)


def _set(setting: Setting) -> int:
    from harness.targets import write_entry

    entries = setting.targets()
    for label, entry in entries.items():
        workload = setting.workloads[label]
        path = write_entry(workload, entry)
        print(f"{label}: {workload.metric} {entry['target']:g} ({entry['words']}), written to {path}")
        _print_checks(entry["checks"])
    return _told(setting, all(c["passed"] for entry in entries.values() for c in entry["checks"].values()))


def _verify(setting: Setting) -> int:
    from harness.targets import Configuration, verified_recipe
    from harness.targets.verdict import to_json

    references: dict[str, Configuration] = {}
    goals: dict[str, float] = {}
    variants: dict[tuple[str, str], float] = {}
    for label, workload in setting.workloads.items():
        references[label] = Configuration(verified_recipe(workload), dict(workload.reference_hyperparameters))
        goals[label] = workload.settings.target
        variants |= {(label, name): v.settings.target for name, v in setting.variants[label].items()}
    verified: Mapping[str, Verified] = setting.verify(references, goals, variants)
    for label, found in verified.items():
        print(f"{label}: {setting.workloads[label].metric} {goals[label]:g}")
        _print_checks(to_json(found.checks))
    return _told(setting, all(check.passed for found in verified.values() for check in found.checks.values()))


def _print_checks(checks: Mapping[str, Mapping[str, Any]]) -> None:
    for name, check in checks.items():
        print(f"  {'ok    ' if check['passed'] else 'FAILED'} {name:<10} {check['value']:.3g} (limit {check['limit']:g})")


def _told(setting: Setting, passed: bool) -> int:
    for label, reason in setting.unset.items():
        print(f"{label}: no target: {reason}")
    return 0 if passed and not setting.unset else 1
