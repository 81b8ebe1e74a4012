"""SGD-SaI."""

from harness import Choice, LogUniform, Uniform, decay_groups, optimizer


@optimizer(
    paper="arXiv:2412.11768",
    defaults={
        "learning_rate": 0.01,
        "weight_decay": 0.01,
        "momentum": 0.9,
        "scaling": "signal_to_noise",
        "epsilon": 1e-8,
    },
    space={
        "learning_rate": LogUniform(1e-3, 0.3),
        "weight_decay": LogUniform(1e-4, 0.1),
        "momentum": Uniform(0.8, 0.98),
        "scaling": Choice("signal_to_noise", "root_of_size"),
    },
    cost="nil; state once the parameters",
    deviation="s as in the authors' code up to 1.0.3, `scaling=root_of_size` as in its 1.1.0; one element has the scale 1",
)
def sgd_sai(model, hyperparameters):
    """Momentum at a rate per tensor that its first gradient fixes: s = |g| / std(g); own code.

    b is the first g, then b <- momentum b + (1 - momentum) g; w <- w (1 - lr wd) - lr s b. s is about the square root of the
    tensor's size, which `scaling=root_of_size` takes instead.
    """
    from submissions.optimizers._sgd_sai import SgdSai

    h = hyperparameters
    groups = decay_groups(model, h.weight_decay)
    return SgdSai(groups, lr=h.learning_rate, momentum=h.momentum, scale=h.scaling, eps=h.epsilon)
