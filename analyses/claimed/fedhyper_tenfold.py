"""One side of claim 12: `fedhyper` with ten times the reference rate as its initial rate (docs/claims.md says which)."""

from submissions.procedures.fedhyper import Fedhyper


class FedhyperTenfold(Fedhyper):
    """Fedhyper with a bad initial rate: ten times the reference rate."""

    name = "fedhyper_tenfold"
    defaults = {**Fedhyper.defaults, "learning_rate": 0.17}
