"""Stands in for ``optax`` as far as PyTorch submissions use it: schedules, functions of the step that return NumPy scalars."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

Schedule = Callable[[float], np.float64]


def constant_schedule(value: float) -> Schedule:
    """Return the schedule that is always `value`."""
    return lambda step: np.float64(value)


def polynomial_schedule(
    init_value: float, end_value: float, power: float, transition_steps: int, transition_begin: int = 0
) -> Schedule:
    """Return the schedule end + (init - end) (1 - t)^power, t from 0 to 1 over `transition_steps` after `transition_begin`."""
    if transition_steps <= 0:
        return constant_schedule(init_value)

    def schedule(step: float) -> np.float64:
        passed = min(max(step - transition_begin, 0), transition_steps)
        return np.float64(end_value + (init_value - end_value) * (1 - passed / transition_steps) ** power)

    return schedule


def linear_schedule(init_value: float, end_value: float, transition_steps: int, transition_begin: int = 0) -> Schedule:
    """Return the linear schedule from `init_value` to `end_value`."""
    return polynomial_schedule(init_value, end_value, 1.0, transition_steps, transition_begin)


def cosine_decay_schedule(init_value: float, decay_steps: int, alpha: float = 0.0, exponent: float = 1.0) -> Schedule:
    """Return half a cosine from `init_value` to `alpha` times that over `decay_steps` steps, and constant after them.

    Raises:
        ValueError: `decay_steps` is not positive.
    """
    if not decay_steps > 0:
        raise ValueError(f"decay_steps must be positive, not {decay_steps}")

    def schedule(step: float) -> np.float64:
        cosine = 0.5 * (1 + math.cos(math.pi * min(step, decay_steps) / decay_steps))
        return np.float64(init_value * ((1 - alpha) * cosine**exponent + alpha))

    return schedule


def join_schedules(schedules: Sequence[Schedule], boundaries: Sequence[int]) -> Schedule:
    """Return schedules one after the other; each begins at 0 at its boundary."""

    def schedule(step: float) -> np.float64:
        place = sum(step >= boundary for boundary in boundaries)
        return schedules[place](step - boundaries[place - 1] if place else step)

    return schedule
