"""Whether a run can go on: while trials run, while some node can run them, or while nodes may come back; the driver's side."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable

from harness.execution.dispatch.nodes import Nodes, Worker
from harness.execution.dispatch.pools import Pool, RunStopped

IDLE_SECONDS = 120.0
"""A run to which no worker has been connected for so long says so, where nodes of a cluster that it joined are alive."""

REPEAT_SECONDS = 1800.0
"""So often a run that waits says again that it does."""

HOW_TO_STOP = "Ctrl-C stops the run, and the same command resumes it"


class Prospects:
    """Ends a run that nothing can carry on, and says what one waits for that something may.

    Args:
        pool: knows which nodes there are.
        nodes: which of them run no trials.
        say: prints one line for the user.
    """

    def __init__(self, pool: Pool, nodes: Nodes, say: Callable[[str], None]) -> None:
        self._pool, self._nodes, self._say = pool, nodes, say
        self._idle_since: float | None = None
        self._said: tuple[str, float] | None = None

    def look(self, workers: Collection[Worker], *, undecided: bool) -> None:
        """Find out whether the run can go on; called a few times per second.

        Args:
            workers: those that are connected.
            undecided: whether the death of some other one is not judged yet.

        Raises:
            RunStopped: no trial runs, and none will.
        """
        if undecided or any(worker.assigned for worker in workers):
            return
        if self._nodes.hopeless and not any(worker.proven for worker in workers):
            raise RunStopped(f"workers cannot run trials: {self._nodes.hopeless}")
        reason = self._why_waiting(workers)
        now = time.monotonic()
        if not reason and self._said and workers:
            self._said = None
            self._say("a node has joined: the run goes on")
        elif reason and (self._said is None or self._said[0] != reason or now - self._said[1] > REPEAT_SECONDS):
            self._said = reason, now
            self._say(f"{reason}; {HOW_TO_STOP}")

    def _why_waiting(self, workers: Collection[Worker]) -> str:
        """Return in words what the run waits for; "" if it does not, or not for long.

        Raises:
            RunStopped: all nodes that there have been are left out.
        """
        if self._pool.alive is None:
            return ""
        left_out = set(self._nodes.left_out)
        if self._pool.alive - left_out:
            return self._why_idle(workers)
        gone = self._pool.seen - self._pool.alive - left_out
        if not gone:
            raise RunStopped("no other node of the Ray cluster is left")
        beside = f", not used: {self._names(left_out)}" if left_out else ""
        return f"no node that could run trials is left (gone: {self._names(gone)}{beside}): waiting for nodes to join"

    def _why_idle(self, workers: Collection[Worker]) -> str:
        if workers or not self._pool.started or not self._nodes.joined:
            self._idle_since = None
            return ""
        self._idle_since = self._idle_since or time.monotonic()
        if time.monotonic() - self._idle_since < IDLE_SECONDS:
            return ""
        return f"for {IDLE_SECONDS:g} s no worker has been there, and others may hold the devices: waiting for these"

    def _names(self, nodes: Iterable[str]) -> str:
        return ", ".join(sorted(map(self._nodes.host, nodes)))
