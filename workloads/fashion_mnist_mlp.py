"""Fashion-MNIST: a multilayer perceptron."""

from __future__ import annotations

from typing import Any

from harness import Examples, Size, Workload
from workloads.tasks.fashion_mnist import FashionMnist


class FashionMnistMlp(FashionMnist, Workload):
    """Fashion-MNIST (28x28), multilayer perceptron of twelve narrow layers, cross-entropy.

    The network is deep and narrow, so that it still improves when the budget ends: four layers of 256 units reach their
    best loss after half of it, and the rest of the curve is noise. With 1,000 validation examples the noise of the evaluation
    alone would reverse one first hit in four; since an example costs little here, 2,560 are used.
    """

    name = "fashion_mnist_mlp"
    version = 2
    algoperf = "mnist"
    sizes = {
        "laptop": Size(
            batch_size=256,
            budget=200 * 256,
            evaluation_period=10 * 256,
            validation_examples=2560,
            parameters=178762,
            model={"width": 96, "depth": 12, "activation": "relu"},
        ),
        "full": Size(
            batch_size=128,
            budget=1800 * 128,
            evaluation_period=90 * 128,
            parameters=927_242,
            model={"width": 256, "depth": 12, "activation": "relu"},
        ),
    }
    variants = {"tanh": {"model": {"activation": "tanh"}}}

    def build_model(self) -> Any:
        """Return the perceptron."""
        from workloads.models.mlp import MLP

        return MLP(inputs=28 * 28, classes=10, **self.size.model)

    def forward(self, model: Any, examples: Examples) -> Any:
        """Return logits [n, 10] of standardised pixels."""
        return model(self._standardised(examples).flatten(1))
