"""The optimizer class behind the recipe `cocob`."""

import torch

EPSILON = 1e-8
"""The largest gradient before the first one."""


class Cocob(torch.optim.Optimizer):
    """Coin betting for each weight; `cocob` has the formula."""

    def __init__(self, params, lr, alpha):
        super().__init__(params, {"lr": lr, "alpha": alpha, "weight_decay": 0.0})

    @torch.no_grad()
    def step(self):
        """Take one step with the present gradients."""
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                own = self.state[p]
                if not own:
                    own.update(origin=p.clone(), largest=torch.full_like(p, EPSILON))
                    own.update({name: torch.zeros_like(p) for name in ("sizes", "sum", "won")})
                g = p.grad.add(p, alpha=group["weight_decay"]).mul_(group["lr"])
                torch.maximum(own["largest"], g.abs(), out=own["largest"])
                own["sizes"].add_(g.abs())
                own["won"].addcmul_(g, p - own["origin"], value=-1).clamp_(min=0)
                own["sum"].sub_(g)
                share = torch.maximum(own["sizes"] + own["largest"], group["alpha"] * own["largest"]).mul_(own["largest"])
                p.copy_(own["origin"]).addcdiv_(own["sum"] * (own["largest"] + own["won"]), share)
