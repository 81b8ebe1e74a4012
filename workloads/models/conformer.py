"""A small Conformer (Gulati et al. 2020, arXiv:2005.08100)."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import glu, scaled_dot_product_attention

from workloads.models.activations import activation as activation_module
from workloads.models.frames import FrameBatchNorm, Frames, output_layer


class FeedForward(nn.Sequential):
    """LayerNorm, a linear layer to `expansion` times the width, activation, and a linear layer back."""

    def __init__(self, width: int, expansion: int, activation: str) -> None:
        super().__init__(
            nn.LayerNorm(width),
            nn.Linear(width, expansion * width),
            activation_module(activation),
            nn.Linear(expansion * width, width),
        )


class Attention(nn.Module):
    """LayerNorm and self-attention over the valid frames."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.projection = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Return what is added to the states [n, t, width]."""
        batch, length, width = states.shape
        query, key, value = self.projection(self.norm(states)).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        attended = scaled_dot_product_attention(query, key, value, attn_mask=mask[:, None, None])
        return self.output(attended.transpose(1, 2).reshape(batch, length, width))


class Convolution(nn.Module):
    """LayerNorm, gated linear layer, depthwise convolution, normalisation, activation, linear layer.

    `norm` is "batch", as in the paper, or "layer".
    """

    def __init__(self, width: int, kernel: int, activation: str, norm: str) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.gated = nn.Linear(width, 2 * width)
        self.depthwise = nn.Conv2d(width, width, (1, kernel), padding=(0, kernel // 2), groups=width, bias=False)
        nn.init.normal_(self.depthwise.weight, std=1 / math.sqrt(kernel))
        self.norm2: nn.Module = FrameBatchNorm(width) if norm == "batch" else nn.LayerNorm(width)
        self.activation = activation_module(activation)
        self.output = nn.Linear(width, width)

    def forward(self, states: Tensor, mask: Tensor, valid: Tensor) -> Tensor:
        """Return what is added to the states [n, t, width]; `mask` [n, t] and `valid` are those of `Frames`."""
        gated = glu(self.gated(self.norm1(states)), -1) * mask[..., None]
        # As an image of height 1, [n, width, 1, t], channels last: the same memory, and faster on a CPU.
        mixed = self.depthwise(gated.transpose(1, 2).unsqueeze(2)).squeeze(2).transpose(1, 2)
        mixed = self.norm2(mixed, valid) if isinstance(self.norm2, FrameBatchNorm) else self.norm2(mixed)
        return self.output(self.activation(mixed))


class Block(nn.Module):
    """Half a feed-forward step, attention, convolution, half a feed-forward step, LayerNorm; dropout on each branch."""

    def __init__(self, width: int, heads: int, expansion: int, kernel: int, activation: str, norm: str, dropout: float) -> None:
        super().__init__()
        self.before, self.after = FeedForward(width, expansion, activation), FeedForward(width, expansion, activation)
        self.attention = Attention(width, heads)
        self.convolution = Convolution(width, kernel, activation, norm)
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, states: Tensor, mask: Tensor, valid: Tensor) -> Tensor:
        """Return states [n, t, width]."""
        states = states + 0.5 * self.dropout(self.before(states))
        states = states + self.dropout(self.attention(states, mask))
        states = states + self.dropout(self.convolution(states, mask, valid))
        return self.norm(states + 0.5 * self.dropout(self.after(states)))


class Conformer(nn.Module):
    """Stacked frames, LayerNorm, sinusoidal positions, Conformer blocks; spectrograms and lengths -> (logits, stacked lengths).

    Initial weights are normal with variance 1 / fan-in, a quarter of that at the end of a branch; biases are 0; the output
    layer is that of `output_layer`.
    """

    positions: Tensor

    def __init__(
        self,
        bands: int,
        longest: int,
        log_prior: Sequence[float],
        width: int = 48,
        depth: int = 1,
        heads: int = 4,
        expansion: int = 4,
        kernel: int = 5,
        activation: str = "silu",
        norm: str = "batch",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.frames = Frames(bands, width)
        self.norm = nn.LayerNorm(width)
        self.blocks = nn.ModuleList(Block(width, heads, expansion, kernel, activation, norm, dropout) for _ in range(depth))
        for name, module in self.named_modules():
            if isinstance(module, nn.Linear):
                scale = 0.5 if name.endswith(("output", "before.3", "after.3")) else 1.0
                nn.init.normal_(module.weight, std=scale / math.sqrt(module.in_features))
                nn.init.zeros_(module.bias)
        self.head = output_layer(width, log_prior)
        # Vaswani et al. 2017 (arXiv:1706.03762), section 3.5.
        angles = torch.arange(longest)[:, None] * 10_000 ** (-torch.arange(0, width, 2) / width)
        self.register_buffer("positions", torch.cat([angles.sin(), angles.cos()], 1), persistent=False)

    def forward(self, spectrograms: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits [n, t, classes] and lengths [n] in stacked frames."""
        states, mask, valid, lengths = self.frames(spectrograms, lengths)
        states = self.norm(states) + self.positions[: states.shape[1]]
        for block in self.blocks:
            states = block(states, mask, valid)
        return self.head(states), lengths
