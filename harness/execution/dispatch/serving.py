"""A worker's side of a run: it receives trials from the driver and sends their records."""

from __future__ import annotations

import os
import time
from collections import deque
from dataclasses import asdict, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from harness.execution.dispatch.messages import Channel, Message, artefacts_to_json
from harness.execution.settings import Settings
from harness.execution.worker import work
from harness.pruning import Stop, stop_from_json
from harness.records import TrialSpec
from harness.trial.process.machine_memory import default_memory
from harness.trial.process.memory_limit import before_memory_exit


def serve(channel: Channel, token: str, **about: Any) -> str:
    """Run the trials that the driver sends, until there are none left.

    Args:
        channel: to the driver.
        token: by which the driver knows that this worker belongs to its run.
        about: what else the driver should know about this worker.

    Returns:
        Why this process must not run another trial; empty if there are none left.

    Raises:
        Lost: the driver has gone.
    """
    channel.send("worker", token=token, pid=os.getpid(), **about)
    inbox = _Inbox(channel)
    welcome = inbox.next()
    settings, concurrency = settings_from_json(welcome["settings"]), int(welcome["concurrency"])
    if settings.memory is None:
        settings = replace(settings, memory=default_memory(min(concurrency, os.cpu_count() or concurrency)))
    before_memory_exit(partial(channel.send, "ending", reason="its resident memory stayed over the limit"))
    spent = 0.0
    while (message := inbox.next())["type"] == "trial":
        spec = TrialSpec.from_json(message["spec"])
        inbox.begin(spec.id, message["stop"])
        result, worn = work(
            spec,
            settings,
            inbox.stop,
            concurrency=concurrency,
            own_process=True,
            begun=partial(channel.send, "begun"),
        )
        before, spent = spent, time.process_time()
        channel.send(
            "result",
            id=spec.id,
            record=result.record.to_json(),
            artefacts=artefacts_to_json(result.artefacts),
            spent=spent - before,
            replace=worn,
        )
        if worn:
            return worn
    return ""


class _Inbox:
    """The messages of the driver: trials wait here until they are started; what stops a trial is read while it runs."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._waiting: deque[Message] = deque()
        self._stops: dict[str, Stop | None] = {}
        self._running = ""

    def next(self) -> Message:
        """Return the next message that is no stop; wait for one if there is none."""
        while not self._waiting:
            self._read()
        return self._waiting.popleft()

    def begin(self, trial: str, stop: Any) -> None:
        """Note that a trial starts, and what stopped it when the driver sent it."""
        newer = self._stops.pop(trial, None)
        self._stops.clear()
        self._running = trial
        self._stops[trial] = newer or (stop_from_json(stop) if stop else None)

    def stop(self) -> Stop | None:
        """Return what stops the running trial now; never wait."""
        while self._channel.ready():
            self._read()
        return self._stops.get(self._running)

    def _read(self) -> None:
        message = self._channel.receive()
        if message["type"] == "stop":
            self._stops[message["id"]] = stop_from_json(message["stop"])
        else:
            self._waiting.append(message)


def settings_to_json(settings: Settings) -> dict[str, Any]:
    """Return settings as JSON types."""
    return {**asdict(settings), "data_directory": str(settings.data_directory)}


def settings_from_json(value: Message) -> Settings:
    """Return the settings that `settings_to_json` wrote."""
    known = {field.name for field in fields(Settings)}
    content = {name: item for name, item in value.items() if name in known}
    return Settings(**{**content, "data_directory": Path(content["data_directory"])})
