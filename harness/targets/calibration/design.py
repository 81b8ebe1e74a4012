"""Which points of a submission's bounds are tried, and where: the same for every submission."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.contracts.errors import BadInput
from harness.contracts.workloads import Workload
from harness.registry import find_workload, suites


@dataclass(frozen=True)
class CalibrationDesign:
    """Two stages: many points at a short horizon on a few variants, then the best of them at the whole budget on all.

    Attributes:
        suite: whose held-out variants are trained.
        drawn: quasi-random points of the bounds; the declared defaults are one more, with index 0.
        screened: labels of the variants of the first stage.
        horizons: of the two stages, in budgets.
        finalists: this many of the best points of the first stage are tried in the second. The declared defaults are always
            tried there too: what calibration gains is measured on equal trials, and it cannot choose worse than them.
        kept: the search space holds this share of the points of the first stage, the best ones, and the finalists.
    """

    suite: str
    drawn: int
    screened: tuple[str, ...]
    horizons: tuple[float, float] = (0.5, 1.0)
    finalists: int = 4
    kept: float = 1 / 3

    def budgets(self, variants: int) -> float:
        """Return what a calibration costs in budgets, at most, if the suite has that many held-out variants."""
        first, second = self.horizons
        return first * (1 + self.drawn) * len(self.screened) + second * (1 + self.finalists) * variants


LAPTOP = CalibrationDesign(
    suite="laptop",
    drawn=16,
    screened=(
        "flights_dlrm_embedding_scale",
        "fashion_mnist_resnet_silu",
        "g2p_transformer_post_norm",
        "qm9_gnn_post_norm",
        "shakespeare_lm_post_norm",
        "speech_lstm_layer_norm",
    ),
)
"""What `timetrial calibrate` runs.

The six variants of the first stage are one per modality (table, image, word, molecule, text, speech), each with another
architecture (embeddings, convolutions with BatchNorm, encoder and decoder, message passing, decoder alone, recurrence). Of
the variants of one modality that leaves, the ruler tells most of the one named: the seeds of the reference recipe at half
the budget deviate by .08 to .23 in log E.
"""


def held_out_variants(design: CalibrationDesign) -> dict[str, Workload]:
    """Return {label: workload} of the suite's held-out variants that have a ruler.

    Raises:
        BadInput: a variant of the first stage has none.
    """
    bases = [find_workload(name, design.suite) for name in suites()[design.suite]]
    variants = [find_workload(base.name, design.suite, variant) for base in bases for variant in base.variants]
    found: Mapping[str, Workload] = {variant.label: variant for variant in variants if variant.ruler is not None}
    absent = [label for label in design.screened if label not in found]
    if absent:
        raise BadInput(f"the held-out variant '{absent[0]}' has no ruler: `timetrial targets --only-rulers` measures them")
    return dict(found)
