"""APOLLO."""

from harness import Choice, LogUniform, Uniform, hidden_groups, optimizer


@optimizer(
    paper="arXiv:2412.05270",
    defaults={
        "learning_rate": 0.01,
        "weight_decay": 0.0,
        "beta1": 0.9,
        "beta2": 0.999,
        "rank_share": 0.25,
        "apollo_scale": 1.0,
        "refresh": 200,
        "epsilon": 1e-6,
    },
    space={
        "learning_rate": LogUniform(3e-4, 0.1),
        "weight_decay": LogUniform(1e-3, 0.5),
        "beta2": Uniform(0.9, 0.999),
        "apollo_scale": LogUniform(0.5, 8.0),
        "refresh": Choice(20, 50, 100, 200),
    },
    cost="a product with the projection per hidden matrix and step; state of hidden matrices: twice rank_share of them and the"
    " projection, at most rank_share more; of the rest twice the parameters",
    deviation="the projection of a step is the same for equal shapes; after a gradient of 0 any length is allowed (the official"
    " limiter holds it near 0); convolutions are taken as matrices [first side, rest]",
)
def apollo(model, hyperparameters):
    """The gradient of hidden matrices, scaled per channel as Adam would scale it in a random subspace; AdamW else; own code.

    For g [m, n] with m >= n (else transposed): r = g P, P normal noise over sqrt(rank) with rank_share n columns, drawn anew
    every `refresh` steps from the step's number; row j of g is multiplied by |Adam(r)_j| / |r_j| and by sqrt(apollo_scale).
    The length grows by at most 1 % per step. Averages are divided by their bias correction after that, as in the official code.
    """
    from submissions.optimizers._low_rank import Apollo

    h = hyperparameters
    shared = {"lr": h.learning_rate, "betas": (h.beta1, h.beta2), "eps": h.epsilon}
    low = {"rank_share": h.rank_share, "refresh": h.refresh, "apollo_scale": h.apollo_scale, "per_channel": True}
    return Apollo(
        hidden_groups(model, h.weight_decay, hidden={"hidden": True, **low, **shared}, others={"hidden": False, **shared})
    )
