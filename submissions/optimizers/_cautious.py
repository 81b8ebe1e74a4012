"""The optimizer class behind the wrapper `cautious`."""

import torch

from submissions.optimizers._wrapped import Wrapped

SMALLEST_SHARE = 1e-3
"""The smallest mean of a mask by which an update is divided."""

RATES_OF_THEIR_OWN = ("Cocob", "Dog", "Dowg", "Lars", "Mechanic")
"""Classes whose learning rate is a factor of a rate that they find: lr wd is not their decay, so it stays in their change."""


class Cautious(Wrapped):
    """Lets through what agrees with the gradient, of the changes that the base makes; `cautious` has the formula."""

    def __init__(self, base, *, cautious_decay=False):
        super().__init__(base)
        self._cautious_decay = cautious_decay

    @torch.no_grad()
    def step(self):
        """Take one step of the base, then undo what disagrees with the gradient."""
        weights = [[p for p in group["params"] if p.grad is not None] for group in self.param_groups]
        before = [[(p.detach().clone(), p.grad.clone()) for p in group] for group in weights]
        decays = [group.get("weight_decay", 0.0) for group in self.param_groups]
        shares = [self._share(group) for group in self.param_groups]
        try:
            self._set_decays([0.0 if share else decay for share, decay in zip(shares, decays, strict=True)])
            self._step_base()
        finally:
            self._set_decays(decays)
        for index, share in enumerate(shares):
            for p, (old, gradient) in zip(weights[index], before[index], strict=True):
                update = old - p
                p.copy_(self._decayed(old, update, share))
                mask = (update * gradient > 0).to(update.dtype)
                p.sub_(update.mul_(mask.div_(mask.mean().clamp_(min=SMALLEST_SHARE))))

    def _share(self, group):
        """Return by which share of itself a weight decays in this step, outside of the base's change."""
        if type(self.base).__name__ in RATES_OF_THEIR_OWN:
            return 0.0
        return group["lr"] * group.get("d", 1.0) * group.get("weight_decay", 0.0)  # d: the estimate of Prodigy and D-Adapt

    def _set_decays(self, decays):
        for group, decay in zip(self.param_groups, decays, strict=True):
            if "weight_decay" in group:
                group["weight_decay"] = decay

    def _decayed(self, old, update, share):
        if not share:
            return old
        return torch.where(update * old >= 0, old * (1 - share), old) if self._cautious_decay else old * (1 - share)
