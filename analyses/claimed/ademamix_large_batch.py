"""One side of claim 24: `ademamix` at four times the reference batch size (docs/claims.md says which)."""

from submissions.optimizers.ademamix import ademamix

from .adamw_large_batch import AdamwLargeBatch


class AdemamixLargeBatch(AdamwLargeBatch):
    """`ademamix` under warm-up and cosine decay at four times the reference batch size."""

    paper = ademamix.paper
    defaults = ademamix.defaults
    space = ademamix.space
    _recipe = ademamix
