"""`timetrial data`: fetches, verifies and prepares the data of workloads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import options
from harness.cli.app import app
from harness.cli.paths import check_data_directory, usable_data_directory
from harness.contracts.errors import BadInput, did_you_mean

if TYPE_CHECKING:
    from harness.contracts.workloads import Workload

SMALL_SUITES = ("smoke", "laptop")
"""Suites whose data are prepared unless the user names a suite or workloads."""


@app.command()
def data(
    workload: options.Workloads = None,
    suite: Annotated[
        str, typer.Option(metavar="SUITE", help="smoke, laptop or full (default: smoke and laptop; with -w, all sizes)")
    ] = "",
    directory: Annotated[
        Path | None,
        typer.Option("--dir", metavar="DIR", help="directory of the data (default: TIMETRIAL_DATA, else a cache)"),
    ] = None,
) -> int:
    """Fetch, verify and prepare the data of workloads.

    The exit status is 1 if some data are not available.
    """
    from harness.contracts.workloads import DataUnavailable
    from harness.registry import all_workloads
    from harness.rules import SUITES

    if suite and suite not in SUITES:
        raise BadInput(f"no suite '{suite}'{did_you_mean(suite, SUITES)}")
    workloads = {kind.name: kind for kind in all_workloads()}
    for name in workload or ():
        if name not in workloads:
            raise BadInput(f"no workload '{name}'{did_you_mean(name, workloads)}")
        if suite and suite not in workloads[name].sizes:
            raise BadInput(f"workload '{name}' is not in suite '{suite}': it is in {', '.join(workloads[name].sizes)}")
    if directory is not None:
        check_data_directory("--dir", directory)
        os.environ["TIMETRIAL_DATA"] = str(directory)
    place = usable_data_directory()
    suites = (suite,) if suite else SUITES if workload else SMALL_SUITES
    missing = 0
    for kind in (workloads[name] for name in workload or workloads):
        for size in kind.sizes:
            if size in suites:
                try:
                    print(f"{kind.name}: ready at size {size} ({_counts(kind(size), place)})")
                except (DataUnavailable, OSError) as error:
                    missing += 1
                    print(f"{kind.name}: not available at size {size}: {error}")
    print(f"data directory: {place}")
    return 1 if missing else 0


def _counts(workload: Workload, directory: Path) -> str:
    """Load the data of a workload and return the numbers of examples."""
    parts = workload.load(directory).items()
    return ", ".join(f"{len(next(iter(examples.values())))} {part}" for part, examples in parts)
