"""A decoder-only transformer for short sequences of characters."""

import math

import torch
from torch import Tensor, nn

from workloads.models.activations import activation as activation_module


class Block(nn.Module):
    """Causal self-attention and a two-layer perceptron, each with a residual connection and LayerNorm; no biases.

    Attention scores fall linearly with distance (ALiBi, Press et al. 2022, arXiv:2108.12409), head k of h with the
    slope 2 · 4^-k: steeper than the paper's, for sequences of tens of characters. `norm_first` places LayerNorm
    before each sublayer (Xiong et al. 2020, arXiv:2002.04745), else after the sum (Vaswani et al. 2017,
    arXiv:1706.03762).
    """

    distances: Tensor

    def __init__(self, length: int, width: int, heads: int, expansion: int, activation: str, norm_first: bool) -> None:
        super().__init__()
        self.heads, self.norm_first = heads, norm_first
        self.norm1, self.norm2 = nn.LayerNorm(width, bias=False), nn.LayerNorm(width, bias=False)
        self.projection = nn.Linear(width, 3 * width, bias=False)
        self.output = nn.Linear(width, width, bias=False)
        self.up = nn.Linear(width, expansion * width, bias=False)
        self.down = nn.Linear(expansion * width, width, bias=False)
        self.activation = activation_module(activation)
        slopes = 2.0 * 4.0 ** -torch.arange(heads)
        back = torch.arange(length)[:, None] - torch.arange(length)
        scores = -slopes[:, None, None] * back
        self.register_buffer("distances", scores.masked_fill(back < 0, -math.inf), persistent=False)

    def _attend(self, states: Tensor) -> Tensor:
        batch, length, width = states.shape
        query, key, value = self.projection(states).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        # Written out: on a CPU and at this length faster than the fused kernel with a mask.
        scores = query @ key.transpose(-1, -2) * (width // self.heads) ** -0.5 + self.distances[:, :length, :length]
        return self.output((scores.softmax(-1) @ value).transpose(1, 2).reshape(batch, length, width))

    def _transform(self, states: Tensor) -> Tensor:
        return self.down(self.activation(self.up(states)))

    def forward(self, states: Tensor) -> Tensor:
        """Return states [n, length, width]."""
        if self.norm_first:
            states = states + self._attend(self.norm1(states))
            return states + self._transform(self.norm2(states))
        states = self.norm1(states + self._attend(states))
        return self.norm2(states + self._transform(states))


class CharacterTransformer(nn.Module):
    """A causal transformer; tokens [n, length] -> logits of the next character [n, length, characters].

    Matrices start from a normal distribution of variance 1 / fan-in, those that write to the residual stream of a
    quarter of that, the output of a hundredth, so that the loss starts near ln(characters); embeddings at 0.3.
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
