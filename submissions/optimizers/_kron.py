"""The optimizer class behind the recipe `kron`."""

import math

import torch

from submissions.optimizers._rule import Rule, averaged, decay

LARGEST = 2048
"""Sides that are larger have a diagonal factor, and so have vectors."""


class Kron(Rule):
    """Momentum preconditioned by triangular Kronecker factors that are learnt; the recipe `kron` has the formula."""

    def update(self, p, gradient, state, group):
        """Update one parameter, taken as a matrix [first side, rest], a vector as one row."""
        t, beta = state["step"], group["momentum"]
        mean = averaged(state, "mean", gradient, beta) / (1 - beta**t)
        mean = mean.reshape(len(p), -1) if p.ndim >= 2 else mean.reshape(1, -1)
        if "factors" not in state:
            state["factors"] = [_identity(mean, side, p.ndim) for side in (0, 1)]
        factors = state["factors"]
        state["waited"] = state.get("waited", 0) + 1
        probability = min(1.0, max(0.03, math.exp(-0.001 * (t - 1 - 500))))
        if state["waited"] >= 1 / probability:
            state["waited"] = 0
            generator = torch.Generator().manual_seed(t)
            noise = torch.randn(mean.shape, generator=generator, dtype=torch.float64).to(mean)
            state["factors"] = factors = _learnt(factors, mean, noise, group["precondition_rate"])
        left, right = factors
        found = _times(_transposed(left), _times(left, mean))
        found = _times(_transposed(right), _times(right, found.T)).T
        found = found * (1.1 / (found.square().mean().sqrt() + 1e-6)).clamp_max(1.0)
        decay(p, group)
        p.add_(found.reshape(p.shape), alpha=-group["lr"])


def _identity(mean, side, dimensions):
    size = mean.shape[side]
    ones = torch.ones(size, dtype=mean.dtype, device=mean.device)
    return torch.diag(ones) if dimensions >= 2 and 1 < size <= LARGEST else ones


def _learnt(factors, mean, noise, rate):
    """Return the factors after one step towards E[P g g^T P] = E[v v^T], g the momentum and v noise."""
    left, right = factors
    whitened = _times(right, _times(left, mean).T).T
    spread = _solved(right, _solved(left, noise).T).T
    return [
        _moved(left, whitened, spread, rate),
        _moved(right, whitened.T, spread.T, rate),
    ]


def _moved(factor, a, b, rate):
    tiny = torch.finfo(a.dtype).tiny
    if factor.ndim == 1:
        first, second = a.square().sum(1), b.square().sum(1)
        return factor - rate * (first - second) * factor / ((first + second).abs().max() + tiny)
    first, second = a @ a.T, b @ b.T
    return factor - rate / (_norm_bound(first + second) + tiny) * torch.triu(first - second) @ factor


def _norm_bound(a):
    """Return a lower bound of the spectral norm of a positive matrix: that of its longest column, multiplied once more."""
    column = a[:, a.square().sum(0).argmax()]
    ahead = a @ column
    length = torch.linalg.vector_norm(ahead).clamp_min(torch.finfo(a.dtype).tiny)
    return torch.linalg.vector_norm(a @ (ahead / length))


def _times(factor, x):
    return factor[:, None] * x if factor.ndim == 1 else factor @ x


def _transposed(factor):
    return factor if factor.ndim == 1 else factor.T


def _solved(factor, x):
    """Return factor^(-T) x."""
    if factor.ndim == 1:
        return x / factor[:, None]
    return torch.linalg.solve_triangular(factor.T, x, upper=False)
