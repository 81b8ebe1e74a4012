"""The optimizer classes behind the recipes `dog` and `dowg`: a rate from distance and gradient norms."""

import torch


def norm(tensors):
    """Return the norm of all tensors together, a scalar on their device."""
    return torch.linalg.vector_norm(torch.stack(torch._foreach_norm(tensors)))


class DistanceRate(torch.optim.Optimizer):
    """Gradient descent with one rate for all parameters, which subclasses compute from two norms.

    `first` is what the subclass starts from; weight decay is added to the gradient.
    """

    def __init__(self, params, lr, first):
        super().__init__(params, {"lr": lr, "weight_decay": 0.0})
        self._first = first

    @torch.no_grad()
    def step(self):
        """Take one step with the present gradients."""
        groups = [(group, [p for p in group["params"] if p.grad is not None]) for group in self.param_groups]
        weights = [p for _, members in groups for p in members]
        if not weights:
            return
        for p in weights:
            if not self.state[p]:
                self.state[p]["origin"] = p.clone()
        gradients = [[p.grad.add(p, alpha=group["weight_decay"]) for p in members] for group, members in groups]
        distance = norm(torch._foreach_sub(weights, [self.state[p]["origin"] for p in weights]))
        size = norm([g for part in gradients for g in part])
        rate = self._rate(self.state["all"], distance, size, weights)
        for (group, members), part in zip(groups, gradients, strict=True):
            if members:
                torch._foreach_mul_(part, rate * -group["lr"])
                torch._foreach_add_(members, part)


class Dog(DistanceRate):
    """The farthest distance so far over the root of the sum of squared gradient norms; `first` is relative to 1 + |w0|."""

    def _rate(self, seen, distance, size, weights):
        if not seen:
            seen["distance"], seen["sum"] = self._first * (1 + norm(weights)), torch.zeros_like(distance)
        seen["distance"] = torch.maximum(seen["distance"], distance)
        seen["sum"] = seen["sum"] + size**2
        return seen["distance"] / torch.sqrt(seen["sum"] + 1e-8)


class Dowg(DistanceRate):
    """The same with squared distances as weights of the gradient norms; `first` is a squared distance, and epsilon."""

    def _rate(self, seen, distance, size, weights):
        if not seen:
            seen["square"], seen["sum"] = torch.full_like(distance, self._first), torch.zeros_like(distance)
        seen["square"] = torch.maximum(seen["square"], distance**2)
        seen["sum"] = seen["sum"] + seen["square"] * size**2
        return seen["square"] / (torch.sqrt(seen["sum"]) + self._first)
