"""LARS."""

from harness import LogUniform, Uniform, decay_groups, optimizer


@optimizer(
    paper="arXiv:1708.03888",
    defaults={
        "learning_rate": 10.0,
        "vector_learning_rate": 0.1,
        "weight_decay": 5e-4,
        "momentum": 0.9,
        "trust": 1e-3,
    },
    space={
        "learning_rate": LogUniform(0.3, 100.0),
        "vector_learning_rate": LogUniform(1e-2, 1.0),
        "weight_decay": LogUniform(1e-6, 1e-2),
        "momentum": Uniform(0.8, 0.98),
    },
    cost="two norms per matrix and step; state once the parameters",
    deviation="the rate multiplies the momentum, not what enters it; biases and norm parameters have plain momentum at a rate"
    " of their own, without decay; the default rate is one for large batches",
)
def lars(model, hyperparameters):
    """Momentum of gradients scaled layer by layer to the norm of the weights; own code.

    b <- momentum b + trust |w| / (|g| + wd |w|) (g + wd w); w <- w - lr b.
    """
    from submissions.optimizers._lars import Lars

    h = hyperparameters
    groups = decay_groups(model, h.weight_decay)
    for group in groups:
        group["lr"] = h.learning_rate if group["params"][0].ndim >= 2 else h.vector_learning_rate
    return Lars(groups, momentum=h.momentum, trust=h.trust)
