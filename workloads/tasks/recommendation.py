"""Click-through models, from ids and numbers to log odds: what the DLRM workloads share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import Examples
from workloads.tasks.binary import BinaryClassification

if TYPE_CHECKING:
    import numpy as np


class Recommendation(BinaryClassification):
    """Hooks of a workload with a DLRM; put it before `Workload` among the bases.

    `_arrays` returns {"PART_categories": ids of one table, int16 [n, fields]; "PART_numbers": [n, inputs]; "PART_labels":
    uint8 [n]} for PART in train, validation, test; `_rows`, `_fields` and `_inputs` are its sizes; with `_logarithms`
    numbers x are replaced by log(1 + x), as in the paper on DLRM (Naumov et al. 2019, arXiv:1906.00091).
    """

    _arrays: Callable[[Path], Mapping[str, np.ndarray]]
    _rows: int
    _fields: int
    _inputs: int
    _logarithms = False

    def load(self, directory: Path) -> dict[str, Examples]:
        """Return categories, int16 [n, fields]; numbers, float32 [n, inputs], standardised by the training part; labels."""
        import torch

        arrays = type(self)._arrays(directory)
        parts = {}
        for part in ("train", "validation", "test"):
            numbers = torch.from_numpy(arrays[f"{part}_numbers"]).double()
            numbers = numbers.log1p() if self._logarithms else numbers
            if part == "train":
                center, scale = numbers.mean(0), numbers.std(0)
            parts[part] = {
                "categories": torch.from_numpy(arrays[f"{part}_categories"]),
                "numbers": ((numbers - center) / scale).float(),
                "labels": torch.from_numpy(arrays[f"{part}_labels"]),
            }
        return parts

    def build_model(self) -> Any:
        """Return the recommendation model."""
        from workloads.models.dlrm import DLRM

        return DLRM(self._rows, self._fields, self._inputs, self._positives, **self.size.model)

    def forward(self, model: Any, examples: Examples) -> Any:
        """Return log odds [n]."""
        return model(examples["categories"].int(), examples["numbers"])
