"""The optimizer class behind the recipe `spam`."""

import math

import torch

from submissions.optimizers._rule import Rule, adam_direction, decay

CALM = 20
"""Steps after the start and after a reset in which no spike is clipped."""


class Spam(Rule):
    """Adam with clipped spikes and forgotten averages; the recipe `spam` has the formula."""

    def update(self, p, gradient, state, group):
        """Update one parameter."""
        since = (state["step"] - 1) % group["interval"]
        fresh = state["step"] <= group["interval"]
        if since == 0 and not fresh:
            state["mean"].zero_()
            state["square"].zero_()
        if since >= CALM:
            limit = (state["square"] * group["threshold"]).sqrt_()
            gradient = torch.where(gradient.abs() > limit, gradient.sign() * limit, gradient)
        direction = adam_direction(gradient, state, group)
        done = 1.0 if fresh else min(since / group["warmup"], 1.0)
        scale = 1 - 0.99 * (1 + math.cos(math.pi * done)) / 2
        decay(p, group)
        p.add_(direction, alpha=-group["lr"] * scale)
