"""AdamP."""

from harness import LogUniform, Uniform, decay_groups, optimizer


@optimizer(
    paper="arXiv:2006.08217",
    defaults={
        "learning_rate": 1e-3,
        "weight_decay": 0.01,
        "beta1": 0.9,
        "beta2": 0.999,
        "delta": 0.1,
        "decay_ratio": 0.1,
        "epsilon": 1e-8,
    },
    space={
        "learning_rate": LogUniform(1e-4, 1e-1),
        "weight_decay": LogUniform(1e-3, 0.5),
        "beta1": Uniform(0.85, 0.97),
        "beta2": Uniform(0.95, 0.999),
    },
    cost="six inner products per matrix and step; state of twice the parameters",
)
def adamp(model, hyperparameters):
    """AdamW whose direction loses its part along the weights where these are scale-free; own code.

    A tensor of two or more dimensions is taken as scale-free if |cos(g, w)| < delta / sqrt(size) in each output channel, or
    over the whole tensor; its decay is then multiplied by decay_ratio. `pytorch_optimizer.AdamP` fails on channels_last.
    """
    from submissions.optimizers._projected import AdamP

    h = hyperparameters
    options = {"betas": (h.beta1, h.beta2), "eps": h.epsilon, "delta": h.delta, "decay_ratio": h.decay_ratio}
    return AdamP(decay_groups(model, h.weight_decay), lr=h.learning_rate, **options)
