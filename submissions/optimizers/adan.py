"""Adan."""

from harness import LogUniform, Uniform, decay_groups, optimizer


@optimizer(
    paper="arXiv:2208.06677",
    defaults={"learning_rate": 1e-3, "weight_decay": 0.02, "beta1": 0.98, "beta2": 0.92, "beta3": 0.99, "epsilon": 1e-8},
    space={
        "learning_rate": LogUniform(3e-4, 0.2),
        "weight_decay": LogUniform(1e-3, 0.5),
        "beta1": Uniform(0.85, 0.98),
        "beta2": Uniform(0.8, 0.98),
        "beta3": Uniform(0.95, 0.999),
    },
    cost="nil; state of four times the parameters",
)
def adan(model, hyperparameters):
    """Nesterov momentum from differences of gradients, in Adam's form; pytorch_optimizer's.

    With d the difference to the previous gradient (0 at first) and averages m of g, e of d and n of (g + beta2 d)^2 with
    beta1, beta2 and beta3: w <- [w - lr (m^ + beta2 e^) / (sqrt(n^) + eps)] / (1 + lr wd). The betas are the weights of the
    past, one minus those of the paper.
    """
    from pytorch_optimizer import Adan

    h = hyperparameters
    betas = h.beta1, h.beta2, h.beta3
    return Adan(decay_groups(model, h.weight_decay), lr=h.learning_rate, betas=betas, eps=h.epsilon)
