"""Fashion-MNIST: a multilayer perceptron."""

from __future__ import annotations

from typing import Any

from harness import Examples, Size, Workload
from workloads.tasks.fashion_mnist import FashionMnist


class FashionMnistMlp(FashionMnist, Workload):
    """Fashion-MNIST (28x28), multilayer perceptron, cross-entropy."""

    name = "fashion_mnist_mlp"
    algoperf = "mnist"
    sizes = {
        "laptop": Size(
            batch_size=128,
            budget=220 * 128,
            evaluation_period=11 * 128,
            validation_examples=1000,
            parameters=400906,
            model={"width": 256, "depth": 4, "activation": "relu"},
        ),
        "full": Size(
            batch_size=64,
            budget=1800 * 64,
            evaluation_period=90 * 64,
            parameters=1195018,
            model={"width": 512, "depth": 4, "activation": "relu"},
        ),
    }
    variants = {"tanh": {"model": {"activation": "tanh"}}}

    def build_model(self) -> Any:
        """Return the perceptron."""
        from workloads.models.mlp import MLP

        return MLP(inputs=28 * 28, classes=10, **self.settings.model)

    def forward(self, model: Any, examples: Examples) -> Any:
        """Return logits [n, 10] of standardised pixels."""
        return model(self._standardised(examples).flatten(1))
