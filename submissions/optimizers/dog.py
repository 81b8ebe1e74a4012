"""DoG: distance over gradients."""

from harness import LogUniform, decay_groups, optimizer


@optimizer(
    paper="arXiv:2302.12022",
    defaults={"learning_rate": 1.0, "weight_decay": 0.0, "first_distance": 1e-6, "average_span": 1 / 9},
    space={
        "learning_rate": LogUniform(0.3, 3.0),
        "weight_decay": LogUniform(1e-6, 1e-2),
        "first_distance": LogUniform(1e-7, 1e-2),
        "average_span": LogUniform(0.01, 0.5),
    },
    cost="two norms and one pass for the average per step; state: twice the parameters",
)
def dog(model, hyperparameters):
    """Gradient descent with the rate max |w_i - w_0| / sqrt(sum |g_i|^2 + 1e-8), judged by the authors' polynomial average.

    The first distance is `first_distance` (1 + |w_0|); the authors advise 1e-6, with BatchNorm 1e-4. The average after step t
    is a <- a + (w - a) / (1 + average_span (t - 1)), which is theirs, 9 / (t + 8), at the default. BatchNorm statistics are
    recomputed for it. Weight decay is added to the gradient. The learning rate multiplies the rate: a schedule's peak is 1.
    """
    from submissions.optimizers._averages import MovingAverage
    from submissions.optimizers._distance import Dog

    h = hyperparameters
    return MovingAverage(Dog(decay_groups(model, h.weight_decay), h.learning_rate, h.first_distance), h.average_span)
