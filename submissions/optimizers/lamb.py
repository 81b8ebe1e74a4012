"""LAMB, with bias correction."""

from harness import LogUniform, Uniform, decay_groups, optimizer


@optimizer(
    paper="arXiv:1904.00962",
    defaults={"learning_rate": 5e-3, "weight_decay": 0.01, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-6},
    space={
        "learning_rate": LogUniform(1e-3, 0.2),
        "weight_decay": LogUniform(1e-3, 0.5),
        "beta1": Uniform(0.85, 0.97),
        "beta2": Uniform(0.95, 0.999),
    },
    cost="two norms per matrix and step; state of twice the parameters",
    deviation="the trust ratio is not clipped; biases and norm parameters have neither ratio nor decay",
)
def lamb(model, hyperparameters):
    """Adam's direction scaled layer by layer to the norm of the weights: w <- w - lr |w| / |r| r; own code.

    r = m^ / (sqrt(v^) + eps) + wd w, with Adam's corrected averages; the ratio is 1 if either norm is 0. Default rate: that of
    batches of 32,768 in the paper.
    """
    from submissions.optimizers._lamb import Lamb

    h = hyperparameters
    return Lamb(decay_groups(model, h.weight_decay), lr=h.learning_rate, betas=(h.beta1, h.beta2), eps=h.epsilon)
