"""Cyclical learning rates."""

import math

from harness import Choice, Uniform, schedule

_AMPLITUDES = {
    "triangular": lambda cycle, progress, remaining: 1.0,
    "triangular2": lambda cycle, progress, remaining: 0.5**cycle,
    "exp_range": lambda cycle, progress, remaining: remaining**progress,
}


@schedule(
    paper="arXiv:1506.01186",
    space={"mode": Choice(*_AMPLITUDES), "cycles": Choice(1, 2, 3, 5, 8), "low": Uniform(0.0, 0.5)},
    deviation="a fixed number of cycles fills the horizon, so that the last one is complete (source: their length in steps)",
)
def cyclic(step, horizon, mode="triangular", cycles=3, low=1 / 6, remaining=0.1):
    """Triangles between `low` and 1: m = l + (1 - l) a h, where h rises from 0 to 1 and falls back within each cycle.

    The amplitude a is 1 ("triangular"), 2^-c in cycle c = 0, 1, ... ("triangular2"), or gamma^t ("exp_range"), which
    never reaches 1.

    Args:
        step, horizon: optimizer steps after warm-up.
        mode: "triangular", "triangular2" or "exp_range".
        cycles: triangles within the horizon.
        low: l, the multiplier between cycles. From memory, unchecked: the paper's CIFAR-10 runs have 0.001 / 0.006.
        remaining: gamma^horizon of "exp_range", in (0, 1]; 0.1 is our choice.

    >>> [round(cyclic(s, 600), 4) for s in (0, 50, 100, 200, 300)]
    [0.1667, 0.5833, 1.0, 0.1667, 1.0]
    """
    position = cycles * step / horizon
    cycle = math.floor(position + 1e-12)
    height = 1 - abs(2 * max(position - cycle, 0.0) - 1)
    return low + (1 - low) * _AMPLITUDES[mode](cycle, step / horizon, remaining) * height
