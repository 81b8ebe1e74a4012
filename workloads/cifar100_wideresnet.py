"""CIFAR-100: a wide residual network; for a GPU."""

from __future__ import annotations

from typing import Any

from harness import Size, Workload
from workloads.tasks.cifar import Cifar, facts


class Cifar100Wideresnet(Cifar, Workload):
    """CIFAR-100 (32x32), WRN-16-4, random shifts and flips, cross-entropy; about 60 epochs."""

    name = "cifar100_wideresnet"
    algoperf = "imagenet_resnet"
    data = facts(100)
    sizes = {
        "full": Size(
            batch_size=128,
            budget=21_120 * 128,
            evaluation_period=704 * 128,
            parameters=2772020,
            precision="bfloat16",
            model={"depth": 16, "widening": 4, "dropout": 0.0, "activation": "relu"},
        )
    }
    variants = {
        "dropout": {"model": {"dropout": 0.3}},
        "wrn_28_10": {"parameters": 36_536_884, "model": {"depth": 28, "widening": 10}},
    }
    _classes = 100
    _mean, _deviation = (129.3, 124.1, 112.4), (68.2, 65.4, 70.4)

    def build_model(self) -> Any:
        """Return the wide residual network, channels last."""
        import torch

        from workloads.models.wide_resnet import WideResNet

        return WideResNet(classes=100, **self.size.model).to(memory_format=torch.channels_last)
