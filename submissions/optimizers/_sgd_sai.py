"""The optimizer class behind the recipe `sgd_sai`."""

import torch

from submissions.optimizers._rule import Rule, decay


class SgdSai(Rule):
    """Momentum at a rate per tensor that its first gradient fixes; the recipe `sgd_sai` has the formula."""

    def update(self, p, gradient, state, group):
        """Update one parameter."""
        if state["step"] == 1:
            state["momentum"] = gradient.clone()
            state["scale"] = self._scale(gradient, group)
        else:
            state["momentum"].lerp_(gradient, 1 - group["momentum"])
        decay(p, group)
        p.sub_(state["momentum"] * (state["scale"] * group["lr"]))

    def _scale(self, gradient, group):
        if group["scale"] == "root_of_size" or gradient.numel() == 1:
            return torch.full_like(gradient.sum(), gradient.numel() ** 0.5)
        return torch.linalg.vector_norm(gradient) / (gradient.std() + group["eps"])
