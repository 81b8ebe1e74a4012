"""A small residual network for small grey images."""

import math
from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, pad

from workloads.models.activations import activation as activation_module


class BasicBlock(nn.Module):
    """Two 3x3 convolutions with BatchNorm and a shortcut without parameters.

    He et al. 2016 (arXiv:1512.03385), figure 5 left with shortcut A: where the shape changes, the shortcut averages
    over the stride and adds channels of zeros.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, activation: str) -> None:
        super().__init__()
        self.convolution1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.convolution2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.activation = activation_module(activation)
        self.stride, self.added_channels = stride, outputs - inputs

    def forward(self, images: Tensor) -> Tensor:
        """Return features [n, outputs, height / stride, width / stride]."""
        inner = self.norm2(self.convolution2(self.activation(self.norm1(self.convolution1(images)))))
        if self.stride != 1:
            images = avg_pool2d(images, self.stride, ceil_mode=True)
        if self.added_channels:
            images = pad(images, (0, 0, 0, 0, 0, self.added_channels))
        return self.activation(inner + images)


class ResNet(nn.Module):
    """A stride-4 stem and one basic block a width, each but the first halving the image; [n, 1, h, w] -> [n, classes].

    Convolutions start as He et al. 2015 (arXiv:1502.01852, fan-out); the classifier at variance 0.01 / fan-in, so that
    the loss starts near ln(classes).
    """

    def __init__(self, classes: int = 10, widths: Sequence[int] = (16, 32), activation: str = "relu") -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, widths[0], 5, stride=4, padding=2, bias=False),
            nn.BatchNorm2d(widths[0]),
            activation_module(activation),
        )
        before = [widths[0], *widths[:-1]]
        self.blocks = nn.Sequential(
            *(BasicBlock(a, b, 1 if i == 0 else 2, activation) for i, (a, b) in enumerate(zip(before, widths, strict=True)))
        )
        self.classifier = nn.Linear(widths[-1], classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        nn.init.normal_(self.classifier.weight, std=0.1 / math.sqrt(widths[-1]))
        nn.init.zeros_(self.classifier.bias)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits [n, classes]."""
        features = self.blocks(self.stem(images))
        return self.classifier(avg_pool2d(features, features.shape[-2:]).flatten(1))
