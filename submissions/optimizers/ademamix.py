"""AdEMAMix."""

from harness import LogUniform, Uniform, decay_groups, optimizer


@optimizer(
    paper="arXiv:2409.03137",
    defaults={
        "learning_rate": 1e-3,
        "weight_decay": 0.1,
        "beta1": 0.9,
        "beta2": 0.999,
        "beta3": 0.9999,
        "slow_weight": 5.0,
        "warmup_steps": 0,
        "epsilon": 1e-8,
    },
    space={
        "learning_rate": LogUniform(1e-4, 1e-1),
        "weight_decay": LogUniform(1e-3, 0.5),
        "beta2": Uniform(0.95, 0.999),
        "beta3": Uniform(0.95, 0.999),
        "slow_weight": LogUniform(1.0, 10.0),
    },
    cost="nil; state of three times the parameters",
    deviation="slow_weight and beta3 are constant unless `warmup_steps` is set: a recipe does not know the horizon",
)
def ademamix(model, hyperparameters):
    """AdamW whose numerator adds a slow average of gradients: (m^ + slow_weight s) / (sqrt(v^) + eps); pytorch_optimizer's.

    s is the average of g with beta3, without correction. With `warmup_steps` T, in step t slow_weight rises as t / T and the
    time in which s forgets half rises from that of beta1 linearly to that of beta3; the paper takes the whole horizon for T.
    """
    from pytorch_optimizer import AdEMAMix

    h = hyperparameters
    return AdEMAMix(
        decay_groups(model, h.weight_decay),
        lr=h.learning_rate,
        betas=(h.beta1, h.beta2, h.beta3),
        weight_decouple=True,
        alpha=h.slow_weight,
        t_alpha_beta3=h.warmup_steps or None,
        eps=h.epsilon,
    )
