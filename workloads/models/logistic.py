"""Logistic regression on categories."""

import torch
from torch import Tensor, nn


class Logistic(nn.Module):
    """A linear model of one-hot features: ids [n, columns] -> log odds [n], the sum of the ids' weights and a bias.

    Args:
        rows: number of weights, initially 0.
        bias: initial bias.
    """

    def __init__(self, rows: int, bias: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(rows, 1))
        self.bias = nn.Parameter(torch.tensor([bias]))

    def forward(self, ids: Tensor) -> Tensor:
        """Return log odds [n]."""
        return nn.functional.embedding_bag(ids, self.weight, mode="sum").squeeze(1) + self.bias
