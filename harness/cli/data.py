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
    directory: Annotated[
        Path | None, typer.Option("--dir", help="where (default: TIMETRIAL_DATA, else the user's cache)")
    ] = None,
) -> int:
    """Fetch, verify and prepare the data of all workloads, or of some."""
    from harness.contracts import DataUnavailable
    from harness.registry import all_workloads

    kinds = {kind.name: kind for kind in all_workloads()}
    for name in workload or ():
        if name not in kinds:
            raise BadInput(f"no workload '{name}'{did_you_mean(name, kinds)}")
    if directory is not None:
        os.environ["TIMETRIAL_DATA"] = str(directory)
    from workloads.data import data_directory

    missing = 0
    for name in workload or kinds:
        kind = kinds[name]
        try:
            parts = kind(size=next(iter(kind.sizes))).load(data_directory())
            counts = ", ".join(f"{len(next(iter(examples.values())))} {part}" for part, examples in parts.items())
            print(f"{name}: ready ({counts})")
        except (DataUnavailable, OSError) as error:
            missing += 1
            print(f"{name}: not available: {error}")
    print(f"data directory: {data_directory()}")
    return 1 if missing else 0
