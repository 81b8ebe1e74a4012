"""Wide residual networks with BatchNorm before each convolution."""

from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from workloads.models.activations import activation as activation_module
from workloads.models.resnet import initialise


class WideBlock(nn.Module):
    """BatchNorm, activation and 3x3 convolution, twice; a 1x1 convolution as the shortcut where the shape changes.

    He et al. 2016 (arXiv:1603.05027), figure 1b; Zagoruyko & Komodakis 2016 (arXiv:1605.07146), table 1. As there,
    the input of the 1x1 convolution is the activated features.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, dropout: float, activation: str) -> None:
        super().__init__()
        self.before = nn.Sequential(nn.BatchNorm2d(inputs), activation_module(activation))
        self.layers = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            activation_module(activation),
            nn.Dropout(dropout),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
        )
        self.projection = nn.Conv2d(inputs, outputs, 1, stride, bias=False) if stride != 1 or inputs != outputs else None

    def forward(self, images: Tensor) -> Tensor:
        """Return features [n, outputs, height / stride, width / stride]."""
        states = self.before(images)
        return self.layers(states) + (images if self.projection is None else self.projection(states))


class WideResNet(nn.Module):
    """WRN-`depth`-`widening` for 32x32 images; [n, 3, 32, 32] -> [n, classes].

    Three stages of (depth - 4) / 6 blocks with 16, 32 and 64 times `widening` channels; initialised like `ResNet`.
    """

    def __init__(
        self, classes: int, depth: int = 16, widening: int = 4, dropout: float = 0.0, activation: str = "relu"
    ) -> None:
        super().__init__()
        count, rest = divmod(depth - 4, 6)
        if rest:
            raise ValueError(f"a wide ResNet's depth is 6 n + 4, not {depth}")
        layers: list[nn.Module] = [nn.Conv2d(3, 16, 3, padding=1, bias=False)]
        before = 16
        for stage, width in enumerate((16 * widening, 32 * widening, 64 * widening)):
            for index in range(count):
                layers.append(WideBlock(before, width, 2 if stage and not index else 1, dropout, activation))
                before = width
        self.layers = nn.Sequential(*layers, nn.BatchNorm2d(before), activation_module(activation))
        self.classifier = nn.Linear(before, classes)
        initialise(self, self.classifier)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits [n, classes]."""
        return self.classifier(adaptive_avg_pool2d(self.layers(images), 1).flatten(1))
