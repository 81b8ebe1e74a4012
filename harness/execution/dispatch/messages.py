"""What driver, workers and the keeper of a Ray cluster send to each other: JSON over a TCP connection.

Nothing that arrives is unpickled or executed: a worker runs code of strangers, and what it sends is text.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from harness.records import Artefact

LARGEST_MESSAGE = 64 * 2**20
"""Bytes of the largest message that is read: a record with all its artefacts is a thousandth of it."""

STALLED_SECONDS = 30
"""A message that has begun to arrive must be complete within this time; else the connection counts as lost."""

DEAD_NODE_SECONDS = 60
"""A peer whose machine no longer answers is given up after about this time."""

SPEAKS = 2
"""Version of what driver and workers say to each other: a worker of another one is refused."""

Message = Mapping[str, Any]


class Lost(Exception):
    """The process at the other end has gone, or does not keep to the protocol."""


class Channel:
    """One connection, and the messages over it: each is an object with a "type".

    Args:
        connected: the socket; the channel owns it from now on.
    """

    def __init__(self, connected: socket.socket) -> None:
        connected.setblocking(True)
        stalled = struct.pack("ll", STALLED_SECONDS, 0)
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            connected.setsockopt(socket.SOL_SOCKET, option, stalled)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _watch_the_peer(connected)
        self._connection = Connection(connected.detach())

    def fileno(self) -> int:
        """Return the descriptor, for `multiprocessing.connection.wait`."""
        return self._connection.fileno()

    def send(self, kind: str, **content: Any) -> None:
        """Send a message.

        Raises:
            Lost: the process at the other end has gone, or has not read for `STALLED_SECONDS`.
        """
        try:
            self._connection.send_bytes(json.dumps({"type": kind, **content}, allow_nan=False).encode())
        except OSError as error:
            raise Lost(str(error)) from None

    def ready(self) -> bool:
        """Return whether a message has arrived, or the connection has ended."""
        try:
            return self._connection.poll(0)
        except OSError:
            return True

    def receive(self) -> dict[str, Any]:
        """Return the next message; wait for it to begin for as long as it takes.

        Raises:
            Lost: the connection has ended, a message stalled, or what came is no message.
        """
        while True:
            try:
                if not self._connection.poll(STALLED_SECONDS):
                    continue
                message = json.loads(self._connection.recv_bytes(LARGEST_MESSAGE))
            except (OSError, EOFError, ValueError, RecursionError) as error:
                raise Lost(str(error)) from None
            if not isinstance(message, dict) or not isinstance(message.get("type"), str):
                raise Lost("not a message")
            return message

    def close(self) -> None:
        """End the connection, and give up its descriptor."""
        self._connection.close()

    def end(self) -> None:
        """End the connection, also while another thread waits at it: `receive` raises `Lost` there."""
        with suppress(OSError), socket.socket(fileno=os.dup(self.fileno())) as connected:
            connected.shutdown(socket.SHUT_RDWR)


def connect(address: tuple[str, int]) -> Channel:
    """Return a channel to the driver at (host, port).

    Raises:
        Lost: nothing listens there.
    """
    try:
        return Channel(socket.create_connection(address, timeout=STALLED_SECONDS))
    except OSError as error:
        raise Lost(f"the driver at {address[0]}:{address[1]} cannot be reached: {error.strerror or error}") from None


def artefacts_to_json(artefacts: Sequence[Artefact]) -> list[list[str]]:
    """Return artefacts as JSON types."""
    return [[artefact.name, base64.b64encode(artefact.content).decode()] for artefact in artefacts]


def artefacts_from_json(value: Any) -> tuple[Artefact, ...]:
    """Return the artefacts that `artefacts_to_json` wrote.

    Raises:
        ValueError, TypeError: it did not write them.
    """
    return tuple(Artefact(name, base64.b64decode(content, validate=True)) for name, content in value)


def _watch_the_peer(connected: socket.socket) -> None:
    """Have the operating system find out when the machine at the other end is gone."""
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    probes = 6
    for name, value in (
        ("TCP_KEEPIDLE", DEAD_NODE_SECONDS // 2),
        ("TCP_KEEPINTVL", DEAD_NODE_SECONDS // 2 // probes),
        ("TCP_KEEPCNT", probes),
    ):
        if hasattr(socket, name):
            connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
