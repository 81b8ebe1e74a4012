"""The training losses of a trial, kept on request; nothing that the trial does depends on them."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from harness.records import LOSSES, Artefact
from harness.trial.meter import Meter

POINTS = 1000
"""About how many points a trial has at most."""


class LossLog:
    """The losses of steps, thinned: one point about every `end / POINTS` charged examples.

    On the CPU a loss is read at its step, as the harness reads every loss there. On an accelerator its value is copied on the
    device and read once the trial has ended, so that no step waits for it.

    Args:
        end: charged examples at which the trial ends.
        device: where it trains.

    Attributes:
        due: thirds of an example charged when the next point is due.
    """

    def __init__(self, end: float, device: torch.device) -> None:
        self.due, self._every = 0.0, 3 * end / POINTS
        self._on_cpu = device.type == "cpu"
        self._points: list[tuple[int, float, float | Tensor]] = []

    def add(self, meter: Meter) -> None:
        """Add the point that is due, unless no loss was computed yet."""
        self.due = meter.thirds + self._every
        if meter.loss is not None:
            loss = meter.loss.item() if self._on_cpu else meter.loss.clone()
            self._points.append((meter.steps, meter.examples, loss))

    def artefact(self) -> Artefact:
        """Return the points as a file; a loss that is not finite is "nan" or "inf"."""
        lines = ["step,examples,loss"]
        for step, examples, loss in self._points:
            value = _read(loss)
            lines.append(f"{step},{examples:.10g},{value:.9g}" if math.isfinite(value) else f"{step},{examples:.10g},{value}")
        return Artefact(LOSSES, ("\n".join(lines) + "\n").encode())


def _read(loss: float | Tensor) -> float:
    """Return a loss as a number; NaN where the accelerator that has it is lost."""
    try:
        return float(loss)
    except RuntimeError:
        return math.nan
