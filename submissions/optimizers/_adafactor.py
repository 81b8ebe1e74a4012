"""The optimizer class behind the recipe `adafactor`."""

from submissions.optimizers._rule import Rule, averaged, decay


class Adafactor(Rule):
    """Adam's division with a second moment of rank one; the recipe `adafactor` has the formula."""

    def update(self, p, gradient, state, group):
        """Update one parameter; the second moment of a vector is kept whole."""
        beta = 1 - state["step"] ** -group["decay_power"]
        square = gradient.reshape(len(p), -1).square() if p.ndim >= 2 else gradient.square()
        square = square.add_(1e-30)
        if p.ndim >= 2:
            rows = averaged(state, "rows", square.mean(1, keepdim=True), beta)
            columns = averaged(state, "columns", square.mean(0, keepdim=True), beta)
            size = (rows / rows.mean()).sqrt() * columns.sqrt()
        else:
            size = averaged(state, "square", square, beta).sqrt()
        direction = gradient / size.reshape(p.shape)
        direction.div_((_rms(direction) / group["clip_rms"]).clamp_min(1.0))
        rate = _rms(p).clamp_min(1e-3) * group["lr"]
        decay(p, group)
        p.sub_(direction.mul_(rate))


def _rms(x):
    return x.square().mean().sqrt()
