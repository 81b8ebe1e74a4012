"""Workers over Ray, from the driver's side: a keeper process, started again whenever it dies."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from typing import Any

from harness.contracts.errors import BadInput
from harness.execution.dispatch.deaths import Cause
from harness.execution.dispatch.failed_starts import FailedStarts
from harness.execution.dispatch.pools import Meeting, NoWorkers, RunStopped
from harness.execution.dispatch.processes import exit_in_words, start, wait_or_kill
from harness.execution.dispatch.scratch import ScratchFolder

KEEPER = "harness.execution.dispatch.ray_guard"

START_SECONDS, JOIN_SECONDS = 120.0, 30.0
"""A keeper that has not started a cluster, or joined one, by then is given up."""

WORKER_SECONDS = 180.0
"""A cluster on which no worker has made itself known by then, although trials are left, is given up."""

SHORTAGE_SECONDS = 5.0
"""Ray's memory monitor may end all of Tune; workers that died within this time before or after died of that."""


class RayPool:
    """Keeps workers alive on the Ray cluster at `address`, or on one of its own on this machine.

    Args:
        address: of a running cluster; empty starts one.
        workers: how many; None means one per device.
        device: "cpu", or an accelerator of which each worker takes one.
    """

    def __init__(self, address: str, workers: int | None, device: str) -> None:
        self.concurrency = 0
        self._address, self._workers, self._device = address, workers, device
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
        self._starts.succeeded()
        self._deadline = float("inf")

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
        if status is None and time.monotonic() < self._deadline:
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

    def _overdue(self) -> str:
        where = f" at '{self._address}'" if self._address else ""
        if self.concurrency:
            return f"the Ray cluster{where} starts no worker"
        return f"no Ray cluster answers{where}" if where else "Ray does not start on this machine"

    def cause_of_death(self, about: Mapping[str, Any]) -> tuple[Cause, str] | None:
        """Return what Ray said about a worker's death."""
        self._read_reports()
        for report in self._deaths.get(str(about.get("key")), []):
            if report.get("pid") in (None, about.get("pid")):
                return (Cause.SHORTAGE if report.get("memory") else Cause.OWN), ""
        short_now = time.monotonic() - self._memory_ran_short < SHORTAGE_SECONDS
        return (Cause.SHORTAGE, "") if short_now else None

    def kill(self, about: Mapping[str, Any]) -> None:
        """Have the keeper kill a worker's process."""
        if self._keeper is None:
            return  # its workers end with it
        assert self._keeper.stdin is not None
        with suppress(OSError):
            self._keeper.stdin.write((json.dumps({"node": about.get("node"), "pid": about.get("pid")}) + "\n").encode())
            self._keeper.stdin.flush()

    def close(self) -> None:
        """End the keeper, and with it the cluster if it is our own."""
        self._end_keeper()
        self._folder.remove()

    def _start_keeper(self) -> None:
        assert self._meeting is not None
        self._reason = ""
        self._deadline = time.monotonic() + (JOIN_SECONDS if self._address else START_SECONDS)
        self._reports, write = os.pipe()
        os.set_blocking(self._reports, False)
        port, workers = str(self._meeting.address[1]), str(self._workers or 0)
        self._keeper = start(
            KEEPER,
            *(self._address, workers, self._device, port, str(write)),
            output=self._folder.path / "ray.log",
            secret=self._meeting.token,
            keep_open=(write,),
        )
        os.close(write)

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
                self.concurrency = report["workers"]
                self._deadline = time.monotonic() + WORKER_SECONDS
            case "unavailable":
                self._reason = report["reason"]
            case "died":
                self._deaths.setdefault(report["key"], []).append(report)
            case "interrupted":
                self._deadline = time.monotonic() + WORKER_SECONDS
                if report.get("memory"):
                    self._memory_ran_short = time.monotonic()
