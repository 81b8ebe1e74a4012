"""DoWG: distance over weighted gradients."""

from harness import LogUniform, decay_groups, optimizer


@optimizer(
    paper="arXiv:2305.16284",
    defaults={"learning_rate": 1.0, "weight_decay": 0.0, "epsilon": 1e-4},
    space={
        "learning_rate": LogUniform(0.3, 3.0),
        "weight_decay": LogUniform(1e-6, 1e-2),
        "epsilon": LogUniform(1e-8, 1e-2),
    },
    cost="two norms per step; state: once the parameters",
)
def dowg(model, hyperparameters):
    """Gradient descent with the rate r / (sqrt(sum r_i |g_i|^2) + eps), where r is the largest |w - w_0|^2 so far.

    r starts at `epsilon`, the form of optax. Weight decay is added to the gradient. The learning rate multiplies the rate: a
    schedule's peak is 1.
    """
    from submissions.optimizers._distance import Dowg

    h = hyperparameters
    return Dowg(decay_groups(model, h.weight_decay), h.learning_rate, h.epsilon)
