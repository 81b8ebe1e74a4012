"""Natural GaLore."""

from harness import Choice, LogUniform, hidden_groups, optimizer


@optimizer(
    paper="arXiv:2410.16029",
    defaults={
        "learning_rate": 0.01,
        "weight_decay": 0.01,
        "beta1": 0.9,
        "beta2": 0.999,
        "rank_share": 0.25,
        "galore_scale": 0.25,
        "refresh": 200,
        "history": 20,
        "damping": 1e-3,
        "epsilon": 1e-6,
    },
    space={
        "learning_rate": LogUniform(3e-4, 0.2),
        "rank_share": LogUniform(0.1, 1.0),
        "galore_scale": LogUniform(0.1, 1.0),
        "refresh": Choice(20, 50, 100, 200),
        "damping": LogUniform(1e-5, 1.0),
    },
    cost="that of `galore`, and per hidden matrix and step the products of a projected gradient with `history` others and a"
    " system of that size; state beside `galore`'s: `history` projected gradients, at the defaults five times the matrix",
    deviation="those of `galore`; matrices are projected by singular vectors on one side (official: on both sides)",
)
def natural_galore(model, hyperparameters):
    """GaLore with natural gradients in its subspace; own code.

    With g the projected gradient as a vector and the columns of H the last `history` of them, g included, Adam averages
    (damping I + H H^T)^(-1) g = g / damping - H (I + H^T H / damping)^(-1) H^T g / damping^2. H is kept when the basis changes.
    """
    from submissions.optimizers._natural_galore import NaturalGaLore

    h = hyperparameters
    shared = {"lr": h.learning_rate, "betas": (h.beta1, h.beta2), "eps": h.epsilon}
    low = {"hidden": True, "rank_share": h.rank_share, "refresh": h.refresh, "galore_scale": h.galore_scale}
    natural = {"history": h.history, "damping": h.damping}
    return NaturalGaLore(
        hidden_groups(model, h.weight_decay, hidden={**low, **natural, **shared}, others={"hidden": False, **shared})
    )
