"""QM9: a graph network that predicts the HOMO-LUMO gap of small molecules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness import DataFacts, Examples, Size, Workload
from workloads.data.qm9 import ELEMENTS, HELD_OUT, qm9
from workloads.tasks.label_smoothing import refuse_label_smoothing

MEDIAN, DEVIATION = 6.8083, 1.2836
"""eV: median and standard deviation of the training molecules' gaps."""

MEAN_ABSOLUTE_DEVIATION = 1.0728
"""eV: of the training molecules' gaps from their median."""

MOST_HYDROGENS = 4

CHUNK = 64
"""Molecules that go through the model at once."""


class Qm9Gnn(Workload):
    """QM9 molecules (up to 9 heavy atoms), message passing, mean absolute error of the HOMO-LUMO gap in eV.

    The inputs are elements, the number of hydrogens nearest to each heavy atom, and distances between heavy atoms, from
    the source's coordinates (density-functional geometry). Split at random: 5,000 molecules are for validation, 5,000 for
    the test, the other 120,831 for training; isomers with the same skeleton may be in different parts. The training loss
    is Huber's: quadratic for errors below one standard deviation, linear above.
    """

    name = "qm9_gnn"
    version = 2
    algoperf = "ogbg"
    metric = "mae"
    data = DataFacts(
        source="PyPI package qm9pack 1.0.3 (QM9: 130,831 molecules)",
        licence="MIT (package)",
        citation="Ramakrishnan, Dral, Rupp & von Lilienfeld 2014, Scientific Data 1, 140022",
        family="qm9",
    )
    sizes = {
        "laptop": Size(
            batch_size=128,
            budget=200 * 128,
            evaluation_period=10 * 128,
            validation_examples=960,
            parameters=15_361,
            model={"width": 32, "depth": 2, "resolution": 16},
        ),
        "full": Size(
            batch_size=128,
            budget=900 * 128,
            evaluation_period=45 * 128,
            parameters=55_009,
            model={"width": 48, "depth": 4, "resolution": 24},
        ),
    }
    variants = {"post_norm": {"model": {"norm_first": False}}}

    def load(self, directory: Path) -> dict[str, Examples]:
        """Return {"places": int16 [n, 9, 3] in 0.001 Å, "elements", "hydrogens": uint8 [n, 9], "gap": eV, [n]}."""
        import torch

        arrays = qm9(directory)
        tensors = {name: torch.from_numpy(arrays[name]) for name in ("places", "elements", "hydrogens", "gap")}
        bounds = {"train": (2 * HELD_OUT, None), "validation": (0, HELD_OUT), "test": (HELD_OUT, 2 * HELD_OUT)}
        return {part: {name: values[slice(*ends)] for name, values in tensors.items()} for part, ends in bounds.items()}

    def build_model(self) -> Any:
        """Return the graph network."""
        from workloads.models.molecule_gnn import MoleculeGNN

        return MoleculeGNN(len(ELEMENTS), MOST_HYDROGENS, **self.size.model)

    def forward(self, model: Any, examples: Examples) -> Any:
        """Return gaps in standard deviations from the training median, [n]."""
        import torch

        columns = (examples["elements"], examples["hydrogens"], examples["places"].float() / 1000)
        # The pairs of more molecules do not fit into a CPU's caches: an evaluation would take several times as long.
        return torch.cat([model(*part) for part in zip(*(column.split(CHUNK) for column in columns), strict=True)])

    def example_losses(self, outputs: Any, examples: Examples, label_smoothing: float = 0.0) -> Any:
        """Return Huber losses of gaps in standard deviations, quadratic below 1, [n]."""
        from torch.nn.functional import smooth_l1_loss

        refuse_label_smoothing(label_smoothing, "the Huber loss")
        return smooth_l1_loss(outputs, (examples["gap"] - MEDIAN) / DEVIATION, reduction="none")

    def example_metrics(self, outputs: Any, examples: Examples) -> dict[str, Any]:
        """Return absolute errors in eV."""
        return {"mae": (MEDIAN + DEVIATION * outputs - examples["gap"]).abs()}

    def trivial_metric(self) -> float:
        """Return the mean absolute deviation of the training gaps from their median: the error of the best constant."""
        return MEAN_ABSOLUTE_DEVIATION
