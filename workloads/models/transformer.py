"""A decoder-only transformer for short sequences of characters."""

import math

import torch
from torch import Tensor, nn

from workloads.models.transformer_block import TransformerBlock


class Block(TransformerBlock):
    """A causal block without biases.

    Attention scores fall linearly with distance (ALiBi, Press et al. 2022, arXiv:2108.12409), in head k with slope
    2 · 4^-k: steeper than in the paper, for sequences of tens of characters.
    """

    distances: Tensor

    def __init__(self, length: int, width: int, heads: int, expansion: int, activation: str, norm_first: bool) -> None:
        super().__init__(width, heads, expansion, activation, norm_first, bias=False)
        slopes = 2.0 * 4.0 ** -torch.arange(heads)
        back = torch.arange(length)[:, None] - torch.arange(length)
        scores = -slopes[:, None, None] * back
        self.register_buffer("distances", scores.masked_fill(back < 0, -math.inf), persistent=False)

    def _scores(self, query: Tensor, key: Tensor) -> Tensor:
        length = query.shape[-2]
        return super()._scores(query, key) + self.distances[:, :length, :length]


class CharacterTransformer(nn.Module):
    """A causal transformer; tokens [n, length] -> logits of the next character [n, length, characters].

    Initial weights are normal with variance 1 / fan-in, a quarter of that where they write to the residual stream, and a
    hundredth in the output, so that the loss starts near ln(characters); embeddings have deviation 0.3.
    """

    def __init__(
        self,
        characters: int,
        length: int = 32,
        width: int = 32,
        depth: int = 1,
        heads: int = 2,
        expansion: int = 4,
        activation: str = "relu",
        norm_first: bool = True,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(characters, width)
        self.blocks = nn.Sequential(*(Block(length, width, heads, expansion, activation, norm_first) for _ in range(depth)))
        self.norm = nn.LayerNorm(width, bias=False) if norm_first else nn.Identity()
        self.head = nn.Linear(width, characters)
        nn.init.normal_(self.embedding.weight, std=0.3)
        for name, module in self.named_modules():
            if isinstance(module, nn.Linear):
                scale = 0.1 if module is self.head else 0.5 if name.endswith(("output", "down")) else 1.0
                nn.init.normal_(module.weight, std=scale / math.sqrt(module.in_features))
        nn.init.zeros_(self.head.bias)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return logits of the next character at every position."""
        return self.head(self.norm(self.blocks(self.embedding(tokens))))
