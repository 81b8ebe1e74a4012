"""Seeds the draws of a library's optimizer that uses the process's generators."""

from __future__ import annotations

import random
from typing import Any

PRIME = 1_000_003
"""Seeds of consecutive steps are this far apart."""


def seed_steps(optimizer: Any) -> None:
    """Let every step of `optimizer` draw from generators that its own number seeds.

    numpy's and Python's global generators are nobody's in a trial, so an optimizer that draws from them differs from run to
    run. After a step both are as they were. The number of the step is in the optimizer's state dict, so that a resumed trial
    draws the same.
    """
    import numpy as np

    outside: list[Any] = []
    key = "timetrial_step"
    for group in optimizer.param_groups:
        group.setdefault(key, 0)

    def before(*_: Any) -> None:
        outside[:] = [np.random.get_state(), random.getstate()]
        seed = optimizer.param_groups[0][key] * PRIME % 2**32
        np.random.seed(seed)
        random.seed(seed)
        for group in optimizer.param_groups:
            group[key] += 1

    def after(*_: Any) -> None:
        np.random.set_state(outside[0])
        random.setstate(outside[1])

    optimizer.register_step_pre_hook(before)
    optimizer.register_step_post_hook(after)
