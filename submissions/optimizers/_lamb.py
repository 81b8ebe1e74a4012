"""The optimizer class behind the recipe `lamb`."""

import torch

from submissions.optimizers._rule import Rule, adam_direction


class Lamb(Rule):
    """Adam's direction plus decay, scaled to the norm of the weights; the recipe `lamb` has the formula."""

    def update(self, p, gradient, state, group):
        """Update one parameter; vectors are scaled by the learning rate alone."""
        direction = adam_direction(gradient, state, group)
        if p.ndim < 2:
            p.add_(direction, alpha=-group["lr"])
            return
        direction.add_(p, alpha=group["weight_decay"])
        weight, length = torch.linalg.vector_norm(p), torch.linalg.vector_norm(direction)
        ratio = torch.where((weight > 0) & (length > 0), weight / length, 1.0)
        p.sub_(direction.mul_(ratio).mul_(group["lr"]))
