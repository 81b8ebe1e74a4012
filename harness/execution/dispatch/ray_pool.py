"""Workers over Ray, from the driver's side: a keeper process, started again whenever it dies."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from importlib.util import find_spec
from typing import Any

from harness.contracts.errors import BadInput
from harness.execution.devices import Capacity
from harness.execution.dispatch.capacity import Wanted
from harness.execution.dispatch.deaths import Cause
from harness.execution.dispatch.failed_starts import FailedStarts
from harness.execution.dispatch.pools import Meeting, NoWorkers, RunStopped
from harness.execution.dispatch.processes import exit_in_words, start, wait_or_kill
from harness.execution.dispatch.scratch import ScratchFolder

KEEPER = "harness.execution.dispatch.ray_guard"

START_SECONDS = 120.0
"""A keeper that has not started a cluster by then, or begun to join one, is given up. On a busy machine Ray loads slowly."""

JOIN_SECONDS = 45.0
"""One that has begun to join a cluster, and has not joined it this much later, is given up: something else may listen there."""

WORKER_SECONDS = 180.0
"""A cluster on which no worker has made itself known by then, although trials are left, is given up."""

UNAVAILABLE = re.compile(r"temporarily unavailable|ActorUnavailable", re.IGNORECASE)
"""What Ray says of a worker that does not answer, before it knows whether the worker has died, or its node."""

SHORTAGE_SECONDS = 5.0
"""Ray's memory monitor may end all of Tune; workers that died within this time before or after died of that."""


