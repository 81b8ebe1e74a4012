"""The optimizer class behind the recipe `mars`."""

import torch

from submissions.optimizers._rule import Rule, adam_direction, decay, kept


class Mars(Rule):
    """AdamW of gradients whose variance is reduced; the recipe `mars` has the formula."""

    def update(self, p, gradient, state, group):
        """Update one parameter; all but matrices are AdamW's."""
        direction = adam_direction(self._corrected(gradient, state, group) if group["matrices"] else gradient, state, group)
        decay(p, group)
        p.add_(direction, alpha=-group["lr"])

    def _corrected(self, gradient, state, group):
        """Return g + gamma beta1 / (1 - beta1) (g - last g), scaled down to a norm of at most 1."""
        before = kept(state, "gradient", gradient)
        factor = group["gamma"] * group["betas"][0] / (1 - group["betas"][0])
        corrected = gradient.mul(1 + factor).sub_(before, alpha=factor)
        before.copy_(gradient)
        return corrected.div_(torch.linalg.vector_norm(corrected).clamp_min(1.0))
