"""The optimizer class behind the recipe `cocob`."""

import torch

from submissions.optimizers._rule import Rule

EPSILON = 1e-8
"""The largest gradient before the first one."""


class Cocob(Rule):
    """Coin betting for each weight; the recipe `cocob` has the formula."""

    def update(self, p, gradient, state, group):
        """Update one parameter."""
        if "origin" not in state:
            state.update(origin=p.clone(), largest=torch.full_like(p, EPSILON))
            state.update({name: torch.zeros_like(p) for name in ("sizes", "sum", "won")})
        largest, total = state["largest"], state["sum"]
        g = gradient.add(p, alpha=group["weight_decay"]).mul_(group["lr"])
        torch.maximum(largest, g.abs(), out=largest)
        sizes = state["sizes"].add_(g.abs())
        won = state["won"].addcmul_(g, p - state["origin"], value=-1).clamp_(min=0)
        total.sub_(g)
        share = torch.maximum(sizes + largest, group["fraction_limit"] * largest).mul_(largest)
        p.copy_(state["origin"]).addcdiv_(total * (largest + won), share)
