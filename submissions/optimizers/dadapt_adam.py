"""D-Adaptation for Adam."""

from harness import LogUniform, Uniform, decay_groups, optimizer


@optimizer(
    paper="arXiv:2301.07733",
    defaults={"learning_rate": 1.0, "weight_decay": 0.0, "beta1": 0.9, "beta2": 0.999, "d0": 1e-6},
    space={
        "learning_rate": LogUniform(0.3, 10.0),
        "d0": LogUniform(1e-7, 1e-3),
        "weight_decay": LogUniform(1e-3, 0.5),
        "beta1": Uniform(0.85, 0.97),
        "beta2": Uniform(0.95, 0.999),
    },
    cost="one more average and one inner product per step; state: three times the parameters",
)
def dadapt_adam(model, hyperparameters):
    """Adam whose rate is d, a lower bound of the distance to the solution; pytorch_optimizer's (the authors' third version).

    With b = sqrt(beta2): r <- b r + (1 - b) d lr <g, s / (sqrt(v) + eps)>, s <- b s + (1 - b) d lr g, d <- max(d, r / ((1 - b)
    |s|_1)). The first moment is that of d lr g; w <- w (1 - d lr wd) - m / (sqrt(v) + eps). The learning rate is a multiple
    of d: a schedule's peak is 1.
    """
    from pytorch_optimizer import DAdaptAdam

    h = hyperparameters
    return DAdaptAdam(
        decay_groups(model, h.weight_decay),
        lr=h.learning_rate,
        betas=(h.beta1, h.beta2),
        d0=h.d0,
        weight_decouple=True,
    )
