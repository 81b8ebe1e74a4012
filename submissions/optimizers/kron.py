"""PSGD Kron."""

from harness import LogUniform, Uniform, decay_groups, optimizer


@optimizer(
    paper="arXiv:1512.04202, arXiv:2402.11858",
    defaults={"learning_rate": 3e-4, "weight_decay": 0.01, "momentum": 0.9, "precondition_rate": 0.1},
    space={
        "learning_rate": LogUniform(1e-4, 3e-2),
        "weight_decay": LogUniform(1e-3, 1.0),
        "momentum": Uniform(0.8, 0.97),
        "precondition_rate": LogUniform(1e-2, 0.5),
    },
    cost="four products with factors per matrix and step, and where the factors are learnt (in every step up to 500, then ever"
    " more rarely, at last in one of 33) eight more and two triangular systems; state once the parameters and a square matrix"
    " per side",
    deviation="tensors are taken as matrices [first side, rest]; factors are not balanced; sides above 2,048 have diagonal"
    " factors; the noise of a step is the same for equal shapes; formula from a secondary source (pytorch_optimizer's)",
)
def kron(model, hyperparameters):
    """Momentum preconditioned by P = Q^T Q, Q triangular for each side and learnt so that P whitens the momentum; own code.

    With A = Ql m Qr^T and B = Ql^-T v Qr^-1, v normal noise: Ql <- Ql - rate triu(A A^T - B B^T) Ql / |A A^T + B B^T|, and so
    for Qr; |.| is a lower bound of the spectral norm. w <- w (1 - lr wd) - lr u, with u = P m scaled down to a root mean
    square of at most 1.1. Its own noise is seeded by the step.
    """
    from submissions.optimizers._kron import Kron

    h = hyperparameters
    groups = decay_groups(model, h.weight_decay)
    return Kron(groups, lr=h.learning_rate, momentum=h.momentum, precondition_rate=h.precondition_rate)
