"""Trials one after the other in this process: debugging, notebooks, machines without Ray."""

from __future__ import annotations

from functools import partial

from harness.execution.race import Race
from harness.execution.worker import work


def run_inline(race: Race) -> None:
    """Run all trials of a prepared race here."""
    settings = race.settings
    while (spec := race.next()) is not None:
        record = work(
            spec,
            data_directory=settings.data_directory,
            device=settings.device,
            concurrency=1,
            best_so_far=partial(race.best, spec.cell),
            complete=settings.complete,
            stop_hopeless=settings.stop_hopeless,
            limit=settings.limit,
            end_process=False,
        )
        race.done(record)
