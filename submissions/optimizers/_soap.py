"""The optimizer class behind the recipe `soap`."""

import torch

from submissions.optimizers._factors import average_factors, multiplied, separated, spectrum
from submissions.optimizers._rule import Rule, averaged, decay


class Soap(Rule):
    """Adam in the eigenbasis of Shampoo's factors; the recipe `soap` has the formula."""

    def update(self, p, gradient, state, group):
        """Update one parameter; its first step only fills the factors."""
        beta1, beta2 = group["betas"]
        gradient = gradient.contiguous()
        factors = state.setdefault("factors", {})
        if state["step"] == 1:
            state["square"] = torch.zeros_like(gradient)
            self._observe(factors, gradient, beta2)
            state["bases"] = {side: spectrum(separated(factor))[1].flip(1) for side, factor in factors.items()}
            return
        t, bases = state["step"] - 1, state["bases"]
        turn = {side: basis.T for side, basis in bases.items()}
        mean, square = averaged(state, "mean", gradient, beta1), state["square"]
        rotated = multiplied(gradient, turn)
        square.mul_(beta2).addcmul_(rotated, rotated, value=1 - beta2)
        direction = multiplied(mean, turn) / square.sqrt().add_(group["eps"])
        size = group["lr"] * (1 - beta2**t) ** 0.5 / (1 - beta1**t)
        p.add_(multiplied(direction, bases), alpha=-size)
        decay(p, group)
        self._observe(factors, gradient, beta2)
        if t % group["refresh"] == 0:
            self._refresh(state)

    def _observe(self, factors, gradient, beta):
        if gradient.ndim > 1:
            average_factors(factors, gradient, beta)

    def _refresh(self, state):
        """Take one power iteration of every basis, with its columns in the order of their eigenvalues."""
        for side, factor in state["factors"].items():
            basis = state["bases"][side]
            product = separated(factor) @ basis
            order = (product * basis).sum(0).argsort(descending=True)
            state["square"] = state["square"].index_select(side, order)
            state["bases"][side] = torch.linalg.qr(product[:, order])[0]
