"""Lion."""

from harness import LogUniform, Uniform, decay_groups, optimizer


@optimizer(
    paper="arXiv:2302.06675",
    defaults={"learning_rate": 1e-4, "weight_decay": 0.1, "beta1": 0.9, "beta2": 0.99},
    space={
        "learning_rate": LogUniform(3e-5, 3e-2),
        "weight_decay": LogUniform(1e-2, 5.0),
        "beta1": Uniform(0.85, 0.97),
        "beta2": Uniform(0.95, 0.995),
    },
)
def lion(model, hyperparameters):
    """The sign of an interpolated momentum: w <- w (1 - lr wd) - lr sign(beta1 m + (1 - beta1) g); pytorch_optimizer's.

    Then m <- beta2 m + (1 - beta2) g. Good learning rates are 3 to 10 times smaller than AdamW's, and good weight decays
    are larger by the same factor (section 5 of the paper); the bounds of the space are AdamW's, moved accordingly.
    """
    from pytorch_optimizer import Lion

    h = hyperparameters
    return Lion(decay_groups(model, h.weight_decay), lr=h.learning_rate, betas=(h.beta1, h.beta2))
