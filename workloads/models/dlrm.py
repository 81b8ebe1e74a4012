"""A deep learning recommendation model (DLRM): embeddings, their dot products, and perceptrons before and after."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from workloads.models.activations import activation as activation_module


class DLRM(nn.Module):
    """Naumov et al. 2019 (arXiv:1906.00091): (ids [n, fields], numbers [n, inputs]) -> log odds [n].

    A perceptron maps the numbers to one more vector of the embeddings' width. The dot products of all pairs of vectors,
    and that vector itself, are the input of a second perceptron. All fields share one table.

    Initial weights are normal with variance gain² / fan-in (He et al. 2015, arXiv:1502.01852, for ReLU), biases are 0,
    embeddings have a standard deviation of `embedding_scale` / sqrt(width). Initial log odds deviate by about 0.1 from
    those of `positives`, so that the loss starts near the entropy of the base rate.

    Args:
        rows: rows of the table.
        fields: how many ids an example has.
        inputs: how many numbers an example has.
        positives: share of ones in training.
        embedding: width of an embedding.
        bottom: units of the hidden layers before the dot products.
        top: units of the hidden layers after them.
        activation: of the hidden layers and of the numbers' vector.
        batch_norm: whether there is BatchNorm before each activation of the second perceptron and on the log odds. Most of
            the noise of large steps is in the level and the spread of all predictions, which are then two parameters.
        embedding_scale: initial root mean square of an embedding's length.
    """

    upper: Tensor

    def __init__(
        self,
        rows: int,
        fields: int,
        inputs: int,
        positives: float,
        embedding: int = 16,
        bottom: Sequence[int] = (32,),
        top: Sequence[int] = (64, 64),
        activation: str = "relu",
        batch_norm: bool = False,
        embedding_scale: float = 1.0,
    ) -> None:
        super().__init__()
        self.table = nn.Embedding(rows, embedding)
        self.bottom = _perceptron((inputs, *bottom, embedding), activation, batch_norm=False)
        pairs = torch.triu_indices(fields + 1, fields + 1, offset=1)
        self.register_buffer("upper", pairs[0] * (fields + 1) + pairs[1], persistent=False)
        self.top = _perceptron((len(self.upper) + embedding, *top), activation, batch_norm)
        self.output = nn.Linear(top[-1], 1)
        self.scale = nn.BatchNorm1d(1) if batch_norm else nn.Identity()
        nn.init.normal_(self.table.weight, std=embedding_scale / math.sqrt(embedding))
        level, spread = math.log(positives / (1 - positives)), 0.1
        if isinstance(self.scale, nn.BatchNorm1d):
            nn.init.normal_(self.output.weight, std=1 / math.sqrt(top[-1]))
            nn.init.zeros_(self.output.bias)
            nn.init.constant_(self.scale.weight, spread)
            nn.init.constant_(self.scale.bias, level)
        else:
            nn.init.normal_(self.output.weight, std=spread / math.sqrt(top[-1]))
            nn.init.constant_(self.output.bias, level)

    def forward(self, ids: Tensor, numbers: Tensor) -> Tensor:
        """Return log odds [n]."""
        dense = self.bottom(numbers)
        vectors = torch.cat([dense.unsqueeze(1), self.table(ids)], dim=1)
        products = (vectors @ vectors.transpose(1, 2)).flatten(1).index_select(1, self.upper)
        return self.scale(self.output(self.top(torch.cat([dense, products], dim=1)))).squeeze(1)


def _perceptron(sizes: Sequence[int], activation: str, batch_norm: bool) -> nn.Sequential:
    layers: list[nn.Module] = []
    gain = nn.init.calculate_gain(activation) if activation in ("relu", "tanh") else math.sqrt(2)
    for fan_in, fan_out in pairwise(sizes):
        linear = nn.Linear(fan_in, fan_out)
        nn.init.normal_(linear.weight, std=gain / math.sqrt(fan_in))
        nn.init.zeros_(linear.bias)
        layers += [linear, *([nn.BatchNorm1d(fan_out)] if batch_norm else []), activation_module(activation)]
    return nn.Sequential(*layers)
