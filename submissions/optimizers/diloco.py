"""DiLoCo with one worker: an outer momentum over rounds of AdamW."""

from harness import Choice, LogUniform, Uniform, optimizer
from submissions.optimizers.adamw import adamw


@optimizer(
    paper="arXiv:2311.08105; AlgoPerf's entry single_worker_dilocov2",
    defaults={
        "learning_rate": 9.55e-4,
        "weight_decay": 0.2424,
        "beta1": 0.99,
        "beta2": 0.995,
        "epsilon": 1e-8,
        "round_steps": 75,
        "outer_rate": 0.3006,
        "outer_momentum": 0.7675,
    },
    space={
        "learning_rate": LogUniform(5e-4, 5e-2),
        "weight_decay": LogUniform(1e-3, 0.5),
        "round_steps": Choice(10, 25, 75),
        "outer_rate": LogUniform(0.1, 1.0),
        "outer_momentum": Uniform(0.3, 0.95),
    },
    cost="per round five passes over the weights; state: four times the parameters",
    deviation="one worker (paper: 8); norm parameters and biases are not decayed",
)
def diloco(model, hyperparameters):
    """AdamW, whose change over every `round_steps` steps is a gradient for Nesterov's momentum; slow weights are judged.

    After a round D = slow - w; b <- mu b + D; slow <- slow - eta (D + mu b); w <- slow, with eta the outer rate, which no
    schedule changes, and mu the outer momentum. AdamW's averages go on. BatchNorm statistics are recomputed for the slow
    weights. Defaults: AlgoPerf's entry.
    """
    from submissions.optimizers._diloco import Outer

    h = hyperparameters
    inner = adamw(model, {name: h[name] for name in ("learning_rate", "weight_decay", "beta1", "beta2", "epsilon")})
    return Outer(inner, h.round_steps, h.outer_rate, h.outer_momentum)
