"""The stop channel over Ray: one actor for a run, and what a running trial asks it through.

This module imports no PyTorch, so that the actor's process starts at once.
"""

from __future__ import annotations

from typing import Any

import ray

from harness.pruning import Cell, Stop


class Referee:
    """The actor behind every worker's stop channel: it holds what stops the trials of each study."""

    def __init__(self) -> None:
        self._stops: dict[Cell, Stop] = {}

    def set_stop(self, cell: Cell, stop: Stop) -> None:
        """Set what stops the trials of a study."""
        self._stops[cell] = stop

    def stop_for(self, cell: Cell) -> Stop | None:
        """Return what stops the trials of a study, or None."""
        return self._stops.get(cell)


class RemoteStopChannel:
    """The stop channel of one trial: it asks the referee, and never waits for the answer.

    A call sends the next question once the last one is answered.

    Args:
        referee: handle of the actor.
        cell: the trial's study.
        known: what stops the study's trials as far as the driver knew when it started the trial.
    """

    def __init__(self, referee: Any, cell: Cell, known: Stop | None) -> None:
        self._referee, self._cell, self._known = referee, cell, known
        self._question: Any = None

    def __call__(self) -> Stop | None:
        """Return the newest answer; before the first one, what was known at the start."""
        if self._question is not None and ray.wait([self._question], timeout=0)[0]:
            self._known = ray.get(self._question)
            self._question = None
        if self._question is None:
            self._question = self._referee.stop_for.remote(self._cell)
        return self._known
