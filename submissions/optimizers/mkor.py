"""MKOR over LAMB."""

from harness import Choice, LogUniform, Uniform, decay_groups, optimizer


@optimizer(
    paper="arXiv:2306.01685",
    defaults={
        "learning_rate": 5e-3,
        "weight_decay": 0.01,
        "beta1": 0.9,
        "beta2": 0.999,
        "factor_beta": 0.95,
        "refresh": 10,
        "epsilon": 1e-6,
    },
    space={
        "learning_rate": LogUniform(1e-3, 0.2),
        "weight_decay": LogUniform(1e-3, 0.5),
        "beta2": Uniform(0.95, 0.999),
        "factor_beta": Uniform(0.8, 0.99),
        "refresh": Choice(1, 2, 5, 10, 20),
    },
    cost="two products with the factors per layer and step, their rank-1 updates every `refresh` steps; state of twice the"
    " parameters and two square matrices per layer",
    deviation="the factors of the official code, which has no momentum of the paper's form, in the precision of the weights"
    " (there: half); its stabilizer is left out, since no entry of these factors can exceed 1 and it acts above 2; layers with"
    " a side above 2,048, grouped convolutions and attention's own parameters are LAMB's; vectors have no trust ratio",
)
def mkor(model, hyperparameters):
    """LAMB of gradients between inverse Kronecker factors, which rank-1 updates learn from mean inputs and output gradients.

    Of linear layers and convolutions: g = [weight | bias] becomes L g R at the norm of g. Every `refresh` steps after the first
    P <- factor_beta P + (1 - factor_beta) I, then P <- P - P v v^T P / (1 + v^T P v): v is the batch's mean input (and a 1) for
    R and the gradient of the mean loss by the output, summed over examples, for L, clamped at 100. Own code; forward hooks on
    the trained model collect v.
    """
    from submissions.optimizers._mkor import Mkor

    h = hyperparameters
    lamb = {"lr": h.learning_rate, "betas": (h.beta1, h.beta2), "eps": h.epsilon}
    return Mkor(model, decay_groups(model, h.weight_decay), refresh=h.refresh, factor_beta=h.factor_beta, **lamb)
