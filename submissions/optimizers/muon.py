"""Muon for hidden matrices, AdamW for the rest."""

from harness import LogUniform, Uniform, hidden_groups, optimizer


@optimizer(
    paper="Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/",
    defaults={
        "learning_rate": 0.02,
        "adamw_learning_rate": 3e-4,
        "weight_decay": 0.01,
        "momentum": 0.95,
        "beta1": 0.9,
        "beta2": 0.95,
        "epsilon": 1e-10,
    },
    space={
        "learning_rate": LogUniform(2e-3, 0.2),
        "adamw_learning_rate": LogUniform(1e-4, 1e-1),
        "weight_decay": LogUniform(1e-3, 0.5),
        "momentum": Uniform(0.85, 0.98),
    },
    cost="five Newton-Schulz iterations per hidden matrix and step, in bfloat16",
    deviation="the last matrix that is not an embedding is taken as the output layer",
)
def muon(model, hyperparameters):
    """Momentum made orthogonal by five Newton-Schulz iterations, for hidden matrices; AdamW for the rest; pytorch_optimizer's.

    Hidden matrices are all parameters of two or more dimensions (convolutions flattened to [out, rest]) except
    embeddings and the output layer. A schedule multiplies both learning rates. Bounds: a decade around the published rate
    of 0.02, and for the rest AdamW's.
    """
    from pytorch_optimizer import Muon

    h = hyperparameters
    hidden = {"use_muon": True, "lr": h.learning_rate, "momentum": h.momentum}
    adamw = {"use_muon": False, "lr": h.adamw_learning_rate, "betas": (h.beta1, h.beta2), "eps": h.epsilon}
    return Muon(hidden_groups(model, h.weight_decay, hidden=hidden, others=adamw))
