"""The optimizer class behind the recipe `lars`."""

import torch

from submissions.optimizers._rule import Rule, kept


class Lars(Rule):
    """Momentum of gradients scaled to the norm of the weights; the recipe `lars` has the formula."""

    def update(self, p, gradient, state, group):
        """Update one parameter; vectors have plain momentum."""
        used = gradient.add(p, alpha=group["weight_decay"])
        if p.ndim >= 2:
            weight, length = torch.linalg.vector_norm(p), torch.linalg.vector_norm(gradient)
            below = length + group["weight_decay"] * weight
            used.mul_(torch.where((weight > 0) & (below > 0), group["trust"] * weight / below, 1.0))
        p.add_(kept(state, "momentum", p).mul_(group["momentum"]).add_(used), alpha=-group["lr"])
