"""GaLore."""

from harness import Choice, LogUniform, hidden_groups, optimizer


@optimizer(
    paper="arXiv:2403.03507",
    defaults={
        "learning_rate": 0.01,
        "weight_decay": 0.0,
        "beta1": 0.9,
        "beta2": 0.999,
        "rank_share": 0.25,
        "galore_scale": 0.25,
        "refresh": 200,
        "epsilon": 1e-6,
    },
    space={
        "learning_rate": LogUniform(3e-4, 0.2),
        "weight_decay": LogUniform(1e-3, 0.5),
        "rank_share": LogUniform(0.1, 1.0),
        "galore_scale": LogUniform(0.1, 1.0),
        "refresh": Choice(20, 50, 100, 200),
    },
    cost="two products with the basis per hidden matrix and step, a singular value decomposition every `refresh` steps; state"
    " of hidden matrices: twice rank_share of them and the basis, at most rank_share more; of the rest twice the parameters",
    deviation="the rank is a share of the shorter side, that of the paper's smallest model (128 of 512); convolutions are taken"
    " as matrices [first side, rest]; the sign of a singular vector makes its largest entry positive (official: arbitrary)",
)
def galore(model, hyperparameters):
    """AdamW whose gradients of hidden matrices are projected to their leading singular vectors; own code.

    For g [m, n] with m >= n (else transposed): Q are the rank_share n leading right singular vectors of g, renewed every
    `refresh` steps while the averages stay; w <- w (1 - lr wd) - lr galore_scale Adam(g Q) Q^T. The rest is AdamW's, at the
    same rate. `pytorch_optimizer.GaLore` refreshes one step early, and is Adam unless its groups have a rank.
    """
    from submissions.optimizers._low_rank import GaLore

    h = hyperparameters
    shared = {"lr": h.learning_rate, "betas": (h.beta1, h.beta2), "eps": h.epsilon}
    low = {"hidden": True, "rank_share": h.rank_share, "refresh": h.refresh, "galore_scale": h.galore_scale}
    return GaLore(hidden_groups(model, h.weight_decay, hidden={**low, **shared}, others={"hidden": False, **shared}))
