"""Generated speech: bidirectional LSTM layers that transcribe spoken digits."""

from __future__ import annotations

from typing import Any

from harness import Size, Workload
from workloads.tasks.spoken_digits import SHAPE, SpokenDigits


class SpeechLstm(SpokenDigits, Workload):
    """Generated speech (2 to 4 digits, unseen voices), bidirectional LSTM with BatchNorm, CTC loss per label.

    `SpokenDigits` states the data and their split. On a GPU torch has no deterministic algorithm for the gradient of CTC, so
    that two runs may differ in the last bits.
    """

    name = "speech_lstm"
    algoperf = "librispeech_deepspeech"
    sizes = {
        "laptop": Size(
            batch_size=32,
            budget=200 * 32,
            evaluation_period=10 * 32,
            validation_examples=256,
            parameters=46523,
            model={"width": 48, "depth": 1},
        ),
        "full": Size(
            batch_size=32,
            budget=800 * 32,
            evaluation_period=40 * 32,
            parameters=177739,
            model={"width": 64, "depth": 2, "dropout": 0.1},
        ),
    }
    variants = {"layer_norm": {"model": {"norm": "layer"}}}

    def build_model(self) -> Any:
        """Return the LSTM network."""
        from workloads.models.speech_lstm import SpeechLstm

        return SpeechLstm(**SHAPE, **self.size.model)
