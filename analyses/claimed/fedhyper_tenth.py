"""One side of claim 12: `fedhyper` with a tenth of the reference rate as its initial rate (docs/claims.md says which)."""

from submissions.procedures.fedhyper import Fedhyper


class FedhyperTenth(Fedhyper):
    """Fedhyper with a bad initial rate: a tenth of the reference rate."""

    name = "fedhyper_tenth"
    defaults = {**Fedhyper.defaults, "learning_rate": 0.0017}
