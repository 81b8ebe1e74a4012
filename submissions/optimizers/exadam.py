"""EXAdam."""

from harness import LogUniform, Uniform, decay_groups, optimizer


@optimizer(
    paper="arXiv:2412.20302",
    defaults={"learning_rate": 1e-3, "weight_decay": 0.01, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
    space={
        "learning_rate": LogUniform(1e-4, 3e-2),
        "weight_decay": LogUniform(1e-3, 0.5),
        "beta1": Uniform(0.85, 0.97),
        "beta2": Uniform(0.95, 0.999),
    },
    cost="nil; state of twice the parameters",
    deviation="the constant rate of the official code, not the paper's that grows with log(t)",
)
def exadam(model, hyperparameters):
    """Adam with cross-corrected averages and the present gradient in the numerator; pytorch_optimizer's.

    With d1 = 1 + beta2^t v / (v + eps) and d2 = 1 + beta1^t m^2 / (m^2 + eps): w <- w (1 - lr wd) - lr (m + g) d1
    / (1 - beta1^t) / (sqrt(v d2 / (1 - beta2^t)) + eps). m + g is about two steps of Adam.
    """
    from pytorch_optimizer import EXAdam

    h = hyperparameters
    return EXAdam(decay_groups(model, h.weight_decay), lr=h.learning_rate, betas=(h.beta1, h.beta2), eps=h.epsilon)
