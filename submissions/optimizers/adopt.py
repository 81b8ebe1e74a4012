"""ADOPT."""

from harness import LogUniform, Uniform, decay_groups, optimizer


@optimizer(
    paper="arXiv:2411.02853",
    defaults={"learning_rate": 1e-3, "weight_decay": 0.01, "beta1": 0.9, "beta2": 0.9999, "epsilon": 1e-6},
    space={
        "learning_rate": LogUniform(1e-4, 1e-1),
        "weight_decay": LogUniform(1e-3, 0.5),
        "beta1": Uniform(0.85, 0.97),
        "beta2": Uniform(0.95, 0.999),
    },
    cost="nil; state of twice the parameters",
    deviation="weight decay is decoupled; a first step trains nothing",
)
def adopt(model, hyperparameters):
    """Adam whose gradient is divided by the second moment of earlier steps before it is averaged; own code.

    In step t = 1, 2, ... after one that sets v = g^2: m <- beta1 m + (1 - beta1) clip(g / max(sqrt(v), eps), t^(1/4));
    w <- w (1 - lr wd) - lr m; then v <- beta2 v + (1 - beta2) g^2. `pytorch_optimizer.ADOPT` clips one step ahead.
    """
    from submissions.optimizers._adopt import Adopt

    h = hyperparameters
    return Adopt(decay_groups(model, h.weight_decay), lr=h.learning_rate, betas=(h.beta1, h.beta2), eps=h.epsilon)
