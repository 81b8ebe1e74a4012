"""What the driver asks of whoever keeps its workers alive."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any, Protocol

from harness.execution.dispatch.deaths import Cause


class RunStopped(Exception):
    """The run cannot go on; what is recorded is safe. Its text is one line."""


class NoWorkers(RunStopped):
    """No worker could be started at all, so the trials can run in another way."""


@dataclass(frozen=True)
class Meeting:
    """Where workers find the driver, and the token by which it knows them."""

    address: tuple[str, int]
    token: str


class Pool(Protocol):
    """Keeps workers alive, wherever they are: Ray does, or the driver itself for processes of its own."""

    def start(self, meeting: Meeting) -> None:
        """Begin to start workers."""

    @property
    def concurrency(self) -> int:
        """How many trials run at a time; 0 as long as it is not known."""

    def concurrency_on(self, node: str) -> int:
        """Return how many trials run at a time on a node."""

    @property
    def device(self) -> str:
        """The device that a cluster has chosen; "" where the run has."""

    @property
    def where(self) -> str:
        """One line that says what races where, or that it starts again; "" if neither is known or worth a word."""

    @property
    def unusable(self) -> Mapping[str, str]:
        """{node: why no worker starts there}."""

    def leave_out(self, node: str) -> None:
        """Start no more workers on a node."""

    @property
    def alive(self) -> Set[str] | None:
        """The nodes that are alive and have the device; None where there is but this machine, or as long as it is not known."""

    @property
    def seen(self) -> Set[str]:
        """The nodes that are, or have been, alive."""

    @property
    def started(self) -> bool:
        """Whether a worker has made itself known; before that, the pool itself waits for one, and gives up."""

    def met(self, about: Mapping[str, Any]) -> None:
        """Note that a worker has made itself known."""

    def keep(self) -> None:
        """Start again what has ended; called a few times per second.

        Raises:
            RunStopped: workers do not start.
            BadInput: they cannot, because of what the user typed.
        """

    def cause_of_death(self, about: Mapping[str, Any]) -> tuple[Cause, str] | None:
        """Return why a worker died, and what is known beside in words; None as long as nothing is known.

        Args:
            about: what the worker said of itself.
        """

    def kill(self, about: Mapping[str, Any]) -> None:
        """Kill a worker that does not end by itself."""

    def close(self) -> None:
        """End all workers, at once if need be."""
