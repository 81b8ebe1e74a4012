"""SGDP."""

from harness import LogUniform, Uniform, decay_groups, optimizer


@optimizer(
    paper="arXiv:2006.08217",
    defaults={
        "learning_rate": 0.1,
        "weight_decay": 1e-5,
        "momentum": 0.9,
        "delta": 0.1,
        "decay_ratio": 0.1,
        "epsilon": 1e-8,
    },
    space={
        "learning_rate": LogUniform(1e-2, 1.0),
        "momentum": Uniform(0.8, 0.98),
        "weight_decay": LogUniform(1e-6, 1e-2),
    },
    cost="six inner products per matrix and step; state once the parameters",
)
def sgdp(model, hyperparameters):
    """Nesterov's momentum whose direction loses its part along scale-free weights; own code.

    b <- momentum b + g; d = g + momentum b, projected as in `adamp`; w <- w (1 - lr wd / (1 - momentum)) - lr d.
    """
    from submissions.optimizers._projected import SgdP

    h = hyperparameters
    options = {"momentum": h.momentum, "eps": h.epsilon, "delta": h.delta, "decay_ratio": h.decay_ratio}
    return SgdP(decay_groups(model, h.weight_decay), lr=h.learning_rate, **options)
