"""A U-Net for grey images."""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, pixel_shuffle, pixel_unshuffle

from workloads.models.activations import activation as activation_module

LEAK = 0.2


def _activation(name: str) -> nn.Module:
    return nn.LeakyReLU(LEAK) if name == "leaky_relu" else activation_module(name)


def _norm(name: str, channels: int) -> nn.Module:
    """Return "instance" normalisation (over each channel of an image, without parameters), or the identity for "none"."""
    return {"instance": nn.InstanceNorm2d, "none": nn.Identity}[name](channels)


class DoubleConvolution(nn.Sequential):
    """Two 3x3 convolutions, each normalised by `norm` and activated; [n, inputs, h, w] -> [n, outputs, h, w]."""

    def __init__(self, inputs: int, outputs: int, activation: str, norm: str) -> None:
        layers: list[nn.Module] = []
        for channels in (inputs, outputs):
            convolution = nn.Conv2d(channels, outputs, 3, padding=1, bias=False)
            layers += [convolution, _norm(norm, outputs), _activation(activation)]
        super().__init__(*layers)


class Up(nn.Sequential):
    """A transposed 2x2 convolution that doubles the image, followed by `norm` and activation."""

    def __init__(self, inputs: int, outputs: int, activation: str, norm: str) -> None:
        convolution = nn.ConvTranspose2d(inputs, outputs, 2, stride=2, bias=False)
        super().__init__(convolution, _norm(norm, outputs), _activation(activation))


class UNet(nn.Module):
    """The U-Net of fastMRI (Zbontar et al. 2018, arXiv:1811.08839, section 5) that adds its output to its input.

    Each of `depth` levels averages over 2x2 and doubles the channels, from `width`. On the way up transposed convolutions
    double the image, and the features of the same level on the way down are concatenated. Squares of `patch` x `patch`
    pixels become channels before the first level and pixels again after the last, so that all convolutions work on an image
    `patch` times smaller.

    Convolutions are initialised as in He et al. 2015 (arXiv:1502.01852, fan-in), the last one with standard deviation
    0.02 / √fan-in, so that an untrained network returns about its input.
    """

    def __init__(
        self, width: int = 16, depth: int = 1, patch: int = 4, activation: str = "leaky_relu", norm: str = "none"
    ) -> None:
        super().__init__()
        self.patch = patch
        widths = [width * 2**level for level in range(depth + 1)]
        before = [patch * patch, *widths[:-1]]
        self.down = nn.ModuleList(DoubleConvolution(a, b, activation, norm) for a, b in zip(before, widths, strict=True))
        pairs = list(pairwise(widths))[::-1]
        self.up = nn.ModuleList(Up(b, a, activation, norm) for a, b in pairs)
        self.join = nn.ModuleList(DoubleConvolution(2 * a, a, activation, norm) for a, _ in pairs)
        self.last = nn.Conv2d(width, patch * patch, 1)
        for module in self.modules():
            if isinstance(module, nn.ConvTranspose2d):  # stride = kernel: every output pixel has `inputs` terms
                nn.init.normal_(module.weight, std=math.sqrt(2 / (1 + LEAK**2) / module.in_channels))
            elif isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, a=LEAK)
        nn.init.normal_(self.last.weight, std=0.02 / math.sqrt(width))
        nn.init.zeros_(self.last.bias)

    def forward(self, images: Tensor) -> Tensor:
        """Return corrected images [n, 1, h, w]; h and w are multiples of patch · 2^depth."""
        features = self.down[0](pixel_unshuffle(images, self.patch))
        skipped = []
        for level in list(self.down)[1:]:
            skipped.append(features)
            features = level(avg_pool2d(features, 2))
        for up, join in zip(self.up, self.join, strict=True):
            features = join(torch.cat((up(features), skipped.pop()), 1))
        return images + pixel_shuffle(self.last(features), self.patch)
