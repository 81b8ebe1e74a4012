"""Fashion-MNIST: a small vision transformer."""

from __future__ import annotations

from typing import Any

from harness import Examples, Size, Workload
from workloads.tasks.fashion_mnist import FashionMnist


class FashionMnistVit(FashionMnist, Workload):
    """Fashion-MNIST (28x28), vision transformer on 16 patches of 7x7, cross-entropy."""

    name = "fashion_mnist_vit"
    version = 3
    algoperf = "imagenet_vit"
    sizes = {
        "laptop": Size(
            batch_size=128,
            budget=200 * 128,
            evaluation_period=10 * 128,
            validation_examples=896,
            parameters=19402,
            model={"width": 32, "depth": 2, "heads": 4, "activation": "gelu", "norm_first": True},
        ),
        "full": Size(
            batch_size=64,
            budget=1800 * 64,
            evaluation_period=90 * 64,
            parameters=60202,
            model={"width": 48, "depth": 3, "heads": 4, "activation": "gelu", "norm_first": True},
        ),
    }
    variants = {"post_norm": {"parameters": {"laptop": 19338, "full": 60106}, "model": {"norm_first": False}}}

    def build_model(self) -> Any:
        """Return the vision transformer."""
        from workloads.models.vision_transformer import VisionTransformer

        return VisionTransformer(classes=10, **self.size.model)

    def forward(self, model: Any, examples: Examples) -> Any:
        """Return logits [n, 10] of standardised images."""
        return model(self._standardised(examples))
