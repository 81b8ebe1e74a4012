"""Muon as Moonlight has it: one learning rate and one weight decay for all parameters."""

from harness import LogUniform, Uniform, hidden_groups, optimizer


@optimizer(
    paper="arXiv:2502.16982",
    defaults={
        "learning_rate": 1e-3,
        "weight_decay": 0.1,
        "momentum": 0.95,
        "beta1": 0.9,
        "beta2": 0.95,
        "epsilon": 1e-8,
    },
    space={
        "learning_rate": LogUniform(3e-4, 1e-1),
        "weight_decay": LogUniform(1e-3, 0.5),
        "momentum": Uniform(0.85, 0.98),
        "beta2": Uniform(0.9, 0.999),
    },
    cost="five Newton-Schulz iterations per hidden matrix and step; state once the parameters, of AdamW's part twice",
    deviation="the iterations are in the precision of the weights, not bfloat16; biases and norm parameters are not decayed;"
    " the last matrix that is not an embedding is taken as the output layer",
)
def d_muon(model, hyperparameters):
    """Orthogonal momentum times .2 sqrt(max(rows, columns)) for hidden matrices, AdamW for the rest, at one rate; own code.

    The factor gives each entry the size that AdamW's have. Hidden matrices are chosen as in `muon`.
    """
    from submissions.optimizers._orthogonal import DMuon

    h = hyperparameters
    shared = {"lr": h.learning_rate, "momentum": h.momentum, "betas": (h.beta1, h.beta2), "eps": h.epsilon}
    hidden, others = ({"hidden": which, **shared} for which in (True, False))
    return DMuon(hidden_groups(model, h.weight_decay, hidden=hidden, others=others))
