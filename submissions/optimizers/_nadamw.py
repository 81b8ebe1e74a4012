"""The optimizer class behind the recipe `nadamw`."""

import math

import torch


class NAdamW(torch.optim.Optimizer):
    """Adam with decoupled weight decay and a Nesterov numerator; the recipe `nadamw` has the formula."""

    def __init__(self, params, lr, betas, eps, weight_decay=0.0):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "step": 0})

    @torch.no_grad()
    def step(self, closure=None):
        """Take one step with the present gradients."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            group["step"] += 1
            weights = [p for p in group["params"] if p.grad is not None]
            if weights:
                self._update(group, weights)
        return loss

    def _update(self, group, weights):
        gradients = [p.grad for p in weights]
        for p in weights:
            if not self.state[p]:
                self.state[p] = {"mean": torch.zeros_like(p), "square": torch.zeros_like(p)}
        means = [self.state[p]["mean"] for p in weights]
        squares = [self.state[p]["square"] for p in weights]
        beta1, beta2 = group["betas"]
        correction1, correction2 = 1 - beta1 ** group["step"], 1 - beta2 ** group["step"]
        if group["weight_decay"]:
            torch._foreach_mul_(weights, 1 - group["lr"] * group["weight_decay"])
        torch._foreach_lerp_(means, gradients, 1 - beta1)
        torch._foreach_mul_(squares, beta2)
        torch._foreach_addcmul_(squares, gradients, gradients, 1 - beta2)
        ahead = torch._foreach_lerp(means, gradients, 1 - beta1)
        scale = torch._foreach_sqrt(squares)
        torch._foreach_div_(scale, math.sqrt(correction2))
        torch._foreach_add_(scale, group["eps"])
        torch._foreach_addcdiv_(weights, ahead, scale, -group["lr"] / correction1)
