"""Inverse square root decay."""

import math

from harness import schedule


@schedule(paper="arXiv:1706.03762", anytime=True)
def inverse_sqrt(step, warmup):
    """Inverse square root decay of the Transformer: m = sqrt(W / max(t, W)), where t = W + step counts warm-up too.

    Args:
        step: optimizer steps after warm-up.
        warmup: W, warm-up steps; without warm-up W = 1.

    >>> inverse_sqrt(300, warmup=100)
    0.5
    """
    start = max(warmup, 1)
    return math.sqrt(start / max(start + step, start))
