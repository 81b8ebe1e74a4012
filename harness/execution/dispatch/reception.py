"""Who calls the driver: a thread reads a caller's first message, so that a stranger who sends half of one holds nobody up."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from queue import SimpleQueue

from harness.execution.dispatch.messages import Channel, Lost, Message

HELLO_SECONDS = 30.0
"""A connection over which no worker has made itself known by then is closed."""

MOST_STRANGERS = 256
"""Connections beyond so many over which no worker has made itself known are closed at once."""


class Reception:
    """The callers that have not made themselves known."""

    def __init__(self) -> None:
        self._strangers: dict[Channel, float] = {}
        self._greeted: SimpleQueue[tuple[Channel, Message | None]] = SimpleQueue()

    @property
    def busy(self) -> bool:
        """Whether somebody has called and not been returned by `arrivals`."""
        return bool(self._strangers)

    def accept(self, listener: socket.socket) -> None:
        """Take a call."""
        with suppress(OSError):  # who called has gone already
            channel = Channel(listener.accept()[0])
            if len(self._strangers) >= MOST_STRANGERS:
                return channel.close()
            self._strangers[channel] = time.monotonic()
            threading.Thread(target=self._greet, args=(channel,), daemon=True).start()

    def _greet(self, channel: Channel) -> None:
        """Read a caller's first message; runs in a thread of its own."""
        try:
            self._greeted.put((channel, channel.receive()))
        except Lost:
            self._greeted.put((channel, None))

    def arrivals(self) -> Iterator[tuple[Channel, Message]]:
        """Yield those who have made themselves known, with their first message; close the connections of those who hung up."""
        while not self._greeted.empty():
            channel, message = self._greeted.get()
            del self._strangers[channel]
            if message is None:
                channel.close()
            else:
                yield channel, message

    def end_overdue(self) -> None:
        """End the connections of those who have said nothing for too long; their threads give up then."""
        for channel, since in self._strangers.items():
            if time.monotonic() - since > HELLO_SECONDS:
                channel.end()

    def close(self) -> None:
        """End all connections."""
        for channel in self._strangers:
            channel.end()
