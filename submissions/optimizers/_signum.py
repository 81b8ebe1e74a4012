"""The optimizer class behind the recipe `signum`."""

from submissions.optimizers._rule import Rule, averaged, decay


class Signum(Rule):
    """The sign of averaged gradients."""

    def update(self, p, gradient, state, group):
        """Update one parameter."""
        direction = averaged(state, "mean", gradient, group["momentum"]).sign()
        decay(p, group)
        p.add_(direction, alpha=-group["lr"])
