"""Digits: a perceptron on 8x8 handwritten digits; needs no download, so it is the smoke suite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness import DataFacts, Examples, Size, Workload
from workloads.data.digits import digits
from workloads.tasks.classification import Classification

TRAIN, VALIDATION = 1077, 360


class DigitsMlp(Classification, Workload):
    """Digits (8x8, scikit-learn), multilayer perceptron, cross-entropy.

    There is no official split (scikit-learn has only UCI's test part). A fixed permutation (NumPy's legacy
    generator, seed 0) gives 1,077 examples for training, 360 for validation and 360 for the test.
    """

    name = "digits_mlp"
    algoperf = "mnist"
    metric = "cross_entropy"
    data = DataFacts(
        source="scikit-learn, sklearn.datasets.load_digits",
        licence="CC BY 4.0",
        citation="Alpaydin & Kaynak 1998, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository",
        family="images",
    )
    sizes = {
        "smoke": Size(
            batch_size=16,
            budget=100 * 16,
            evaluation_period=5 * 16,
            model={"width": 32, "depth": 2, "activation": "relu"},
            parameters=3466,
        ),
    }
    _classes = 10
    variants = {"tanh": {"model": {"activation": "tanh"}}}

    def load(self, directory: Path) -> dict[str, Examples]:
        """Return images, uint8 [n, 64] of values 0 to 16, and labels, int64 [n]."""
        import numpy as np
        import torch

        arrays = digits(directory)
        order = np.random.RandomState(0).permutation(len(arrays["labels"]))
        images = torch.from_numpy(arrays["images"][order])
        labels = torch.from_numpy(arrays["labels"][order]).long()
        bounds = {"train": (0, TRAIN), "validation": (TRAIN, TRAIN + VALIDATION), "test": (TRAIN + VALIDATION, len(order))}
        return {part: {"images": images[a:b], "labels": labels[a:b]} for part, (a, b) in bounds.items()}

    def build_model(self) -> Any:
        """Return the perceptron."""
        from workloads.models.mlp import MLP

        return MLP(inputs=64, classes=10, **self.size.model)

    def forward(self, model: Any, examples: Examples) -> Any:
        """Return logits [n, 10] of images scaled to [0, 1]."""
        return model(examples["images"].float() / 16)
