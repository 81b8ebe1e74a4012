"""`timetrial data`: fetch, verify and prepare data sets once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.app import app
from harness.contracts.errors import BadInput, did_you_mean


@app.command()
def data(
    workload: Annotated[list[str] | None, typer.Option("-w", "--workload", help="only these; repeatable")] = None,
    suite: Annotated[str, typer.Option(help="smoke, laptop or full (default: smoke and laptop; with -w, every size)")] = "",
    directory: Annotated[
        Path | None, typer.Option("--dir", help="where (default: TIMETRIAL_DATA, else the user's cache)")
    ] = None,
) -> int:
    """Fetch, verify and prepare the data of all workloads, or of some."""
    from harness.contracts import DataUnavailable
    from harness.registry import all_workloads
    from harness.rules import SUITES

    if suite and suite not in SUITES:
        raise BadInput(f"no suite '{suite}': choose one of {', '.join(SUITES)}")
    kinds = {kind.name: kind for kind in all_workloads()}
    for name in workload or ():
        if name not in kinds:
            raise BadInput(f"no workload '{name}'{did_you_mean(name, kinds)}")
    if directory is not None:
        os.environ["TIMETRIAL_DATA"] = str(directory)
    from workloads.data import data_directory

    missing = 0
    for name in workload or kinds:
        asked = (suite,) if suite else SUITES if workload else ("smoke", "laptop")
        sizes = [size for size in kinds[name].sizes if size in asked]
        if workload and not sizes:
            raise BadInput(f"workload '{name}' is not in suite '{suite}': it is in {', '.join(kinds[name].sizes)}")
        for size in sizes:
            try:
                parts = kinds[name](size=size).load(data_directory())
                counts = ", ".join(f"{len(next(iter(examples.values())))} {part}" for part, examples in parts.items())
                print(f"{name}: ready at size {size} ({counts})")
            except (DataUnavailable, OSError) as error:
                missing += 1
                print(f"{name}: not available at size {size}: {error}")
    print(f"data directory: {data_directory()}")
    return 1 if missing else 0
