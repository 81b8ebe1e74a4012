"""The optimizer classes behind the recipes `momo` and `momo_adam`."""

import math

import torch


class Momo(torch.optim.Optimizer):
    """SGD with momentum whose rate comes from averages of the loss, of <g, w> and of g; `momo` has the formula."""

    def __init__(self, params, lr, momentum, lower_bound):
        super().__init__(params, {"lr": lr, "weight_decay": 0.0, "step": 0})
        self._momentum, self._lower_bound = momentum, lower_bound

    @torch.no_grad()
    def step(self, closure):
        """Take one step with the present gradients, whose loss `closure` returns."""
        loss = closure()
        groups = [(group, [p for p in group["params"] if p.grad is not None]) for group in self.param_groups]
        for group in self.param_groups:
            group["step"] += 1
        members = [(1 + group["lr"] * group["weight_decay"], p) for group, part in groups for p in part]
        if not members:
            return
        weights = [p for _, p in members]
        directions = self._directions(weights)  # pairs of d and d over its scale
        keep, total = self._keep(), self._total()
        seen = self.state["all"]
        products = sum((p.grad * p).sum() for p in weights)
        if not seen:
            seen.update(loss=torch.zeros_like(products), product=torch.zeros_like(products))
        seen["loss"] = keep * seen["loss"] + (1 - keep) * loss
        seen["product"] = keep * seen["product"] + (1 - keep) * products
        inside = sum((d * p).sum() / shrink for (d, _), (shrink, p) in zip(directions, members, strict=True))
        size = sum((d * u).sum() / shrink for (d, u), (shrink, _) in zip(directions, members, strict=True))
        above = (seen["loss"] - seen["product"] - total * self._lower_bound + inside).clamp(min=0)
        polyak = torch.where(size > 0, above / size, 0.0)
        for (_, u), (shrink, p) in zip(directions, members, strict=True):
            rate = polyak.clamp(max=self.param_groups[0]["lr"] / total)
            p.sub_(u * rate.to(u.dtype)).div_(shrink)

    def _keep(self):
        return 0.0 if self.param_groups[0]["step"] == 1 else self._momentum

    def _total(self):
        return 1.0

    def _directions(self, weights):
        keep = self._keep()
        for p in weights:
            if not self.state[p]:
                self.state[p]["mean"] = torch.zeros_like(p)
            self.state[p]["mean"].mul_(keep).add_(p.grad, alpha=1 - keep)
        return [(self.state[p]["mean"], self.state[p]["mean"]) for p in weights]


class MomoAdam(Momo):
    """The same in Adam's norm."""

    def __init__(self, params, lr, betas, eps, lower_bound):
        super().__init__(params, lr, betas[0], lower_bound)
        self._beta2, self._eps = betas[1], eps

    def _keep(self):
        return self._momentum

    def _total(self):
        return 1 - self._momentum ** self.param_groups[0]["step"]

    def _directions(self, weights):
        root = math.sqrt(1 - self._beta2 ** self.param_groups[0]["step"])
        means = [d for d, _ in super()._directions(weights)]
        scaled = []
        for p, mean in zip(weights, means, strict=True):
            if "square" not in self.state[p]:
                self.state[p]["square"] = torch.zeros_like(p)
            square = self.state[p]["square"].mul_(self._beta2).addcmul_(p.grad, p.grad, value=1 - self._beta2)
            scaled.append(mean / square.sqrt().div_(root).add_(self._eps))
        return list(zip(means, scaled, strict=True))
