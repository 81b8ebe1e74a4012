"""COCOB: coin betting."""

from harness import LogUniform, decay_groups, optimizer


@optimizer(
    paper="arXiv:1705.07795",
    defaults={"learning_rate": 1.0, "weight_decay": 0.0, "fraction_limit": 100.0},
    space={"weight_decay": LogUniform(1e-6, 1e-2), "fraction_limit": LogUniform(10.0, 1000.0)},
    cost="about ten passes over the weights per step; state: five times the parameters",
    deviation="the learning rate multiplies the gradient, as in optax: only its course matters, not its size",
)
def cocob(model, hyperparameters):
    """Each weight bets a fraction of what it has won so far on the sign of its gradient.

    w = w_0 + C (L + R) / (L max(G + L, fraction_limit L)). With g the gradient times the learning rate: L is the largest |g|
    so far, G the sum of |g|, C the sum of -g, and R <- max(R - g (w - w_0), 0). Weight decay is added to the gradient. A
    schedule's peak is 1.
    """
    from submissions.optimizers._cocob import Cocob

    h = hyperparameters
    return Cocob(decay_groups(model, h.weight_decay), lr=h.learning_rate, fraction_limit=h.fraction_limit)
