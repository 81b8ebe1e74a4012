"""Claim 12's one side: `fedhyper`, told a tenth of the reference rate (docs/claims.md says which)."""

from submissions.procedures.fedhyper import Fedhyper


class FedhyperTenth(Fedhyper):
    """Fedhyper from a bad initial rate: a tenth of the reference rate."""

    name = "fedhyper_tenth"
    defaults = {**Fedhyper.defaults, "learning_rate": 0.0017}
