"""The optimizer class behind the recipe `natural_galore`."""

import torch

from submissions.optimizers._low_rank import GaLore


class NaturalGaLore(GaLore):
    """GaLore whose projected gradients are preconditioned by their own history; the recipe `natural_galore` has the formula."""

    def direction(self, gradient, low, state, group):
        """Return GaLore's direction of the natural gradient."""
        return super().direction(gradient, self._natural(low, state, group), state, group)

    def _natural(self, low, state, group):
        """Return (damping + H H^T)^(-1) g, where H has the last projected gradients as columns, the newest, g, included.

        With g the column i of H this is H (damping + H^T H)^(-1) e_i, which needs no difference of large numbers.
        """
        if "history" not in state:
            state["history"] = low.new_zeros(group["history"], low.numel())
        history, place = state["history"], (state["step"] - 1) % group["history"]
        history[place] = low.reshape(-1)
        system = (history @ history.T).double()
        system.diagonal().add_(group["damping"])
        unit = torch.zeros_like(system[:, :1])
        unit[place] = 1.0
        shares = torch.linalg.solve_ex(system, unit)[0]  # raises nothing where the gradient is not finite
        return (shares.T.to(history) @ history).reshape(low.shape)
