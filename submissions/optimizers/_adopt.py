"""The optimizer class behind the recipe `adopt`."""

from submissions.optimizers._rule import Rule, averaged, decay


class Adopt(Rule):
    """Adam that divides by the second moment of earlier steps; the recipe `adopt` has the formula."""

    def update(self, p, gradient, state, group):
        """Update one parameter; its first step only fills the second moment."""
        beta1, beta2 = group["betas"]
        if state["step"] == 1:
            state["square"] = gradient.square()
            return
        limit = (state["step"] - 1) ** 0.25
        square = state["square"]
        normalised = gradient / square.sqrt().clamp_(min=group["eps"])
        mean = averaged(state, "mean", normalised.clamp_(-limit, limit), beta1)
        decay(p, group)
        p.add_(mean, alpha=-group["lr"])
        square.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
