"""One side of claim 24: `mars` at four times the reference batch size (docs/claims.md says which)."""

from submissions.optimizers.mars import mars

from .adamw_large_batch import AdamwLargeBatch


class MarsLargeBatch(AdamwLargeBatch):
    """`mars` under warm-up and cosine decay at four times the reference batch size."""

    paper = mars.paper
    defaults = mars.defaults
    space = mars.space
    _recipe = mars
