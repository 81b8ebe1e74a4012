"""Mechanic: AdamW with a learned scale."""

from harness import LogUniform, Uniform, optimizer
from submissions.optimizers.adamw import adamw


@optimizer(
    paper="arXiv:2306.00144",
    defaults={
        "learning_rate": 1.0,
        "weight_decay": 0.01,
        "beta1": 0.9,
        "beta2": 0.999,
        "epsilon": 1e-8,
        "pull": 0.01,
        "first_scale": 1e-6,
    },
    space={
        "weight_decay": LogUniform(1e-3, 0.5),
        "beta1": Uniform(0.85, 0.97),
        "beta2": Uniform(0.95, 0.999),
        "pull": LogUniform(1e-3, 0.1),
        "first_scale": LogUniform(1e-8, 1e-4),
    },
    cost="one inner product, two norms and four passes over the weights per step; state: four times the parameters",
)
def mechanic(model, hyperparameters):
    """AdamW at rate 1, whose summed changes D are scaled: w <- w_0 - s D, with s learned by six betting algorithms.

    h = <g + pull s |g| w / |w|, D>, before D takes up AdamW's change u: D <- D - u. For each b in 1 - 10^-1 .. 1 - 10^-6, with
    q the old m: m <- max(b m, |h| + eps), v <- b^2 v + h^2, r <- b r + clip(h, -q, q) s_i, s_i <- (first_scale m / 6 +
    max(r, 0)) / (sqrt(v) + eps); s is the sum of the s_i, and eps 1e-8. A schedule's peak is 1.
    """
    from submissions.optimizers._mechanic import Mechanic

    h = hyperparameters
    base = adamw(model, {name: h[name] for name in ("learning_rate", "weight_decay", "beta1", "beta2", "epsilon")})
    return Mechanic(base, h.pull, h.first_scale)
