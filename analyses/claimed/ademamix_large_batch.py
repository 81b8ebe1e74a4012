"""One side of claim 24: `ademamix` at four times the reference batch size (docs/claims.md says which)."""

from harness import LogUniform, Uniform
from submissions.optimizers.ademamix import ademamix

from .adamw_large_batch import AdamwLargeBatch


class AdemamixLargeBatch(AdamwLargeBatch):
    """`ademamix` under warm-up and cosine decay at four times the reference batch size."""

    paper = ademamix.paper
    defaults = {
        "learning_rate": 0.0092,
        "weight_decay": 0.262,
        "beta1": 0.9,
        "beta2": 0.982,
        "beta3": 0.991,
        "slow_weight": 1.14,
        "warmup_steps": 0,
        "epsilon": 1e-08,
    }
    space = {
        "learning_rate": LogUniform(0.00388, 0.0336),
        "weight_decay": LogUniform(0.00105, 0.262),
        "beta2": Uniform(0.952, 0.984),
        "beta3": Uniform(0.954, 0.998),
        "slow_weight": LogUniform(1.14, 9.26),
    }
    _recipe = ademamix
