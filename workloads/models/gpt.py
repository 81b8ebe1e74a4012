"""A decoder-only transformer in the manner of GPT-2 (Radford et al. 2019), for sequences of hundreds of tokens."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from workloads.models.activations import activation as activation_module


class Layer(nn.Module):
    """Causal self-attention and a perceptron of four times the width, each after LayerNorm; no biases."""

    def __init__(self, width: int, heads: int, activation: str) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width, bias=False), nn.LayerNorm(width, bias=False)
        self.projection = nn.Linear(width, 3 * width, bias=False)
        self.output = nn.Linear(width, width, bias=False)
        self.up, self.down = nn.Linear(width, 4 * width, bias=False), nn.Linear(4 * width, width, bias=False)
        self.activation = activation_module(activation)

    def forward(self, states: Tensor) -> Tensor:
        """Return states [n, length, width]."""
        batch, length, width = states.shape
        query, key, value = self.projection(self.norm1(states)).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        attended = scaled_dot_product_attention(query, key, value, is_causal=True)
        states = states + self.output(attended.transpose(1, 2).reshape(batch, length, width))
        return states + self.down(self.activation(self.up(self.norm2(states))))


class GPT(nn.Module):
    """Tokens [n, length] -> logits of the next token [n, length, tokens]; learned positions, output tied to the embedding.

    Initial weights are normal with deviation 0.02, divided by sqrt(2 depth) where they write to the residual stream.
    """

    def __init__(self, tokens: int, length: int, width: int, depth: int, heads: int, activation: str = "gelu") -> None:
        super().__init__()
        self.embedding, self.positions = nn.Embedding(tokens, width), nn.Embedding(length, width)
        self.layers = nn.Sequential(*(Layer(width, heads, activation) for _ in range(depth)))
        self.norm = nn.LayerNorm(width, bias=False)
        for name, weight in self.named_parameters():
            if weight.dim() > 1:
                nn.init.normal_(
                    weight, std=0.02 / (math.sqrt(2 * depth) if name.endswith(("output.weight", "down.weight")) else 1)
                )

    def forward(self, tokens: Tensor) -> Tensor:
        """Return logits of the next token at every position."""
        places = torch.arange(tokens.shape[1], device=tokens.device)
        states = self.norm(self.layers(self.embedding(tokens) + self.positions(places)))
        return nn.functional.linear(states, self.embedding.weight)
