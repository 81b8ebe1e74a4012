"""Gradient descent with Nesterov's momentum, a row of its own."""

from harness import LogUniform, Uniform, decay_groups, optimizer


@optimizer(
    paper="Nesterov 1983; Sutskever et al., ICML 2013",
    defaults={"learning_rate": 0.1, "momentum": 0.9, "weight_decay": 1e-4},
    space={
        "learning_rate": LogUniform(1e-2, 1.0),
        "momentum": Uniform(0.8, 0.98),
        "weight_decay": LogUniform(1e-6, 1e-2),
    },
    cost="nil; state once the parameters",
)
def nesterov(model, hyperparameters):
    """Gradient descent with Nesterov's momentum, `sgd` with that choice made; torch's, weight decay added to the gradient.

    b <- momentum b + g; w <- w - lr (g + momentum b).
    """
    import torch

    h = hyperparameters
    groups = decay_groups(model, h.weight_decay)
    return torch.optim.SGD(groups, lr=h.learning_rate, momentum=h.momentum, nesterov=h.momentum > 0)
