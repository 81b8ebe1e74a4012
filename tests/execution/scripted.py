"""Races for tests of the driver, and pools whose workers are threads that speak the protocol as they like."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from harness.execution.dispatch.deaths import Cause
from harness.execution.dispatch.messages import SPEAKS, Lost, connect
from harness.execution.dispatch.node_facts import node_facts
from harness.execution.race import Race
from harness.execution.settings import Settings
from harness.plan import Request, make_plan
from harness.records import TrialSpec
from harness.results import ResultStore
from workloads.data import data_directory


def race_of(
    folder: Path, *submissions: object, limit: float | None = None, memory: int | None = None
) -> tuple[Race, list[str]]:
    """Return a prepared race of an external study for each submission, and the lines that it says."""
    request = Request(suite="smoke", submissions=tuple(map(str, submissions)), track="external", studies=1, trials=1)
    settings = Settings("inline", data_directory(), limit=limit, memory=memory)
    race = Race(make_plan(request), ResultStore(folder), settings)
    race.prepare()
    return race, []


def statuses(folder: Path) -> dict[str, str]:
    """Return {name of the submission: status}."""
    return {Path(r.spec.submission).stem: r.status.value for r in ResultStore(folder).records()}


class OneLiar:
    """A pool whose only worker is a thread that speaks the protocol as it likes."""

    concurrency = 1
    device = where = ""
    unusable = {}
    alive = None
    seen = frozenset()
    started = True

    def __init__(self, act):
        self._act, self.errors, self.killed = act, [], []

    def start(self, meeting):
        threading.Thread(target=self._run, args=(meeting,), daemon=True).start()

    def _run(self, meeting):
        try:
            self._act(meeting)
        except Lost:
            pass
        except Exception as error:  # noqa: BLE001
            self.errors.append(error)

    def met(self, about):
        pass

    def concurrency_on(self, node):
        return 1

    def keep(self):
        if self.errors:
            raise self.errors[0]

    def cause_of_death(self, about):
        return Cause.OWN, "it lied"

    def kill(self, about):
        self.killed.append(about)

    def close(self):
        pass


def joined(meeting):
    channel = connect(meeting.address)
    channel.send("worker", token=meeting.token, pid=os.getpid(), key="1", speaks=SPEAKS)
    assert channel.receive()["type"] == "welcome"
    channel.send("fit", broken="")
    return channel


def race_id(message):
    return TrialSpec.from_json(message["spec"]).id


def on_node(meeting, node):
    channel = connect(meeting.address)
    channel.send("worker", token=meeting.token, pid=os.getpid(), key=node, node=node, speaks=SPEAKS)
    channel.send("fit", **node_facts("cpu", channel.receive()["libraries"]))
    return channel
