"""ImageNet at 128x128: ResNet-50 on a local copy of the data; for a GPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness import DataFacts, Examples, Size, Workload
from workloads.data.imagenet import imagenet
from workloads.tasks.colour_images import ColourImages


class ImagenetResnet50(ColourImages, Workload):
    """ImageNet-1k (128x128), ResNet-50, random shifts and flips, cross-entropy; about 16 epochs.

    Split: 10,000 examples held out of the official training set (a fixed permutation, NumPy's legacy generator, seed
    0) are for validation, the others for training; the official validation set is the test. AlgoPerf validates on the
    official validation set and tests on ImageNet-v2, at 224x224, with random resized crops.
    """

    name = "imagenet_resnet50"
    algoperf = "imagenet_resnet"
    metric = "cross_entropy"
    data = DataFacts(
        source="ImageNet-1k (ILSVRC 2012), a local folder of class folders (TIMETRIAL_IMAGENET)",
        licence="ImageNet's terms of access: non-commercial research and education",
        citation="Russakovsky et al. 2015, arXiv:1409.0575",
        family="imagenet",
    )
    sizes = {
        "full": Size(
            batch_size=512,
            budget=40_000 * 512,
            evaluation_period=1_000 * 512,
            parameters=25557032,
            precision="bfloat16",
            resident=False,
            model={
                "stem": (64, 7, 2),
                "pool": True,
                "widths": (256, 512, 1024, 2048),
                "blocks": (3, 4, 6, 3),
                "bottleneck": True,
                "projection": True,
                "activation": "relu",
            },
        )
    }
    variants = {"silu": {"model": {"activation": "silu"}}}
    _classes, _resolution, _held_out = 1000, 128, 10_000
    _mean, _deviation = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
    _padding = 16

    def load(self, directory: Path) -> dict[str, Examples]:
        """Return images, uint8 [n, 3, 128, 128] mapped from disk, and labels, int64 [n]."""
        import torch

        files = imagenet(directory, self._resolution, self._held_out, self._classes)
        parts = {}
        for part, (path, labels) in files.items():
            shape = (len(labels), 3, self._resolution, self._resolution)
            # A private mapping that is never written: all workers share its pages in the file cache.
            pixels = torch.from_file(str(path), shared=False, size=len(labels) * 3 * self._resolution**2, dtype=torch.uint8)
            parts[part] = {"images": pixels.view(shape), "labels": torch.from_numpy(labels)}
        return parts

    def build_model(self) -> Any:
        """Return the residual network, channels last."""
        import torch

        from workloads.models.resnet import ResNet

        return ResNet(classes=self._classes, channels=3, **self.size.model).to(memory_format=torch.channels_last)
