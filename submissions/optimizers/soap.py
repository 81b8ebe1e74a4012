"""SOAP."""

from harness import LogUniform, Uniform, decay_groups, optimizer


@optimizer(
    paper="arXiv:2409.11321",
    defaults={
        "learning_rate": 3e-3,
        "weight_decay": 0.01,
        "beta1": 0.95,
        "beta2": 0.95,
        "refresh": 10,
        "epsilon": 1e-8,
    },
    space={
        "learning_rate": LogUniform(3e-4, 1e-1),
        "weight_decay": LogUniform(1e-3, 0.5),
        "beta1": Uniform(0.85, 0.98),
        "beta2": Uniform(0.9, 0.999),
    },
    cost="products with the bases of every side per step, a QR decomposition per side every `refresh` steps; state of twice the"
    " parameters and two square matrices per side",
    deviation="a first step trains nothing, as in the official code; sides above 2,048 are not rotated (there: 10,000)",
)
def soap(model, hyperparameters):
    """Adam in the slowly moving eigenbasis of Shampoo's factors; own code.

    Every side of a tensor has a factor, the average of g g^T over that side with beta2, and the basis Q of its eigenvectors,
    refreshed every `refresh` steps by one power iteration and a QR decomposition. The update is Q Adam(Q^T g Q) Q^T; vectors
    are Adam's. Own code, because pytorch_optimizer's decomposes in single precision and rounding errors choose its bases.
    """
    from submissions.optimizers._soap import Soap

    h = hyperparameters
    groups = decay_groups(model, h.weight_decay)
    return Soap(groups, lr=h.learning_rate, betas=(h.beta1, h.beta2), eps=h.epsilon, refresh=h.refresh)
