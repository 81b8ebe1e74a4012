"""One side of claim 25: `lion` at four times the reference batch size (docs/claims.md says which)."""

from harness import LogUniform, Uniform
from submissions.optimizers.lion import lion

from .adamw_large_batch import AdamwLargeBatch


class LionLargeBatch(AdamwLargeBatch):
    """`lion` under warm-up and cosine decay at four times the reference batch size."""

    paper = lion.paper
    defaults = {
        "learning_rate": 0.00655,
        "weight_decay": 0.083,
        "beta1": 0.856,
        "beta2": 0.969,
    }
    space = {
        "learning_rate": LogUniform(0.00276, 0.0239),
        "weight_decay": LogUniform(0.0209, 2.62),
        "beta1": Uniform(0.856, 0.966),
        "beta2": Uniform(0.953, 0.988),
    }
    _recipe = lion
