"""Residual networks with BatchNorm, basic or bottleneck blocks, for images of any size."""

import math
from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d, pad

from workloads.models.activations import activation as activation_module


class Shortcut(nn.Module):
    """The shortcut of a block: the identity, unless the shape changes.

    Where it changes: shortcut A of He et al. 2016 (arXiv:1512.03385), averages over the stride and added channels of
    zeros; with `projection` their shortcut B, a 1x1 convolution and BatchNorm.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, projection: bool) -> None:
        super().__init__()
        self.stride, self.added_channels = stride, outputs - inputs
        self.projection = None
        if projection and (stride != 1 or inputs != outputs):
            self.projection = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, images: Tensor) -> Tensor:
        """Return features of the block's output shape."""
        if self.projection is not None:
            return self.projection(images)
        if self.stride != 1:
            images = avg_pool2d(images, self.stride, ceil_mode=True)
        return pad(images, (0, 0, 0, 0, 0, self.added_channels)) if self.added_channels else images


class Block(nn.Module):
    """A residual block, [n, inputs, h, w] -> [n, outputs, h / stride, w / stride] (He et al. 2016, figure 5).

    A basic block has two 3x3 convolutions; a bottleneck has 1x1 to a quarter of the outputs, 3x3 with the stride, and 1x1.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, activation: str, bottleneck: bool, projection: bool) -> None:
        super().__init__()
        inner = outputs // 4 if bottleneck else outputs
        sizes = [(inputs, inner, 1, 1), (inner, inner, 3, stride), (inner, outputs, 1, 1)]
        if not bottleneck:
            sizes = [(inputs, outputs, 3, stride), (outputs, outputs, 3, 1)]
        layers: list[nn.Module] = []
        for before, after, kernel, step in sizes:
            layers += [nn.Conv2d(before, after, kernel, step, padding=kernel // 2, bias=False), nn.BatchNorm2d(after)]
            layers += [activation_module(activation)]
        self.layers = nn.Sequential(*layers[:-1])
        self.shortcut = Shortcut(inputs, outputs, stride, projection)
        self.activation = layers[-1]

    def forward(self, images: Tensor) -> Tensor:
        """Return features [n, outputs, height / stride, width / stride]."""
        return self.activation(self.layers(images) + self.shortcut(images))


class ResNet(nn.Module):
    """A stem, stages of residual blocks, global average pooling, a classifier; [n, channels, h, w] -> [n, classes].

    Stage i has `blocks[i]` blocks (by default one) with `widths[i]` output channels; each stage but the first halves the
    image. The stem is a convolution (channels, kernel, stride), with `pool` followed by max pooling that halves the image.
    Convolutions are initialised as in He et al. 2015 (arXiv:1502.01852, fan-out), the classifier with variance
    0.01 / fan-in, so that the loss starts near ln(classes).
    """

    def __init__(
        self,
        classes: int = 10,
        channels: int = 1,
        widths: Sequence[int] = (16, 32),
        blocks: Sequence[int] = (),
        stem: tuple[int, int, int] = (16, 5, 4),
        pool: bool = False,
        activation: str = "relu",
        bottleneck: bool = False,
        projection: bool = False,
    ) -> None:
        super().__init__()
        first, kernel, stride = stem
        self.stem = nn.Sequential(
            nn.Conv2d(channels, first, kernel, stride, padding=kernel // 2, bias=False),
            nn.BatchNorm2d(first),
            activation_module(activation),
            nn.MaxPool2d(3, 2, padding=1) if pool else nn.Identity(),
        )
        before, layers = first, []
        for stage, (width, count) in enumerate(zip(widths, blocks or (1,) * len(widths), strict=True)):
            for index in range(count):
                halving = 2 if stage and not index else 1
                layers.append(Block(before, width, halving, activation, bottleneck, projection))
                before = width
        self.blocks = nn.Sequential(*layers)
        self.classifier = nn.Linear(before, classes)
        initialise(self, self.classifier)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits [n, classes]."""
        return self.classifier(adaptive_avg_pool2d(self.blocks(self.stem(images)), 1).flatten(1))


def initialise(model: nn.Module, classifier: nn.Linear) -> None:
    """Initialise convolutions as in He et al. 2015 (fan-out) and the classifier with variance 0.01 / fan-in."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    nn.init.normal_(classifier.weight, std=0.1 / math.sqrt(classifier.in_features))
    nn.init.zeros_(classifier.bias)
