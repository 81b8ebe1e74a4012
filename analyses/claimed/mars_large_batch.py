"""One side of claim 24: `mars` at four times the reference batch size (docs/claims.md says which)."""

from harness import LogUniform, Uniform
from submissions.optimizers.mars import mars

from .adamw_large_batch import AdamwLargeBatch


class MarsLargeBatch(AdamwLargeBatch):
    """`mars` under warm-up and cosine decay at four times the reference batch size."""

    paper = mars.paper
    defaults = {
        "learning_rate": 0.0278,
        "weight_decay": 0.0083,
        "beta1": 0.856,
        "beta2": 0.97,
        "gamma": 0.0857,
        "vector_beta1": 0.9,
        "vector_beta2": 0.95,
        "epsilon": 1e-08,
    }
    space = {
        "learning_rate": LogUniform(0.00651, 0.04),
        "weight_decay": LogUniform(0.00105, 0.262),
        "beta1": Uniform(0.856, 0.94),
        "beta2": Uniform(0.954, 0.998),
        "gamma": LogUniform(0.0013, 0.0857),
    }
    _recipe = mars
