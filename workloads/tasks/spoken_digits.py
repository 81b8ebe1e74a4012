"""Transcription of spoken digits: data, inputs and trivial metric, which the speech workloads share."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from harness import DataFacts, Examples
from workloads.data.log_mel import BANDS
from workloads.data.speech import PARTS, WORDS, speech
from workloads.tasks.ctc import Ctc

GENERATED_SPEECH = DataFacts(
    source="generated speech: eSpeak NG 1.52.0 from PyPI package espeakng-loader 0.2.4",
    licence="eSpeak NG is GPL-3.0-or-later and only run, not distributed; its output is not covered by its licence",
    citation="eSpeak NG, github.com/espeak-ng/espeak-ng",
    family="speech",
)

MEAN, DEVIATION = 122.3, 14.67
"""Of the quantised log-mels of the laptop size's training part without padding; both sizes use these values."""

BLANK = 0.712
TRIVIAL = 2.7781
"""Share of blanks in the best constant distribution (the digits equally likely), and its CTC loss, on the training part."""


class SpokenDigits(Ctc):
    """Facts and hooks of a workload on generated speech, all but `build_model`; put it before `Workload` among the bases.

    Lengths stay on the host, where packing, CTC and the longest utterance of a batch need their values.

    Split by voice: 16 of eSpeak NG's voice variants are for validation, 16 for the test, 50 for training. White noise is
    added, from 6 dB above to 14 dB below the speech. The full size has the same utterances with more noise, from 14 dB
    above to 6 dB below.
    """

    metric = "ctc_loss"
    data = GENERATED_SPEECH
    host = ("frames", "label_counts")
    size_name: str

    def load(self, directory: Path) -> dict[str, Examples]:
        """Return spectrograms, uint8 [n, 96, 40], their frames [n], labels [n, 4] and their counts [n], all uint8."""
        import torch

        arrays = speech(directory, self.size_name)
        names = {"spectrograms": "spectrograms", "frames": "frames", "labels": "labels", "label_counts": "digits"}
        return {part: {name: torch.from_numpy(arrays[f"{part}_{key}"]) for name, key in names.items()} for part in PARTS}

    def forward(self, model: Any, examples: Examples) -> Any:
        """Return logits [n, t, 11] of standardised log-mels, and lengths [n]; class 0 is the blank, 10 is zero."""
        import torch

        frames = examples["frames"].long()
        longest = int(frames.max())
        spectrograms = examples["spectrograms"][:, :longest]
        inside = (torch.arange(longest) < frames[:, None]).to(spectrograms.device, non_blocking=True)
        inputs = spectrograms.float().sub_(MEAN).div_(DEVIATION).mul_(inside[..., None])
        return model(inputs, frames)

    def trivial_metric(self) -> float:
        """Return the loss of the best constant distribution, which an untrained model predicts."""
        return TRIVIAL


SHAPE = {"bands": BANDS, "log_prior": (math.log(BLANK), *[math.log((1 - BLANK) / len(WORDS))] * len(WORDS))}
"""Keyword arguments of every model of spoken digits."""
