"""Trials over Ray: one worker per CPU or GPU of a cluster."""

from __future__ import annotations

from collections.abc import Callable

from harness.execution.devices import cluster_address, unused_here
from harness.execution.dispatch.capacity import Wanted
from harness.execution.dispatch.driver import Driver
from harness.execution.dispatch.ray_pool import RayPool
from harness.execution.dispatch.travel import plugin_files
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
    settings, address = race.settings, cluster_address(race.settings)
    local = not address or address.removeprefix("ray://").startswith(("127.", "localhost"))
    wanted = Wanted(settings.workers, settings.device, settings.per_device)
    pool = RayPool(address, wanted, "" if address else unused_here(settings.device))
    files = plugin_files(race.plan) if address else None
    Driver(race, pool, LOOPBACK if local else "", say, files).run()
