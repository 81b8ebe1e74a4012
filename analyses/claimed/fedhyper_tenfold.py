"""Claim 12's one side: `fedhyper`, told ten times the reference rate (docs/claims.md says which)."""

from submissions.procedures.fedhyper import Fedhyper


class FedhyperTenfold(Fedhyper):
    """Fedhyper from a bad initial rate: ten times the reference rate."""

    name = "fedhyper_tenfold"
    defaults = {**Fedhyper.defaults, "learning_rate": 0.17}
