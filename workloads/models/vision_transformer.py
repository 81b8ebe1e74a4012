"""A small vision transformer."""

import math

import torch
from torch import Tensor, nn

from workloads.models.activations import activation as activation_module


class EncoderBlock(nn.Module):
    """Self-attention over all patches and a two-layer perceptron, each with a residual connection and LayerNorm.

    `norm_first` places LayerNorm before each sublayer, as Dosovitskiy et al. 2021 (arXiv:2010.11929) do, else after the
    sum (Vaswani et al. 2017, arXiv:1706.03762).
    """

    def __init__(self, width: int, heads: int, expansion: int, activation: str, norm_first: bool) -> None:
        super().__init__()
        self.heads, self.norm_first = heads, norm_first
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        # No bias for keys: softmax ignores a shift common to a query's scores, so its gradient would be zero.
        self.projection = nn.Linear(width, 3 * width, bias=False)
        self.output = nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, expansion * width), nn.Linear(expansion * width, width)
        self.activation = activation_module(activation)

    def _attend(self, states: Tensor) -> Tensor:
        batch, length, width = states.shape
        query, key, value = self.projection(states).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        # Written out: on a CPU and for 16 patches faster than the fused kernel.
        scores = query @ key.transpose(-1, -2) * (width // self.heads) ** -0.5
        return self.output((scores.softmax(-1) @ value).transpose(1, 2).reshape(batch, length, width))

    def _transform(self, states: Tensor) -> Tensor:
        return self.down(self.activation(self.up(states)))

    def forward(self, states: Tensor) -> Tensor:
        """Return states [n, patches, width]."""
        if self.norm_first:
            states = states + self._attend(self.norm1(states))
            return states + self._transform(self.norm2(states))
        states = self.norm1(states + self._attend(states))
        return self.norm2(states + self._transform(states))


class VisionTransformer(nn.Module):
    """Patches, learnt positions, encoder blocks, their mean, a classifier; [n, channels, size, size] -> [n, classes].

    `stem` 3x3 convolutions of that many channels and an activation come before the patches (0: none; Xiao et al. 2021,
    arXiv:2106.14881, on why they help). States are averaged over patches, as AlgoPerf's ViT does (Zhai et al. 2022,
    arXiv:2106.04560, section 3). Matrices start from a normal distribution of variance 1 / fan-in, those that write
    to the residual stream of a quarter of that, the classifier of a hundredth, so that the loss starts near
    ln(classes); positions at deviation 0.02.
    """

    def __init__(
        self,
        classes: int,
        channels: int = 1,
        size: int = 28,
        patch: int = 7,
        stem: int = 0,
        width: int = 64,
        depth: int = 2,
        heads: int = 4,
        expansion: int = 2,
        activation: str = "gelu",
        norm_first: bool = True,
    ) -> None:
        super().__init__()
        self.stem = nn.Identity()
        if stem:
            self.stem = nn.Sequential(nn.Conv2d(channels, stem, 3, padding=1), activation_module(activation))
        self.patch = patch
        self.embedding = nn.Linear((stem or channels) * patch**2, width)
        self.positions = nn.Parameter(0.02 * torch.randn((size // patch) ** 2, width))
        self.blocks = nn.Sequential(*(EncoderBlock(width, heads, expansion, activation, norm_first) for _ in range(depth)))
        self.norm = nn.LayerNorm(width) if norm_first else nn.Identity()
        self.head = nn.Linear(width, classes)
        for name, module in self.named_modules():
            if isinstance(module, nn.Linear | nn.Conv2d):
                scale = 0.1 if module is self.head else 0.5 if name.endswith(("output", "down")) else 1.0
                nn.init.normal_(module.weight, std=scale / math.sqrt(module.weight[0].numel()))
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits [n, classes]."""
        states = self.embedding(self._patches(self.stem(images))) + self.positions
        return self.head(self.norm(self.blocks(states)).mean(1))

    def _patches(self, images: Tensor) -> Tensor:
        """Return the pixels of every patch, [n, patches, channels * patch²], row by row."""
        batch, channels, height, width = images.shape
        grid = images.view(batch, channels, height // self.patch, self.patch, width // self.patch, self.patch)
        return grid.permute(0, 2, 4, 1, 3, 5).reshape(batch, -1, channels * self.patch**2)
