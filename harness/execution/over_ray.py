"""Trials over Ray: one worker per CPU or GPU of a cluster."""

from __future__ import annotations

import os
from collections.abc import Callable

from harness.execution.dispatch.driver import Driver
from harness.execution.dispatch.ray_pool import RayPool
from harness.execution.race import Race

LOOPBACK = "127.0.0.1"


def run_over_ray(race: Race, say: Callable[[str], None] = print) -> None:
    """Run all trials of a prepared race over Ray: on the cluster at the given address, or on one started here.

    Args:
        race: the trials.
        say: prints one line for the user.

    Raises:
        BadInput: no cluster answers at the address, or it has no device of the kind that is needed.
        NoWorkers: no address is given, and Ray does not start here.
        RunStopped: the cluster is gone, and does not come back.
        OSError: a record cannot be written.
    """
    if not race.left:
        return
    settings = race.settings
    address = settings.address or os.environ.get("RAY_ADDRESS", "")
    local = not address or address.removeprefix("ray://").startswith(("127.", "localhost"))
    pool = RayPool(address, settings.workers, settings.device)
    Driver(race, pool, LOOPBACK if local else "", say).run()
