"""CIFAR-10: ResNet-18 for 32x32 images; for a GPU."""

from __future__ import annotations

from typing import Any

from harness import Size, Workload
from workloads.tasks.cifar import Cifar, facts


class Cifar10Resnet(Cifar, Workload):
    """CIFAR-10 (32x32), ResNet-18 with a 3x3 stem, random shifts and flips, cross-entropy; about 30 epochs."""

    name = "cifar10_resnet"
    algoperf = "cifar"
    data = facts(10)
    sizes = {
        "full": Size(
            batch_size=128,
            budget=10_560 * 128,
            evaluation_period=352 * 128,
            parameters=11173962,
            precision="bfloat16",
            model={
                "stem": (64, 3, 1),
                "widths": (64, 128, 256, 512),
                "blocks": (2, 2, 2, 2),
                "projection": True,
                "activation": "relu",
            },
        )
    }
    variants = {"silu": {"model": {"activation": "silu"}}}
    _classes = 10
    _mean, _deviation = (125.3, 123.0, 113.9), (63.0, 62.1, 66.7)

    def build_model(self) -> Any:
        """Return the residual network, channels last."""
        import torch

        from workloads.models.resnet import ResNet

        return ResNet(classes=10, channels=3, **self.size.model).to(memory_format=torch.channels_last)
