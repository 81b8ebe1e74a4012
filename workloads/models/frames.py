"""What the speech models share: stacking of four frames, normalisation that ignores padding, and the output layer."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

STACK = 4


class Frames(nn.Module):
    """Stacks four frames and projects them; [n, frames, bands], lengths [n] -> states, mask, valid frames, lengths.

    Lengths may be on the host, and the new ones are where they are; all else is on the device. A length that is not a multiple
    of four is rounded up. Frames from the length on must be 0: they fill the last stacked frame.
    """

    def __init__(self, bands: int, width: int) -> None:
        super().__init__()
        self.projection = nn.Linear(STACK * bands, width)
        nn.init.normal_(self.projection.weight, std=1 / math.sqrt(STACK * bands))
        nn.init.zeros_(self.projection.bias)

    def forward(self, spectrograms: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return states [n, t, width], the mask of valid frames [n, t], where they are among the n * t, and stacked lengths."""
        lengths = (lengths + STACK - 1) // STACK
        spectrograms = nn.functional.pad(spectrograms, (0, 0, 0, -spectrograms.shape[1] % STACK))
        stacked = spectrograms.reshape(len(spectrograms), spectrograms.shape[1] // STACK, -1)
        longest = stacked.shape[1]
        mask = torch.arange(longest, device=lengths.device) < lengths[:, None]
        mask, valid = (found.to(stacked.device, non_blocking=True) for found in (mask, mask.flatten().nonzero().squeeze(1)))
        return self.projection(stacked), mask, valid, lengths


class FrameBatchNorm(nn.BatchNorm1d):
    """Batch normalisation (Ioffe & Szegedy 2015) over the valid frames of [n, t, width]; the others are 0."""

    def forward(self, states: Tensor, valid: Tensor) -> Tensor:  # type: ignore[override]
        """Return normalised states; `valid` is where the valid ones are among the n * t, int64 [at most n * t]."""
        flat = states.flatten(0, 1)
        normalised = super().forward(flat.index_select(0, valid))
        return torch.zeros_like(flat).index_copy(0, valid, normalised).view_as(states)


def output_layer(width: int, log_prior: Sequence[float]) -> nn.Linear:
    """Return a linear layer with bias `log_prior`: an untrained model predicts about this distribution over classes."""
    layer = nn.Linear(width, len(log_prior))
    nn.init.normal_(layer.weight, std=0.1 / math.sqrt(width))
    with torch.no_grad():
        layer.bias.copy_(torch.tensor(log_prior))
    return layer
