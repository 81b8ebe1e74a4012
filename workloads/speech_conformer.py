"""Generated speech: a Conformer that transcribes spoken digits."""

from __future__ import annotations

from typing import Any

from harness import Size, Workload
from workloads.data.speech import FRAMES
from workloads.tasks.spoken_digits import SHAPE, SpokenDigits


class SpeechConformer(SpokenDigits, Workload):
    """Generated speech (2 to 4 digits, unseen voices), Conformer, CTC loss per label.

    `SpokenDigits` states the data and their split. On a GPU torch has no deterministic algorithm for the gradient of CTC, so
    that two runs may differ in the last bits.
    """

    name = "speech_conformer"
    algoperf = "librispeech_conformer"
    sizes = {
        "laptop": Size(
            batch_size=32,
            budget=200 * 32,
            evaluation_period=10 * 32,
            validation_examples=256,
            parameters=44363,
            model={"width": 48, "depth": 1, "heads": 2, "expansion": 2},
        ),
        "full": Size(
            batch_size=32,
            budget=1000 * 32,
            evaluation_period=50 * 32,
            parameters=137867,
            model={"width": 64, "depth": 2, "heads": 4, "expansion": 2, "dropout": 0.1},
        ),
    }
    variants = {"layer_norm": {"model": {"norm": "layer"}}}

    def build_model(self) -> Any:
        """Return the Conformer."""
        from workloads.models.conformer import Conformer

        return Conformer(longest=FRAMES // 4, **SHAPE, **self.size.model)
