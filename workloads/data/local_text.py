"""A text of the user's own as a flat file of tokens, made once; a token is a byte."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import numpy as np

from harness import DataUnavailable
from workloads.data.cache import disk_errors_as_unavailable, replacing

VARIABLE = "TIMETRIAL_TEXT"
"""Environment variable that names the text."""

LEAST = 2**20
"""Bytes of the shortest text: a shorter one has no validation part that could tell two models apart."""

SAMPLES, BLOCK = 64, 4096
"""A fingerprint reads so many blocks, evenly spaced, of so many bytes."""


def text_file() -> Path | None:
    """Return the text that `TIMETRIAL_TEXT` names; None if it names none."""
    chosen = os.environ.get(VARIABLE)
    return Path(chosen).expanduser() if chosen else None


def fingerprint(path: Path) -> str:
    """Return 16 hexadecimal digits that differ between texts, without reading all of a large one; "" if it cannot be read."""
    try:
        size = path.stat().st_size
        found = hashlib.sha256(str(size).encode())
        with path.open("rb") as file:
            for start in np.linspace(0, max(size - BLOCK, 0), SAMPLES).astype(np.int64):
                file.seek(int(start))
                found.update(file.read(BLOCK))
    except OSError:
        return ""
    return found.hexdigest()[:16]


def token_file(directory: Path) -> Path:
    """Return the file of the text's tokens in `directory`, uint8 [bytes of the text]; the first call makes it.

    Raises:
        DataUnavailable: no text is named, or it cannot be read, or is too short; the message says what to do.
    """
    path = text_file()
    if path is None:
        raise DataUnavailable(
            f"no text: set {VARIABLE} to a text file of at least {LEAST // 2**20} MiB, then `timetrial data -w text_lm`"
        )
    if not path.is_file():
        raise DataUnavailable(f"there is no file {path}, which {VARIABLE} names: set it to a text file")
    if path.stat().st_size < LEAST:
        raise DataUnavailable(
            f"{path} has {path.stat().st_size} bytes, and a text must have at least {LEAST}: set {VARIABLE} anew"
        )
    tokens = directory / f"text_{fingerprint(path)}.bin"
    if not tokens.exists() or tokens.stat().st_size != path.stat().st_size:
        with disk_errors_as_unavailable(directory), replacing(tokens) as temporary:
            shutil.copyfile(path, temporary)
    return tokens
