"""The optimizer class behind the recipe `shampoo`."""

import torch

from submissions.optimizers._factors import average_factors, multiplied, spectrum
from submissions.optimizers._rule import Rule, adam_direction, decay


class Shampoo(Rule):
    """Shampoo's direction with the length of AdamW's; the recipe `shampoo` has the formula."""

    def update(self, p, gradient, state, group):
        """Update one parameter; vectors are AdamW's."""
        direction = adam_direction(gradient, state, group)
        if p.ndim >= 2:
            flat = gradient.reshape(len(gradient), -1)
            direction = self._preconditioned(flat, state, group).reshape(p.shape).mul_(_length(direction))
        decay(p, group)
        p.add_(direction, alpha=-group["lr"])

    def _preconditioned(self, gradient, state, group):
        """Return L^(-1/4) m R^(-1/4) as a matrix of unit length, 0 where it is 0."""
        factors, beta = state.setdefault("factors", {}), group["shampoo_beta"]
        average_factors(factors, gradient, beta)
        if (state["step"] - 1) % group["refresh"] == 0:
            correction = 1 - beta ** state["step"]
            state["roots"] = {
                side: _root(factor / correction, group["damping"], -1 / (2 * len(factors))) for side, factor in factors.items()
            }
        found = multiplied(state["mean"].reshape(gradient.shape), state["roots"])
        return found / _length(found).clamp_min(torch.finfo(found.dtype).tiny)


def _length(x):
    return torch.linalg.vector_norm(x)


def _root(factor, damping, power):
    """Return (factor + damping times its largest eigenvalue)^power; 0 of a factor of zeros."""
    values, vectors = spectrum(factor)
    values = values.clamp_min(0) + damping * values[-1]
    scaled = torch.where(values > 0, values**power, values)
    return (vectors * scaled) @ vectors.T
