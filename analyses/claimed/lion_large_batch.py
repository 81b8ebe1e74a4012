"""One side of claim 25: `lion` at four times the reference batch size (docs/claims.md says which)."""

from submissions.optimizers.lion import lion

from .adamw_large_batch import AdamwLargeBatch


class LionLargeBatch(AdamwLargeBatch):
    """`lion` under warm-up and cosine decay at four times the reference batch size."""

    paper = lion.paper
    defaults = lion.defaults
    space = lion.space
    _recipe = lion
