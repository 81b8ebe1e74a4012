"""The optimizer classes behind the recipes `adamp` and `sgdp`, which share the projection."""

import torch

from submissions.optimizers._rule import Rule, adam_direction, kept


def projected(p, gradient, direction, group):
    """Return the direction without its part along the weights, and the factor of weight decay, where weights are scale-free.

    They are taken as scale-free, each output channel by itself or all together, where |cos(g, w)| is below delta / sqrt(size).
    """
    one, zero = torch.ones((), dtype=p.dtype, device=p.device), torch.zeros_like(p)
    if p.ndim < 2:
        return direction, one
    along, ratio, done = zero, one, torch.zeros((), dtype=torch.bool, device=p.device)
    for sides in (tuple(range(1, p.ndim)), tuple(range(p.ndim))):

        def dot(a, b, sides=sides):
            return (a * b).sum(sides, keepdim=True)

        norm = dot(p, p).sqrt() + group["eps"]
        cosine = dot(gradient, p).abs() / norm / (dot(gradient, gradient).sqrt() + group["eps"])
        size = p[0].numel() if len(sides) < p.ndim else p.numel()
        free = (cosine.max() < group["delta"] / size**0.5) & ~done
        unit = p / norm
        along = torch.where(free, unit * dot(unit, direction), along)
        ratio = torch.where(free, group["decay_ratio"], ratio)
        done = done | free
    return direction - along, ratio


class AdamP(Rule):
    """Adam without growth of scale-free weights; the recipe `adamp` has the formula."""

    def update(self, p, gradient, state, group):
        """Update one parameter."""
        direction, ratio = projected(p, gradient, adam_direction(gradient, state, group), group)
        p.mul_(1 - group["lr"] * group["weight_decay"] * ratio)
        p.add_(direction, alpha=-group["lr"])


class SgdP(Rule):
    """Momentum without growth of scale-free weights; the recipe `sgdp` has the formula."""

    def update(self, p, gradient, state, group):
        """Update one parameter."""
        momentum = group["momentum"]
        velocity = kept(state, "momentum", p).mul_(momentum).add_(gradient)
        direction, ratio = projected(p, gradient, gradient.add(velocity, alpha=momentum), group)
        p.mul_(1 - group["lr"] * group["weight_decay"] / (1 - momentum) * ratio)
        p.add_(direction, alpha=-group["lr"])
