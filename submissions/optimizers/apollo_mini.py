"""APOLLO-Mini."""

from harness import Choice, LogUniform, Uniform, hidden_groups, optimizer


@optimizer(
    paper="arXiv:2412.05270",
    defaults={
        "learning_rate": 0.01,
        "weight_decay": 0.0,
        "beta1": 0.9,
        "beta2": 0.999,
        "apollo_scale": 128.0,
        "refresh": 200,
        "epsilon": 1e-6,
    },
    space={
        "learning_rate": LogUniform(3e-4, 0.1),
        "weight_decay": LogUniform(1e-3, 0.5),
        "beta2": Uniform(0.9, 0.999),
        "apollo_scale": LogUniform(1.0, 512.0),
        "refresh": Choice(20, 50, 100, 200),
    },
    cost="a product with a vector per hidden matrix and step; state of a hidden matrix: three vectors; of the rest twice the"
    " parameters",
    deviation="the projection of a step is the same for equal shapes; after a gradient of 0 any length is allowed (the official"
    " limiter holds it near 0); convolutions are taken as matrices [first side, rest]",
)
def apollo_mini(model, hyperparameters):
    """The gradient of hidden matrices, scaled as a whole as Adam would scale it in one random dimension; AdamW else; own code.

    It is `apollo` with rank 1 and one factor |Adam(r)| / |r| for the whole matrix.
    """
    from submissions.optimizers._low_rank import Apollo

    h = hyperparameters
    shared = {"lr": h.learning_rate, "betas": (h.beta1, h.beta2), "eps": h.epsilon}
    low = {"rank_share": 0.0, "refresh": h.refresh, "apollo_scale": h.apollo_scale, "per_channel": False}
    return Apollo(
        hidden_groups(model, h.weight_decay, hidden={"hidden": True, **low, **shared}, others={"hidden": False, **shared})
    )
