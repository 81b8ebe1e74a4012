"""One side of claim 28: `lamb` at four times the reference batch size (docs/claims.md says which)."""

from harness import LogUniform, Uniform
from submissions.optimizers.lamb import lamb

from .adamw_large_batch import AdamwLargeBatch


class LambLargeBatch(AdamwLargeBatch):
    """`lamb` under warm-up and cosine decay at four times the reference batch size."""

    paper = lamb.paper
    defaults = {
        "learning_rate": 0.0622,
        "weight_decay": 0.0083,
        "beta1": 0.856,
        "beta2": 0.97,
        "epsilon": 1e-06,
    }
    space = {
        "learning_rate": LogUniform(0.023, 0.168),
        "weight_decay": LogUniform(0.00524, 0.262),
        "beta1": Uniform(0.856, 0.966),
        "beta2": Uniform(0.954, 0.991),
    }
    _recipe = lamb
