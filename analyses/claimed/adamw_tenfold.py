"""One side of claim 12, together with `+constant`: AdamW at ten times the reference rate (docs/claims.md says which)."""

from harness import optimizer
from submissions.optimizers.adamw import adamw


@optimizer(paper=adamw.paper, defaults={**adamw.defaults, "learning_rate": 0.17}, space=adamw.space)
def adamw_tenfold(model, hyperparameters):
    """AdamW with a bad rate: ten times the reference rate."""
    return adamw(model, hyperparameters)
