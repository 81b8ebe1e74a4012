"""The optimizer class behind the recipe `lanton`."""

import torch

from submissions.optimizers._orthogonal import orthogonal
from submissions.optimizers._rule import Rule, averaged, decay

SIZE = 0.2
"""Root mean square of the entries of a direction, about that of AdamW's."""


class Lanton(Rule):
    """Steps of fixed norm, shorter where a layer's gradient is noisier; the recipe `lanton` has the formula."""

    def prepare(self):
        """Compare the noise of the layers."""
        self._shares = {p: share for group in self.param_groups for p, share in self._compared(group)}

    def update(self, p, gradient, state, group):
        """Update one parameter."""
        mean = averaged(state, "mean", gradient, group["momentum"])
        decay(p, group)
        p.sub_(_KINDS[group["norm"]][0](mean).reshape(p.shape).mul_(group["lr"] * SIZE * self._shares[p]))

    def _compared(self, group):
        """Return (parameter, share of the learning rate) of every layer of a group, after its noise is averaged."""
        layers = [p for p in group["params"] if p.grad is not None]
        if not layers:
            return []
        noises = torch.stack([self._noise(p.grad, self.state[p], group) for p in layers]).add_(group["noise_floor"] ** 2)
        return zip(layers, (noises.min() / noises) ** 0.25, strict=True)

    def _noise(self, gradient, state, group):
        """Return the average of the squared dual norm of the change of a gradient, 0 in the first step."""
        if "before" not in state:
            state["before"], state["noise"] = torch.zeros_like(gradient), gradient.new_zeros(())
        else:
            change = _KINDS[group["norm"]][1](gradient - state["before"])
            state["noise"].lerp_(change.square(), 1 - group["noise_beta"])
        state["before"].copy_(gradient)
        return state["noise"]


def _spectral(mean):
    """Orthogonal, with a root mean square of about 1 where all singular values are 1."""
    flat = mean.reshape(len(mean), -1)
    return orthogonal(flat) * max(flat.shape) ** 0.5


def _nuclear(change):
    """About the sum of singular values, since Newton-Schulz iterations bring them near 1."""
    flat = change.reshape(len(change), -1)
    return (flat * orthogonal(flat)).sum()


def _unit_rms(mean):
    return mean / (mean.square().mean().sqrt() + 1e-8)


_KINDS = {
    "spectral": (_spectral, _nuclear),
    "largest": (torch.sign, lambda change: change.abs().sum()),
    "rms": (_unit_rms, lambda change: torch.linalg.vector_norm(change) * change.numel() ** 0.5),
}
"""Of each norm, the direction of a momentum and the dual norm of a gradient."""
