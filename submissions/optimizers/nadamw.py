"""NAdamW as in AlgoPerf's baseline."""

from harness import LogUniform, Uniform, decay_groups, optimizer


@optimizer(
    paper="arXiv:2306.07179",
    defaults={"learning_rate": 1.7486e-3, "weight_decay": 0.0812, "beta1": 0.93266, "beta2": 0.99552, "epsilon": 1e-8},
    space={
        "learning_rate": LogUniform(1e-4, 1e-2),
        "weight_decay": LogUniform(5e-3, 1.0),
        "beta1": Uniform(0.9, 0.996),
        "beta2": Uniform(0.9, 0.999),
    },
)
def nadamw(model, hyperparameters):
    """AdamW with Nesterov's look-ahead in the numerator, without torch's schedule of beta1.

    w <- w (1 - lr wd) - lr [beta1 m + (1 - beta1) g] / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps), where m and v
    are updated first. `torch.optim.NAdam` varies beta1 over time and is another optimizer. Defaults: AlgoPerf's
    self-tuning baseline.
    """
    from submissions.optimizers._nadamw import NAdamW

    h = hyperparameters
    return NAdamW(decay_groups(model, h.weight_decay), lr=h.learning_rate, betas=(h.beta1, h.beta2), eps=h.epsilon)
