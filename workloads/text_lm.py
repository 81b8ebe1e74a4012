"""A text of the user's own: a language model of 10 to 120 million parameters over its bytes; for a GPU."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness import DataFacts, Examples, Size, Workload
from workloads.data.local_text import fingerprint, text_file, token_file

TOKENS = 256

HELD_OUT = 100
"""One part in so many of the text is for validation, and as much for the test."""

VALIDATION = 1_024
"""Windows of the validation part and of the test at most, evenly spaced: more would take as long as the training."""


class TextLm(Workload):
    """A local text (TIMETRIAL_TEXT), causal transformer over bytes, bits per byte.

    `timetrial data -w text_lm` writes the file of tokens once. A token is a byte, so that values of different tokenizers can be
    compared. Split: the last hundredth of the text is the test, the hundredth before it is for validation, at most 1,024
    windows of each. An example is a window of `length` bytes and the one after each; windows do not overlap. The text is part
    of a trial's specification, by a fingerprint of its content: trials of two texts never meet on a board. Targets hold for
    English prose, and are provisional as long as no GPU has run `timetrial targets`.
    """

    name = "text_lm"
    algoperf = "finewebedu_lm"
    metric = "bits_per_byte"
    data = DataFacts(
        source="a local text file (TIMETRIAL_TEXT)",
        licence="that of the text",
        citation="none: the text is the user's own",
        family="local_text",
    )
    sizes = {
        "full": Size(
            batch_size=64,
            budget=5_000 * 64,
            evaluation_period=200 * 64,
            parameters=10_818_432,
            precision="bfloat16",
            model={"length": 256, "width": 384, "depth": 6, "heads": 6, "activation": "gelu"},
        )
    }
    variants = {
        "silu": {"model": {"activation": "silu"}},
        "medium": {"parameters": 38_154_752, "model": {"length": 512, "width": 512, "depth": 12, "heads": 8}},
        "large": {"parameters": 114_254_592, "model": {"length": 1024, "width": 768, "depth": 16, "heads": 12}},
    }

    def __init__(self, size: str = "full", variant: str = "") -> None:
        """Fix the size, and the text as part of it where one is named."""
        super().__init__(size, variant)
        path = text_file()
        if path is not None:
            self.size = replace(self.size, model={**self.size.model, "text": fingerprint(path)})

    def load(self, directory: Path) -> dict[str, Examples]:
        """Return {"tokens": uint8 [n, length + 1]} of every part, mapped from disk."""
        import torch

        path = token_file(directory)
        count, length = path.stat().st_size, self.size.model["length"]
        stream = torch.from_file(str(path), shared=False, size=count, dtype=torch.uint8)  # a private mapping, never written
        held = count // HELD_OUT
        parts = {
            "train": stream[: count - 2 * held],
            "validation": stream[count - 2 * held : count - held],
            "test": stream[count - held :],
        }
        windows = {name: part.unfold(0, length + 1, length) for name, part in parts.items()}
        return {name: {"tokens": each if name == "train" else _spaced(each)} for name, each in windows.items()}

    def build_model(self) -> Any:
        """Return the transformer."""
        from workloads.models.gpt import GPT

        return GPT(TOKENS, **{name: value for name, value in self.size.model.items() if name != "text"})

    def forward(self, model: Any, examples: Examples) -> Any:
        """Return logits of the next byte [n, length, 256]."""
        return model(examples["tokens"][:, :-1].long())

    def example_losses(self, outputs: Any, examples: Examples, label_smoothing: float = 0.0) -> Any:
        """Return cross-entropy per byte, nats, averaged over each window, [n]."""
        from torch.nn.functional import cross_entropy

        following = examples["tokens"][:, 1:].long()
        losses = cross_entropy(
            outputs.flatten(0, 1).float(), following.flatten(), reduction="none", label_smoothing=label_smoothing
        )
        return losses.view(following.shape).mean(1)

    def example_metrics(self, outputs: Any, examples: Examples) -> dict[str, Any]:
        """Return bits per byte."""
        return {"bits_per_byte": self.example_losses(outputs, examples) / math.log(2)}

    def trivial_metric(self) -> float:
        """Return log2 of the number of bytes: all equally likely."""
        return math.log2(TOKENS)


def _spaced(windows: Any) -> Any:
    """Return at most `VALIDATION` of the windows, evenly spaced."""
    import torch

    chosen = torch.linspace(0, len(windows) - 1, min(VALIDATION, len(windows))).long()
    return windows.index_select(0, chosen)
