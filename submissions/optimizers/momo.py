"""MoMo: momentum with a rate from a model of the loss."""

from harness import LogUniform, Uniform, decay_groups, optimizer


@optimizer(
    paper="arXiv:2305.07583",
    defaults={"learning_rate": 1.0, "weight_decay": 0.0, "momentum": 0.9, "lower_bound": 0.0},
    space={
        "learning_rate": LogUniform(0.03, 30.0),
        "weight_decay": LogUniform(1e-6, 1e-2),
        "momentum": Uniform(0.8, 0.98),
    },
    cost="three inner products per step; state: once the parameters",
    deviation="the lower bound of the loss is a constant (the authors' option estimates it)",
)
def momo(model, hyperparameters):
    """SGD with momentum, its rate min(lr, Polyak's step of the averaged linear models of the loss above `lower_bound`).

    d, f and c are averages of g, the loss and <g, w>: w <- (w - t d) / (1 + lr wd), t = min(lr, max(f - c - bound + <d, w> /
    (1 + lr wd), 0) (1 + lr wd) / |d|^2); the averages start with the first step. Matrices alone are decayed, for which the
    division belongs to each coordinate. The loss is the one that the step's gradient is of.
    """
    from submissions.optimizers._momo import Momo

    h = hyperparameters
    return Momo(decay_groups(model, h.weight_decay), h.learning_rate, h.momentum, h.lower_bound)
