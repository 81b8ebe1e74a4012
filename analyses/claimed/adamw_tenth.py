"""One side of claim 12, together with `+constant`: AdamW at a tenth of the reference rate (docs/claims.md says which)."""

from harness import optimizer
from submissions.optimizers.adamw import adamw


@optimizer(paper=adamw.paper, defaults={**adamw.defaults, "learning_rate": 0.0017}, space=adamw.space)
def adamw_tenth(model, hyperparameters):
    """AdamW with a bad rate: a tenth of the reference rate."""
    return adamw(model, hyperparameters)
