"""Schedule-Free SGD: an average of the trained weights is judged."""

from harness import LogUniform, Uniform, decay_groups, optimizer


@optimizer(
    paper="arXiv:2405.15682",
    defaults={"learning_rate": 1.0, "weight_decay": 0.0, "momentum": 0.9},
    space={
        "learning_rate": LogUniform(0.1, 30.0),
        "weight_decay": LogUniform(1e-6, 1e-2),
        "momentum": Uniform(0.8, 0.98),
    },
    cost="one pass over the weights per evaluation; state: once the parameters",
    deviation="the training weights are stored during an evaluation and put back exactly, so that it causes no rounding",
    schedule="constant",
)
def schedule_free_sgd(model, hyperparameters):
    """Gradients at y = (1 - momentum) z + momentum x, steps of z, and x, the average of z, is judged.

    z <- z - lr g; x <- (1 - c) x + c z, with c the square of the largest rate so far over the sum of these squares. The method
    is made for `+constant`; it hears any schedule. Weight decay is at y, added to the gradient. Good rates are 10 to 50 times
    those of SGD with momentum. BatchNorm statistics are recomputed for x.
    """
    from submissions.optimizers._schedule_free import ScheduleFreeSGD

    h = hyperparameters
    return ScheduleFreeSGD(decay_groups(model, h.weight_decay), h.learning_rate, h.momentum)
