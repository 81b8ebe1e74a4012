"""Shampoo with AdamW's step length."""

from harness import LogUniform, Uniform, decay_groups, optimizer


@optimizer(
    paper="arXiv:1802.09568, grafted as in arXiv:2002.11803",
    defaults={
        "learning_rate": 1e-3,
        "weight_decay": 0.01,
        "beta1": 0.9,
        "beta2": 0.999,
        "shampoo_beta": 0.95,
        "damping": 1e-6,
        "refresh": 10,
        "epsilon": 1e-8,
    },
    space={
        "learning_rate": LogUniform(3e-4, 1e-1),
        "weight_decay": LogUniform(1e-3, 0.5),
        "beta1": Uniform(0.85, 0.97),
        "beta2": Uniform(0.95, 0.999),
        "shampoo_beta": Uniform(0.9, 0.999),
    },
    cost="two products with roots per matrix and step, two eigendecompositions per matrix every `refresh` steps; state of"
    " twice the parameters and two square matrices per side",
    deviation="averages of the factors instead of sums; tensors are taken as matrices [first side, rest]; sides above 2,048"
    " have no factor, and the other side then has the power -1/2",
)
def shampoo(model, hyperparameters):
    """Kronecker-factored preconditioning L^(-1/4) m R^(-1/4) of momentum, as long as AdamW's direction; own code.

    L and R are averages of g g^T and g^T g with shampoo_beta, corrected like Adam's, plus `damping` times their largest
    eigenvalue; their roots are refreshed every `refresh` steps. m is Adam's average of g. Each matrix moves as far as AdamW
    with beta1, beta2 and epsilon would move it (grafting), and vectors are AdamW's.
    """
    from submissions.optimizers._shampoo import Shampoo

    h = hyperparameters
    return Shampoo(
        decay_groups(model, h.weight_decay),
        lr=h.learning_rate,
        betas=(h.beta1, h.beta2),
        eps=h.epsilon,
        shampoo_beta=h.shampoo_beta,
        damping=h.damping,
        refresh=h.refresh,
    )
