"""What a Ray cluster would offer to a run, asked without starting a worker."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from multiprocessing.connection import wait
from typing import Any

from harness.execution.devices import Capacity
from harness.execution.dispatch.capacity import CannotStart, Wanted
from harness.execution.dispatch.processes import start, wait_or_kill
from harness.execution.dispatch.ray_pool import JOIN_SECONDS, KEEPER, START_SECONDS
from harness.execution.dispatch.scratch import ScratchFolder

NO_WORKERS = "0"
"""In the place of the driver's port: nobody listens, and no worker is started."""


@dataclass(frozen=True)
class Offer:
    """What a cluster offers.

    Attributes:
        capacity: in numbers.
        gpu: the type of GPU that most of its nodes have, as Ray names it; "" if there is none, or Ray names none.
    """

    capacity: Capacity
    gpu: str = ""


def offer_of(address: str, wanted: Wanted) -> Offer:
    """Return what the Ray cluster at `address` offers to a run.

    Raises:
        CannotStart: it cannot be asked, or lacks the device; the text is one line.
    """
    if find_spec("ray") is None:
        raise CannotStart("Ray is not installed here: pip install 'ray[tune]'")
    folder, (read, write) = ScratchFolder(), os.pipe()
    try:
        line = (address, json.dumps(asdict(wanted)), NO_WORKERS, str(write))
        keeper = start(KEEPER, *line, output=folder.path / "ray.log", secret="", keep_open=(write,))
        os.close(write)
        try:
            return _offer(_reports(read), address)
        finally:
            assert keeper.stdin is not None
            keeper.stdin.close()
            wait_or_kill(keeper)
    finally:
        os.close(read)
        folder.remove()


def _offer(reports: Iterator[dict[str, Any]], address: str) -> Offer:
    for report in reports:
        if report["type"] == "unavailable":
            raise CannotStart(report["reason"])
        if report["type"] == "ready":
            types = Counter(report["gpus"])
            most = min(types, key=lambda name: (-types[name], name), default="")
            return Offer(Capacity.from_json(report["capacity"]), most)
    raise CannotStart(f"no Ray cluster answers at '{address}'")


def _reports(read: int) -> Iterator[dict[str, Any]]:
    """Yield what the process says that joins the cluster, until it ends, or time is up."""
    deadline, unread = time.monotonic() + START_SECONDS, b""
    while wait([read], max(deadline - time.monotonic(), 0.0)) and (content := os.read(read, 65536)):
        *lines, unread = (unread + content).split(b"\n")
        for report in map(json.loads, lines):
            if report["type"] == "joining":
                deadline = time.monotonic() + JOIN_SECONDS
            yield report
