"""Trials one after the other in this process: for debugging, notebooks, and machines without Ray."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from harness.execution.dispatch.child_pool import ChildPool
from harness.execution.dispatch.driver import ELSEWHERE_SECONDS, Driver
from harness.execution.race import Race
from harness.execution.worker import work, writable


def run_inline(race: Race, say: Callable[[str], None] = print) -> None:
    """Run all trials of a prepared race in this process.

    A trial that a run began which died of it, and all trials after one that has changed this process for good, run in a worker
    process, which can be replaced.

    Args:
        race: the trials.
        say: prints one line for the user.

    Raises:
        RunStopped: worker processes do not start.
        OSError: a record cannot be written.
    """
    waited = False
    while race.left:
        spec = race.next()
        if spec is None:
            if race.elsewhere and not waited:
                waited = True
                holder = race.holder(next(iter(race.elsewhere.values())))
                say(f"waiting for {len(race.elsewhere)} trials that another run has begun ({holder})")
            time.sleep(ELSEWHERE_SECONDS if race.elsewhere else 0)
            race.look_elsewhere()
            continue
        why = "an earlier run of the next trial ended its process" if race.died_before(spec) else ""
        if why:
            race.again(spec)
        else:
            result, why = work(spec, race.settings, partial(race.stop_for, spec.cell))
            race.done(writable(result), spec)
        if why:
            say(f"{why}: the trials that are left run in a worker process")
            return Driver(race, ChildPool(), "127.0.0.1", say).run()
    return None
