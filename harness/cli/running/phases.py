"""Plans that a verb runs one after the other, each as a `Session`: those of targets and of a calibration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.app import INTERRUPTED
from harness.cli.paths import usable_data_directory

if TYPE_CHECKING:
    from harness.plan import Plan


class PhaseInterrupted(Exception):
    """The user interrupted a plan; the session has said what is kept."""


def phase_runner(results: Path, executor: str, workers: int | None, address: str) -> Callable[[Plan], None]:
    """Return a function that runs those trials of a plan that are not recorded in `results`.

    It raises `PhaseInterrupted` if the user interrupts it. The arguments are those of the command line.

    Raises:
        BadInput: the data directory cannot be used.
    """
    from harness.cli.running.session import Session
    from harness.execution.devices import device_for
    from harness.execution.settings import AUTO, Settings

    settings = Settings(
        executor=executor,
        data_directory=usable_data_directory(),
        device=AUTO,
        workers=workers,
        address=address,
    )
    settings = replace(settings, device=device_for(settings))

    def run(plan: Plan) -> None:
        if Session(plan, results, settings).run() == INTERRUPTED:
            raise PhaseInterrupted

    return run
