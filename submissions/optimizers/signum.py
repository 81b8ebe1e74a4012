"""Signum."""

from harness import LogUniform, Uniform, decay_groups, optimizer


@optimizer(
    paper="arXiv:1802.04434",
    defaults={"learning_rate": 1e-4, "weight_decay": 0.1, "momentum": 0.9},
    space={
        "learning_rate": LogUniform(3e-5, 3e-2),
        "weight_decay": LogUniform(1e-2, 5.0),
        "momentum": Uniform(0.8, 0.98),
    },
    cost="nil; state once the parameters",
    deviation="weight decay is decoupled",
)
def signum(model, hyperparameters):
    """The sign of averaged gradients: m <- momentum m + (1 - momentum) g; w <- w (1 - lr wd) - lr sign(m); own code."""
    from submissions.optimizers._signum import Signum

    h = hyperparameters
    return Signum(decay_groups(model, h.weight_decay), lr=h.learning_rate, momentum=h.momentum)
