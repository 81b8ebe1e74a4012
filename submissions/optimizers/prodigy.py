"""Prodigy: Adam that estimates the distance to the solution."""

from harness import LogUniform, Uniform, decay_groups, optimizer


@optimizer(
    paper="arXiv:2306.06101",
    defaults={"learning_rate": 1.0, "weight_decay": 0.0, "beta1": 0.9, "beta2": 0.999, "d_coef": 1.0, "d0": 1e-6},
    space={
        "d_coef": LogUniform(0.3, 5.0),
        "d0": LogUniform(1e-7, 1e-3),
        "weight_decay": LogUniform(1e-3, 0.5),
        "beta1": Uniform(0.85, 0.97),
        "beta2": Uniform(0.95, 0.999),
    },
    cost="one more average and two inner products per step; state: four times the parameters",
    deviation="the estimate ignores the warm-up's smaller rates (the authors' safeguard_warmup, off in the paper)",
)
def prodigy(model, hyperparameters):
    """Adam whose rate is d, a growing estimate of the distance to the solution; pytorch_optimizer's.

    With b3 = sqrt(beta2): r <- b3 r + (d / d0) d lr <g, w0 - w>, s <- b3 s + (d / d0) d g, d <- max(d, d_coef r / |s|_1). The
    moments are those of d g; w <- w (1 - d lr wd) - d lr m / (sqrt(v) + d eps) with the d before the step in front. The
    learning rate is a multiple of d: a schedule's peak is 1.
    """
    from pytorch_optimizer import Prodigy

    h = hyperparameters
    return Prodigy(
        decay_groups(model, h.weight_decay),
        lr=h.learning_rate,
        betas=(h.beta1, h.beta2),
        d0=h.d0,
        d_coef=h.d_coef,
        safeguard_warmup=True,
    )