class RayPool:
    """Keeps workers alive on the Ray cluster at `address`, or on one of its own on this machine.

    Args:
        address: of a running cluster; empty starts one.
        wanted: how many workers, on which device.
        unused: which accelerator of this machine is not used, in words.
    """

    def __init__(self, address: str, wanted: Wanted, unused: str = "") -> None:
        self.concurrency = 0
        self.device = self.where = ""
        self._address, self._wanted, self._unused = address, wanted, unused
        self._slots: Mapping[str, int] = {}
        self.alive: set[str] | None = None
        self.seen: set[str] = set()
        self.started = False
        self._left_out: set[str] = set()
        self.unusable: dict[str, str] = {}
        self._meeting: Meeting | None = None
        self._keeper: subprocess.Popen[bytes] | None = None
        self._reports = -1
        self._unread = b""
        self._deadline = 0.0
        self._deaths: dict[str, list[Mapping[str, Any]]] = {}
        self._memory_ran_short = float("-inf")
        self._starts = FailedStarts()
        self._reason = ""
        self._folder = ScratchFolder()

    def start(self, meeting: Meeting) -> None:
        """Start the keeper.

        Raises:
            NoWorkers: Ray is not installed.
        """
        if find_spec("ray") is None:
            raise NoWorkers("Ray is not installed here: pip install 'ray[tune]'")
        self._meeting = meeting
        self._start_keeper()

    def met(self, about: Mapping[str, Any]) -> None:
        """Note that a worker has started."""
        self._read_reports()  # that of what the cluster offers came before any worker
        self._starts.succeeded()
        self._deadline = float("inf")
        self.started = True

    def concurrency_on(self, node: str) -> int:
        """Return how many trials run at a time on a node."""
        return min(self._slots.get(node, self.concurrency), self.concurrency)

    def leave_out(self, node: str) -> None:
        """Start no more workers on a node."""
        self._left_out.add(node)
        self._tell(leave_out=node)

    def keep(self) -> None:
        """Read the keeper's reports, and start another keeper if it has died.

        Raises:
            BadInput: there is no cluster at the address that the user gave.
            NoWorkers: Ray does not start here.
            RunStopped: it did start, and now does not.
        """
        if self._keeper is None:
            return self._start_keeper() if self._starts.may_go_on else None
        status = self._keeper.poll()
        self._read_reports()
        if status is None and (time.monotonic() < self._deadline or self._waits_for_nodes):
            return
        if status is None:
            self._reason = self._overdue()
        elif not self._reason:
            self._reason = f"the process that keeps Ray's workers has died ({exit_in_words(status)})"
        self._end_keeper()
        self._starts.ended(status)
        if not self.concurrency:
            raise BadInput(self._reason) if self._address else NoWorkers(self._reason)
        if self._starts.hopeless:
            raise RunStopped(f"{self._reason}, {self._starts.hopeless}")
        self.where = f"{self._reason}: trying again"

    @property
    def _waits_for_nodes(self) -> bool:
        """Whether the cluster that was joined has no node on which a worker could start."""
        return bool(self._address) and self.alive is not None and self.alive <= self._left_out

    def _overdue(self) -> str:
        where = f" at '{self._address}'" if self._address else ""
        if self.concurrency:
            return f"the Ray cluster{where} starts no worker"
        return f"no Ray cluster answers{where}" if where else "Ray does not start on this machine"

    def cause_of_death(self, about: Mapping[str, Any]) -> tuple[Cause, str] | None:
        """Return what Ray said about a worker's death."""
        self._read_reports()
        if self._address and about.get("node") in self.seen - (self.alive or set()):
            return Cause.NODE, ""
        for report in self._deaths.get(str(about.get("key")), []):
            if self._address and UNAVAILABLE.search(str(report.get("text"))):
                continue  # where the whole node has died, that is known a little later
            if report.get("pid") in (None, about.get("pid")):
                if report.get("node") and self._address:
                    return Cause.NODE, ""
                return (Cause.SHORTAGE if report.get("memory") else Cause.OWN), str(report.get("text") or "")
        short_now = time.monotonic() - self._memory_ran_short < SHORTAGE_SECONDS
        return (Cause.SHORTAGE, "") if short_now else None

    def kill(self, about: Mapping[str, Any]) -> None:
        """Have the keeper kill a worker's process."""
        self._tell(node=about.get("node"), pid=about.get("pid"))

    def _tell(self, **command: Any) -> None:
        """Send the keeper a command."""
        if self._keeper is None:
            return  # its workers end with it
        assert self._keeper.stdin is not None
        with suppress(OSError):
            self._keeper.stdin.write((json.dumps(command) + "\n").encode())
            self._keeper.stdin.flush()

    def close(self) -> None:
        """End the keeper, and with it the cluster if it is our own."""
        self._end_keeper()
        self._folder.remove()

    def _start_keeper(self) -> None:
        assert self._meeting is not None
        self._reason = ""
        self._deadline = time.monotonic() + START_SECONDS
        self._reports, write = os.pipe()
        os.set_blocking(self._reports, False)
        wanted = replace(self._wanted, device=self.device or self._wanted.device)
        self._keeper = start(
            KEEPER,
            *(self._address, json.dumps(asdict(wanted)), str(self._meeting.address[1]), str(write)),
            output=self._folder.path / "ray.log",
            secret=self._meeting.token,
            keep_open=(write,),
        )
        os.close(write)
        for node in self._left_out:
            self._tell(leave_out=node)

    def _end_keeper(self) -> None:
        """End the keeper in good order, if it does so in a few seconds; otherwise its guard ends it, and Ray with it."""
        if self._keeper is None:
            return
        assert self._keeper.stdin is not None
        with suppress(OSError):
            self._keeper.stdin.close()
        wait_or_kill(self._keeper)
        os.close(self._reports)
        self._keeper, self._unread = None, b""

    def _read_reports(self) -> None:
        while self._keeper is not None:
            try:
                content = os.read(self._reports, 65536)
            except BlockingIOError:
                return
            if not content:
                return
            *lines, self._unread = (self._unread + content).split(b"\n")
            for line in lines:
                self._take(json.loads(line))

    def _take(self, report: Mapping[str, Any]) -> None:
        match report["type"]:
            case "ready":
                capacity = Capacity.from_json(report["capacity"])
                self.concurrency, self.device, self._slots = capacity.workers, capacity.device, report["slots"]
                self.where = capacity.words(self._address, self._unused)
                self.alive = set(self._slots)
                self.seen |= self.alive
                self._deadline = time.monotonic() + WORKER_SECONDS
            case "joining":
                self._deadline = time.monotonic() + JOIN_SECONDS
            case "unavailable":
                self._reason = report["reason"]
            case "nodes":
                self.alive = set(report["alive"])
                self.seen |= self.alive
            case "unusable":
                self.unusable[report["node"]] = report["reason"]
            case "died":
                self._deaths.setdefault(report["key"], []).append(report)
            case "interrupted":
                self._deadline = time.monotonic() + WORKER_SECONDS
                if report.get("memory"):
                    self._memory_ran_short = time.monotonic()
