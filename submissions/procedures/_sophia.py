"""The optimizer class behind the procedure `sophia_h`."""

import torch

from submissions.optimizers._rule import Rule, averaged, decay, kept

EPSILON = 1e-12
"""The smallest denominator."""


def signs(weights, seed):
    """Return tensors like the weights, of random signs; the same for the same seed."""
    generator = torch.Generator().manual_seed(seed)
    return [(2 * torch.randint(0, 2, p.shape, generator=generator) - 1).to(p.device, p.dtype) for p in weights]


class Sophia(Rule):
    """Momentum over the averaged diagonal of the Hessian, clipped; `sophia_h` has the formula."""

    @torch.no_grad()
    def see_curvature(self, weights, diagonals):
        """Let an estimate of the Hessian's diagonal into the average."""
        beta2 = self.param_groups[0]["betas"][1]
        for p, diagonal in zip(weights, diagonals, strict=True):
            kept(self.state[p], "curvature", p).mul_(beta2).add_(diagonal, alpha=1 - beta2)

    def update(self, p, gradient, state, group):
        """Update one parameter."""
        mean = averaged(state, "mean", gradient, group["betas"][0])
        decay(p, group)
        scale = (kept(state, "curvature", p) * group["gamma"]).clamp_(min=EPSILON)
        p.sub_((mean / scale).clamp_(-1, 1), alpha=group["lr"])
