"""Bidirectional LSTM layers over frames of speech, in the manner of Deep Speech (Amodei et al. 2015, arXiv:1512.02595)."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from workloads.models.frames import FrameBatchNorm, Frames, output_layer


class SpeechLstm(nn.Module):
    """Stacked frames, normalisation, ReLU, bidirectional LSTM layers; spectrograms and lengths -> (logits, stacked lengths).

    `norm` is "batch" or "layer". Initial weights are normal with variance 1 / fan-in, biases are 0; the output layer is that
    of `output_layer`. Dropout is applied between LSTM layers and before the output.
    """

    def __init__(
        self, bands: int, log_prior: Sequence[float], width: int = 48, depth: int = 1, norm: str = "batch", dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.frames = Frames(bands, width)
        self.norm: nn.Module = FrameBatchNorm(width) if norm == "batch" else nn.LayerNorm(width)
        self.lstm = nn.LSTM(width, width, depth, batch_first=True, bidirectional=True, dropout=dropout)
        self.dropout = nn.Dropout(dropout)
        self.head = output_layer(2 * width, log_prior)
        for name, p in self.lstm.named_parameters():
            if name.startswith("weight"):
                nn.init.normal_(p, std=1 / math.sqrt(p.shape[1]))
            else:
                nn.init.zeros_(p)

    def forward(self, spectrograms: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits [n, t, classes] and lengths [n] in stacked frames."""
        states, _, valid, lengths = self.frames(spectrograms, lengths)
        states = self.norm(states, valid) if isinstance(self.norm, FrameBatchNorm) else self.norm(states)
        # Sorted here and not by torch, whose padding reads the order back from the device.
        falling, order = lengths.cpu().sort(descending=True)
        order, back = (found.to(states.device, non_blocking=True) for found in (order, order.argsort()))
        packed = pack_padded_sequence(torch.relu(states).index_select(0, order), falling, batch_first=True)
        states, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        return self.head(self.dropout(states.index_select(0, back))), lengths
