"""Trials one after the other in this process: for debugging, notebooks, and machines without Ray."""

from __future__ import annotations

from functools import partial

from harness.execution.race import Race
from harness.execution.worker import work


def run_inline(race: Race) -> None:
    """Run all trials of a prepared race in this process."""
    while (spec := race.next()) is not None:
        race.done(work(spec, race.settings, partial(race.stop_for, spec.cell)).result)
