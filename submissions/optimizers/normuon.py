"""NorMuon."""

from harness import LogUniform, Uniform, hidden_groups, optimizer


@optimizer(
    paper="arXiv:2510.05491",
    defaults={
        "learning_rate": 0.02,
        "adamw_learning_rate": 3e-4,
        "weight_decay": 0.01,
        "momentum": 0.95,
        "row_beta": 0.95,
        "beta1": 0.9,
        "beta2": 0.95,
        "epsilon": 1e-10,
    },
    space={
        "learning_rate": LogUniform(2e-3, 0.2),
        "adamw_learning_rate": LogUniform(1e-4, 1e-1),
        "weight_decay": LogUniform(1e-3, 0.5),
        "momentum": Uniform(0.85, 0.98),
        "row_beta": Uniform(0.85, 0.99),
    },
    cost="five Newton-Schulz iterations per hidden matrix and step; state once the parameters and one value per row, of AdamW's"
    " part twice",
    deviation="the iterations are in the precision of the weights, not bfloat16; the last matrix that is not an embedding is"
    " taken as the output layer; weight decay is that of `muon`",
)
def normuon(model, hyperparameters):
    """Muon whose orthogonal directions have their rows divided by their average size over time; own code.

    With O the orthogonal momentum: v <- row_beta v + (1 - row_beta) mean of O^2 over each row; O / sqrt(v) is brought back to
    the norm of O and multiplied by sqrt(max(1, rows / columns)). Everything else is as in `muon`, AdamW's part included.
    """
    from submissions.optimizers._orthogonal import NorMuon

    h = hyperparameters
    hidden = {"hidden": True, "lr": h.learning_rate, "momentum": h.momentum}
    adamw = {"hidden": False, "lr": h.adamw_learning_rate, "betas": (h.beta1, h.beta2), "eps": h.epsilon}
    return NorMuon(hidden_groups(model, h.weight_decay, hidden=hidden, others=adamw), h.row_beta)
