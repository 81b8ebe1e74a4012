"""Adam with few dimensions of hidden matrices: what `galore`, `natural_galore`, `apollo` and `apollo_mini` share."""

import math

import torch

from submissions.optimizers._rule import Rule, adam_direction, averaged, decay, kept

GROWTH = 1.01
"""Factor by which the length of APOLLO's direction may grow per step."""


class LowRank(Rule):
    """A direction from projected gradients for the groups with "hidden", AdamW for the others.

    A hidden tensor is taken as the matrix [first side, rest], with the longer side first. Its rank is "rank_share" of the
    shorter side, at least 1, and its projection is made anew every "refresh" steps, from the first on.
    """

    def update(self, p, gradient, state, group):
        """Update one parameter."""
        decay(p, group)
        if not group["hidden"]:
            p.add_(adam_direction(gradient, state, group), alpha=-group["lr"])
            return
        flat = gradient.reshape(len(gradient), -1)
        tall = flat if flat.shape[0] >= flat.shape[1] else flat.T
        if (state["step"] - 1) % group["refresh"] == 0:
            state["basis"] = self.basis(tall, max(1, round(group["rank_share"] * tall.shape[1])), state["step"])
        found = self.direction(tall, tall @ state["basis"], state, group)
        p.add_((found if tall is flat else found.T).reshape(p.shape), alpha=-group["lr"])

    def basis(self, gradient, rank, step):
        """Return what projects the rows of a gradient [long, short] to `rank` dimensions, [short, rank]."""
        raise NotImplementedError

    def direction(self, gradient, low, state, group):
        """Return the direction [long, short] of a gradient, of which `low` is the projection [long, rank]."""
        raise NotImplementedError


class GaLore(LowRank):
    """Adam in the space of the leading singular vectors; the recipe `galore` has the formula."""

    def basis(self, gradient, rank, step):
        """Return the leading right singular vectors; entries that are not finite count as 0, since torch raises there."""
        wide = gradient.to(torch.promote_types(gradient.dtype, torch.float32))
        vectors = torch.linalg.svd(torch.nan_to_num(wide, 0.0, 0.0, 0.0), full_matrices=False).Vh[:rank]
        largest = vectors.gather(1, vectors.abs().argmax(1, keepdim=True))
        return vectors.mul_(largest.sign()).T.contiguous().to(gradient.dtype)

    def direction(self, gradient, low, state, group):
        """Return Adam's direction of the projected gradient, projected back."""
        return adam_direction(low, state, group) @ (state["basis"].T * group["galore_scale"])


class Apollo(LowRank):
    """The gradient at the length that Adam would give it in a random subspace; the recipe `apollo` has the formula."""

    def basis(self, gradient, rank, step):
        """Return normal noise over sqrt(rank), the same for equal sizes and steps."""
        generator = torch.Generator().manual_seed(step)
        noise = torch.randn(gradient.shape[1], rank, generator=generator, dtype=torch.float64)
        return noise.div_(math.sqrt(rank)).to(gradient)

    def direction(self, gradient, low, state, group):
        """Return the gradient scaled per row or as a whole, its growth limited."""
        beta1, beta2 = group["betas"]
        mean = averaged(state, "mean", low, beta1)
        square = kept(state, "square", low).mul_(beta2).addcmul_(low, low, value=1 - beta2)
        sides = 1 if group["per_channel"] else (0, 1)
        length = torch.linalg.vector_norm(mean / square.sqrt().add_(group["eps"]), dim=sides, keepdim=True)
        scaled = gradient * (length / (torch.linalg.vector_norm(low, dim=sides, keepdim=True) + 1e-8))
        size = math.sqrt(1 - beta2 ** state["step"]) / (1 - beta1 ** state["step"])
        return self._limited(scaled, state).mul_(math.sqrt(group["apollo_scale"]) * size)

    def _limited(self, scaled, state):
        """Return a direction scaled down to at most `GROWTH` times its last length; after a length of 0 any is allowed."""
        length, last = torch.linalg.vector_norm(scaled), state.get("length", 0.0 * scaled[0, 0])
        factor = torch.where(last > 0, GROWTH * (last + 1e-8) / length, 1.0).clamp(max=1.0)
        state["length"] = length * factor
        return scaled.mul_(factor)
