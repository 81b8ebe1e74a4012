"""One side of claim 28: `lamb` at four times the reference batch size (docs/claims.md says which)."""

from submissions.optimizers.lamb import lamb

from .adamw_large_batch import AdamwLargeBatch


class LambLargeBatch(AdamwLargeBatch):
    """`lamb` under warm-up and cosine decay at four times the reference batch size."""

    paper = lamb.paper
    defaults = lamb.defaults
    space = lamb.space
    _recipe = lamb
