"""Stochastic gradient descent with momentum."""

from harness import Choice, LogUniform, Uniform, decay_groups, optimizer


@optimizer(
    paper="Sutskever et al., ICML 2013",
    defaults={"learning_rate": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 1e-4},
    space={
        "learning_rate": LogUniform(1e-2, 1.0),
        "momentum": Uniform(0.8, 0.98),
        "nesterov": Choice(True, False),
        "weight_decay": LogUniform(1e-6, 1e-2),
    },
)
def sgd(model, hyperparameters):
    """Gradient descent with heavy-ball or Nesterov momentum; torch's, its weight decay added to the gradient.

    b <- momentum b + g; w <- w - lr b, with Nesterov w <- w - lr (g + momentum b).
    """
    import torch

    h = hyperparameters
    return torch.optim.SGD(
        decay_groups(model, h.weight_decay),
        lr=h.learning_rate,
        momentum=h.momentum,
        nesterov=h.nesterov and h.momentum > 0,
    )
