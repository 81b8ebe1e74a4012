"""Normalize-and-Project over AdamW."""

from harness import LogUniform, Uniform, decay_groups, optimizer


@optimizer(
    paper="arXiv:2407.01800",
    defaults={"learning_rate": 1e-3, "weight_decay": 0.0, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
    space={
        "learning_rate": LogUniform(1e-4, 1e-1),
        "weight_decay": LogUniform(1e-3, 0.5),
        "beta1": Uniform(0.85, 0.97),
        "beta2": Uniform(0.95, 0.999),
    },
    cost="a norm and a product per projected weight and step; state of twice the parameters",
    deviation="the projection alone, since models may not be changed: of weights that a norm layer follows directly; where a"
    " model has none this is AdamW; biases and the norm layers' own parameters are free; formula from a secondary source",
)
def nap(model, hyperparameters):
    """AdamW that brings weights before a norm layer back to their initial norm after each step; own code.

    w <- |w_0| v / |v|, v AdamW's new weights. The norm layer hides the length of w, so that the effective learning rate is
    the schedule's, and not one that falls as w grows. The weights are found in the first training pass by hooks, which are
    then removed: linear layers and convolutions whose output goes to one norm layer and nowhere else.
    """
    from submissions.optimizers._nap import NaP

    h = hyperparameters
    return NaP(model, decay_groups(model, h.weight_decay), lr=h.learning_rate, betas=(h.beta1, h.beta2), eps=h.epsilon)
