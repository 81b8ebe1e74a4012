"""CIFAR-10 and CIFAR-100 as classification problems: source and split, which their workloads share."""

from __future__ import annotations

from pathlib import Path

from harness import DataFacts, Examples
from workloads.data.cifar import cifar
from workloads.tasks.colour_images import ColourImages

VALIDATION = 5_000


class Cifar(ColourImages):
    """Facts and hooks of a workload on CIFAR-10 or CIFAR-100, by `_classes`.

    Split: the official test set is the test; the last 5,000 of the 50,000 official training examples are for
    validation, the first 45,000 for training; the official order is random.
    """

    metric = "cross_entropy"
    _padding = 4

    def load(self, directory: Path) -> dict[str, Examples]:
        """Return images, uint8 [n, 3, 32, 32], and labels, int64 [n]: 45,000, 5,000 and 10,000 of them."""
        import torch

        arrays = {name: torch.from_numpy(array) for name, array in cifar(self._classes, directory).items()}
        images, labels = arrays["train_images"], arrays["train_labels"]
        return {
            "train": {"images": images[:-VALIDATION], "labels": labels[:-VALIDATION]},
            "validation": {"images": images[-VALIDATION:], "labels": labels[-VALIDATION:]},
            "test": {"images": arrays["test_images"], "labels": arrays["test_labels"]},
        }


def facts(classes: int) -> DataFacts:
    """Return where CIFAR-10 or CIFAR-100 comes from."""
    return DataFacts(
        source=f"CIFAR-{classes}, by torchvision",
        licence="none stated by its authors",
        citation="Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images, technical report, Toronto",
        family=f"cifar{classes}",
    )
