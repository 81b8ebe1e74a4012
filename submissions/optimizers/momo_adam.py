"""MoMo-Adam: Adam with a rate from a model of the loss."""

from harness import LogUniform, Uniform, decay_groups, optimizer


@optimizer(
    paper="arXiv:2305.07583",
    defaults={
        "learning_rate": 1e-2,
        "weight_decay": 0.0,
        "beta1": 0.9,
        "beta2": 0.999,
        "epsilon": 1e-8,
        "lower_bound": 0.0,
    },
    space={
        "learning_rate": LogUniform(1e-3, 1.0),
        "weight_decay": LogUniform(1e-3, 0.5),
        "beta1": Uniform(0.85, 0.97),
        "beta2": Uniform(0.95, 0.999),
    },
    cost="three inner products per step; state: twice the parameters",
    deviation="the lower bound of the loss is a constant (the authors' option estimates it)",
)
def momo_adam(model, hyperparameters):
    """Adam, its rate the smaller of lr and Polyak's step of the averaged linear models of the loss above `lower_bound`.

    As `momo` in the norm of D = sqrt(v / (1 - beta2^t)) + eps, with averages from 0: w <- (w - s d / D) / (1 + lr wd), s =
    min(lr / r, max(f - c - r bound + <d, w> / (1 + lr wd), 0) (1 + lr wd) / <d, d / D>), r = 1 - beta1^t.
    """
    from submissions.optimizers._momo import MomoAdam

    h = hyperparameters
    return MomoAdam(decay_groups(model, h.weight_decay), h.learning_rate, (h.beta1, h.beta2), h.epsilon, h.lower_bound)
