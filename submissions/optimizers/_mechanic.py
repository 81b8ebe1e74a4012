"""The optimizer class behind the recipe `mechanic`."""

import torch

from submissions.optimizers._distance import norm
from submissions.optimizers._wrapped import Wrapped

COUNT = 6
"""Number of betting algorithms, one per decay of their averages."""

EPSILON = 1e-8


class Mechanic(Wrapped):
    """Scales the sum of the base's changes; `mechanic` has the formula. The sum is kept, not computed from the weights."""

    def __init__(self, base, pull, first_scale):
        super().__init__(base)
        self._pull, self._first = pull, first_scale
        self._origin, self._sum = {}, {}
        self._bets = None

    @torch.no_grad()
    def step(self):
        """Take one step of the base, then scale the sum of all its changes."""
        weights = [p for group in self.param_groups for p in group["params"] if p.grad is not None]
        for p in weights:
            if p not in self._origin:
                self._origin[p], self._sum[p] = p.detach().clone(), torch.zeros_like(p)
        if not weights:
            return
        if self._bets is None:
            self._bets = torch.zeros(4, COUNT, dtype=weights[0].dtype, device=weights[0].device)
            self._bets[3] = self._first
        old, gradients = [p.detach().clone() for p in weights], [p.grad for p in weights]
        sums = [self._sum[p] for p in weights]
        pull = self._pull * self._bets[3].sum() * norm(gradients) / (norm(old) + EPSILON)
        reward = sum((g * d).sum() + pull * (w * d).sum() for g, d, w in zip(gradients, sums, old, strict=True))
        self._step_base()
        torch._foreach_add_(sums, torch._foreach_sub(old, weights))
        self._bet(reward)
        scale = self._bets[3].sum()
        torch._foreach_copy_(weights, torch._foreach_sub([self._origin[p] for p in weights], torch._foreach_mul(sums, scale)))

    def _bet(self, reward):
        largest, squares, wealth, scales = self._bets
        decay = 1 - 0.1 ** torch.arange(1, COUNT + 1, dtype=self._bets.dtype, device=self._bets.device)
        wealth.copy_(decay * wealth + torch.minimum(torch.maximum(reward, -largest), largest) * scales)
        largest.copy_(torch.maximum(decay * largest, reward.abs() + EPSILON))
        squares.copy_(decay**2 * squares + reward**2)
        scales.copy_((self._first / COUNT * largest + wealth.clamp(min=0)) / (squares.sqrt() + EPSILON))

    def _own_state(self):
        places = {p: i for i, p in enumerate(p for group in self.param_groups for p in group["params"])}
        named = {name: {places[p]: value for p, value in kept.items()} for name, kept in self._kept().items()}
        return {**named, "bets": self._bets}

    def _load_own_state(self, state):
        places = [p for group in self.param_groups for p in group["params"]]
        for name, kept in self._kept().items():
            kept.clear()
            kept.update({places[i]: value for i, value in state[name].items()})
        self._bets = state["bets"]

    def _kept(self):
        return {"origin": self._origin, "sum": self._sum}
