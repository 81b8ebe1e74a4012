"""The optimizer class behind the recipe `scion`."""

from submissions.optimizers._orthogonal import orthogonal
from submissions.optimizers._rule import Rule, averaged, decay


class Scion(Rule):
    """Steps of fixed norm, a norm per kind of layer; the recipe `scion` has the formula."""

    def update(self, p, gradient, state, group):
        """Update one parameter."""
        mean = averaged(state, "mean", gradient, group["momentum"])
        direction = _DIRECTIONS[group["norm"]](mean)
        decay(p, group)
        p.add_(direction.reshape(p.shape), alpha=-group["lr"] * group["radius"])


def _spectral(mean):
    """Orthogonal, times sqrt(out / in); of a convolution divided by the size of its kernel."""
    kernel = mean[0, 0].numel()
    return orthogonal(mean.reshape(len(mean), -1)) * ((mean.shape[0] / mean.shape[1]) ** 0.5 / kernel)


def _sign(mean):
    return mean.sign() / mean[0].numel()


def _unit_rms(mean):
    """Divide by the root mean square over the last side: of every row of an embedding, of a whole vector."""
    return mean / (mean.square().mean(-1, keepdim=True).sqrt() + 1e-8)


_DIRECTIONS = {"spectral": _spectral, "sign": _sign, "rms": _unit_rms}
