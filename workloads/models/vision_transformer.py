"""A small vision transformer."""

import math

import torch
from torch import Tensor, nn

from workloads.models.activations import activation as activation_module
from workloads.models.transformer_block import TransformerBlock


class VisionTransformer(nn.Module):
    """Patches, learnt positions, encoder blocks, mean over patches, a classifier; [n, channels, size, size] -> [n, classes].

    `stem` 3x3 convolutions of that many channels and an activation come before the patches (0: none; Xiao et al. 2021,
    arXiv:2106.14881, explain why they help). States are averaged over patches, as AlgoPerf's ViT does (Zhai et al. 2022,
    arXiv:2106.04560, section 3). Initial weights are normal with variance 1 / fan-in, a quarter of that where
    they write to the residual stream, and a hundredth in the classifier, so that the loss starts near ln(classes);
    positions have deviation 0.02.
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
        self.blocks = nn.Sequential(
            *(TransformerBlock(width, heads, expansion, activation, norm_first, bias=True) for _ in range(depth))
        )
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
