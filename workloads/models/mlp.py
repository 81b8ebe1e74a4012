"""A multilayer perceptron."""

import math
from itertools import pairwise

from torch import Tensor, nn

from workloads.models.activations import activation as activation_module


class MLP(nn.Sequential):
    """A perceptron with `depth` hidden layers of `width` units; [n, inputs] -> logits [n, classes].

    Initial weights are normal with variance gain² / fan-in (He et al. 2015, arXiv:1502.01852, for ReLU), in the last
    layer 0.01 / fan-in, so that the loss starts near ln(classes); biases are 0.
    """

    def __init__(self, inputs: int, classes: int, width: int = 64, depth: int = 2, activation: str = "relu") -> None:
        sizes = [inputs, *[width] * depth, classes]
        layers: list[nn.Module] = []
        for fan_in, fan_out in pairwise(sizes):
            layers += [nn.Linear(fan_in, fan_out), activation_module(activation)]
        super().__init__(*layers[:-1])
        gain = nn.init.calculate_gain(activation) if activation in ("relu", "tanh") else math.sqrt(2)
        linear = [layer for layer in self if isinstance(layer, nn.Linear)]
        for layer in linear:
            scale = 0.1 if layer is linear[-1] else gain
            nn.init.normal_(layer.weight, std=scale / math.sqrt(layer.in_features))
            nn.init.zeros_(layer.bias)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return logits [n, classes]."""
        return super().forward(inputs)
