"""Adafactor, with a rate that a schedule sets."""

from harness import LogUniform, Uniform, decay_groups, optimizer


@optimizer(
    paper="arXiv:1804.04235",
    defaults={"learning_rate": 0.01, "weight_decay": 0.01, "decay_power": 0.8, "clip_rms": 1.0},
    space={
        "learning_rate": LogUniform(1e-3, 1.0),
        "weight_decay": LogUniform(1e-4, 0.1),
        "decay_power": Uniform(0.5, 0.95),
    },
    cost="nil; state of one value per row and column, of vectors once the parameters",
    deviation="the schedule sets the relative rate, in the paper min(.01, 1 / sqrt(t)); tensors are taken as matrices"
    " [first side, rest]; weight decay, which the paper does not have, is decoupled",
)
def adafactor(model, hyperparameters):
    """Adam's division with a second moment of rank one, steps in proportion to the weights, no momentum; own code.

    r and c average the means of g^2 + 1e-30 over rows and columns with beta = 1 - t^(-decay_power); u is
    g / sqrt(r c / mean(r)), scaled down to a root mean square of at most clip_rms; w <- w (1 - lr wd) - lr max(.001, rms(w)) u.
    `pytorch_optimizer.AdaFactor` ignores the schedule by default.
    """
    from submissions.optimizers._adafactor import Adafactor

    h = hyperparameters
    groups = decay_groups(model, h.weight_decay)
    return Adafactor(groups, lr=h.learning_rate, decay_power=h.decay_power, clip_rms=h.clip_rms)
