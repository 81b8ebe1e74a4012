"""The optimizer class behind the procedure `sophia_h`."""

import torch

EPSILON = 1e-12
"""The smallest denominator."""


def signs(weights, seed):
    """Return tensors like the weights, of random signs; the same for the same seed."""
    generator = torch.Generator().manual_seed(seed)
    return [(2 * torch.randint(0, 2, p.shape, generator=generator) - 1).to(p.device, p.dtype) for p in weights]


class Sophia(torch.optim.Optimizer):
    """Momentum over the averaged diagonal of the Hessian, clipped; `sophia_h` has the formula."""

    def __init__(self, params, lr, betas, gamma):
        super().__init__(params, {"lr": lr, "betas": betas, "gamma": gamma, "weight_decay": 0.0})

    @torch.no_grad()
    def see_curvature(self, weights, diagonals):
        """Let an estimate of the Hessian's diagonal into the average."""
        beta2 = self.param_groups[0]["betas"][1]
        for p, diagonal in zip(weights, diagonals, strict=True):
            self._started(p)["curvature"].mul_(beta2).add_(diagonal, alpha=1 - beta2)

    @torch.no_grad()
    def step(self):
        """Take one step with the present gradients."""
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                own = self._started(p)
                own["mean"].lerp_(p.grad, 1 - group["betas"][0])
                p.mul_(1 - group["lr"] * group["weight_decay"])
                scale = (own["curvature"] * group["gamma"]).clamp_(min=EPSILON)
                p.sub_((own["mean"] / scale).clamp_(-1, 1), alpha=group["lr"])

    def _started(self, p):
        if not self.state[p]:
            self.state[p] = {"mean": torch.zeros_like(p), "curvature": torch.zeros_like(p)}
        return self.state[p]
