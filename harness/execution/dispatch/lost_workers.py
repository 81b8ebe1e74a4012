"""Workers that have gone while a trial ran on them, until it is known why; the driver's side."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass

from harness.execution.dispatch.deaths import Cause, Death
from harness.execution.dispatch.nodes import Worker
from harness.execution.dispatch.pools import Pool
from harness.records import TrialSpec

WORD_SECONDS = 3.0
"""After a worker's death, the driver waits this long for word of its cause. Workers that die within it died together."""

NODE_WORD_SECONDS = 20.0
"""It waits this long where no worker of the same node of a cluster is left: Ray takes its time to find a node dead."""


@dataclass
class _Lost:
    """A worker whose connection has ended while a trial ran on it, and when."""

    worker: Worker
    spec: TrialSpec
    when: float


class LostWorkers:
    """The workers whose deaths are not judged yet.

    Args:
        pool: knows causes of deaths.
        joined: whether the workers are on a cluster that the run has joined.

    Attributes:
        died_on: {trial: node on which its worker died last}.
    """

    def __init__(self, pool: Pool, *, joined: bool) -> None:
        self._pool, self._joined = pool, joined
        self._lost: list[_Lost] = []
        self.died_on: dict[str, str] = {}

    def __bool__(self) -> bool:
        """Return whether there are some."""
        return bool(self._lost)

    def add(self, worker: Worker, running: TrialSpec) -> None:
        """Note that a worker has gone while a trial ran on it."""
        self._lost.append(_Lost(worker, running, time.monotonic()))

    def judged(self, living: Collection[Worker]) -> list[Death]:
        """Return all deaths once the cause is known of each, or word of it is overdue; nothing before."""
        if not self._lost:
            return []
        known = [self._cause(lost) for lost in self._lost]
        overdue = self._lost[0].when + max(self._patience(lost, living) for lost in self._lost) <= time.monotonic()
        if not (overdue or all(known)):
            return []
        self.died_on.update({lost.spec.id: lost.worker.node for lost in self._lost})
        deaths = [death or Death(lost.spec, Cause.OWN) for lost, death in zip(self._lost, known, strict=True)]
        self._lost.clear()
        return deaths

    def _patience(self, lost: _Lost, living: Collection[Worker]) -> float:
        """Return how many seconds the driver waits for word of a worker's death."""
        others = any(worker.node == lost.worker.node for worker in living)
        return NODE_WORD_SECONDS if self._joined and not others else WORD_SECONDS

    def _cause(self, lost: _Lost) -> Death | None:
        """Return what is known of a death; None as long as nothing is."""
        if lost.worker.over_limit:
            return Death(lost.spec, Cause.LIMIT)
        if lost.worker.last_words:
            return Death(lost.spec, Cause.MEMORY, lost.worker.last_words)
        known = self._pool.cause_of_death(lost.worker.about)
        return Death(lost.spec, *known) if known else None
