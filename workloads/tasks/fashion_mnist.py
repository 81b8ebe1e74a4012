"""Fashion-MNIST as a classification problem: source, split and scaling, which its workloads share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness import DataFacts, Examples
from workloads.data.fashion_mnist import fashion_mnist
from workloads.tasks.classification import Classification

VALIDATION = 5_000
MEAN, DEVIATION = 72.94, 90.02
"""Mean and standard deviation of the pixels, 0 to 255, of the official training set."""


class FashionMnist(Classification):
    """Facts and hooks of a workload on Fashion-MNIST; put it before `Workload` among the bases.

    Split: the official test set is the test; the last 5,000 of the 60,000 official training examples are for
    validation, the first 55,000 for training. The official order is random, so any first few are representative. No
    augmentation.
    """

    metric = "cross_entropy"
    data = DataFacts(
        source="Fashion-MNIST, by torchvision or Debian's dataset-fashion-mnist",
        licence="MIT",
        citation="Xiao, Rasul & Vollgraf 2017, arXiv:1708.07747",
        family="fashion_mnist",
    )
    _classes = 10

    def load(self, directory: Path) -> dict[str, Examples]:
        """Return images, uint8 [n, 28, 28], and labels, int64 [n]: 55,000, 5,000 and 10,000 of them."""
        import torch

        arrays = {name: torch.from_numpy(array) for name, array in fashion_mnist(directory).items()}
        images, labels = arrays["train_images"], arrays["train_labels"].long()
        return {
            "train": {"images": images[:-VALIDATION], "labels": labels[:-VALIDATION]},
            "validation": {"images": images[-VALIDATION:], "labels": labels[-VALIDATION:]},
            "test": {"images": arrays["test_images"], "labels": arrays["test_labels"].long()},
        }

    def _standardised(self, examples: Examples) -> Any:
        """Return images of mean 0 and deviation 1, float32 [n, 1, 28, 28]."""
        return (examples["images"].unsqueeze(1).float() - MEAN) / DEVIATION
