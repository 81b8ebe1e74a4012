"""The optimizer class behind the recipe `schedule_free_sgd`."""

import torch


class ScheduleFreeSGD(torch.optim.Optimizer):
    """Schedule-Free SGD; the parameters are y while it trains, and x between `eval()` and `train()`."""

    def __init__(self, params, lr, momentum):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": 0.0, "largest": 0.0, "sum": 0.0})
        self._aside = []

    @torch.no_grad()
    def step(self):
        """Take one step with the present gradients."""
        for group in self.param_groups:
            lr, momentum = group["lr"], group["momentum"]
            group["largest"] = max(group["largest"], float(lr))
            group["sum"] += group["largest"] ** 2
            share = group["largest"] ** 2 / group["sum"] if group["sum"] else 0.0
            for p in group["params"]:
                if p.grad is None:
                    continue
                if not self.state[p]:
                    self.state[p]["z"] = p.clone()
                z = self.state[p]["z"]
                gradient = p.grad.add(p, alpha=group["weight_decay"]) if group["weight_decay"] else p.grad
                p.lerp_(z, share).add_(gradient, alpha=-lr * (1 - momentum * (1 - share)))
                z.sub_(gradient, alpha=lr)

    @torch.no_grad()
    def eval(self):
        """Put the average x into the parameters."""
        for group in self.param_groups:
            for p in group["params"]:
                if self.state[p]:
                    self._aside.append((p, p.clone()))
                    p.lerp_(self.state[p]["z"], 1 - 1 / group["momentum"])

    @torch.no_grad()
    def train(self):
        """Put the weights y back exactly."""
        for p, value in self._aside:
            p.copy_(value)
        self._aside = []
