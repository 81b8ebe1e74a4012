"""SPAM."""

from harness import LogUniform, Uniform, decay_groups, optimizer


@optimizer(
    paper="arXiv:2501.06842",
    defaults={
        "learning_rate": 1e-3,
        "weight_decay": 0.01,
        "beta1": 0.9,
        "beta2": 0.999,
        "spike_threshold": 5000.0,
        "interval": 500,
        "warmup": 150,
        "epsilon": 1e-6,
    },
    space={
        "learning_rate": LogUniform(1e-4, 1e-1),
        "weight_decay": LogUniform(1e-3, 0.5),
        "beta1": Uniform(0.85, 0.97),
        "beta2": Uniform(0.95, 0.999),
    },
    cost="nil; state of twice the parameters",
    deviation="all coordinates are trained (the paper's density 1); the first steps have no warm-up of their own",
)
def spam(model, hyperparameters):
    """AdamW that clips spikes of single coordinates and forgets its averages every `interval` steps; own code.

    Where g^2 > spike_threshold v, g becomes sign(g) sqrt(spike_threshold v), from 20 steps after the start or a reset. k steps
    after a reset the step is multiplied by 1 - .99 (1 + cos(pi k / warmup)) / 2; bias correction goes on from the first step.
    """
    from submissions.optimizers._spam import Spam

    h = hyperparameters
    options = {"threshold": h.spike_threshold, "interval": h.interval, "warmup": h.warmup, "eps": h.epsilon}
    return Spam(decay_groups(model, h.weight_decay), lr=h.learning_rate, betas=(h.beta1, h.beta2), **options)
