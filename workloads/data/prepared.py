"""Prepared arrays: the files from which workers read a data set, checked at every read."""

from __future__ import annotations

import hashlib
import logging
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from harness import DataUnavailable
from workloads.data.cache import disk_errors_as_unavailable, replacing

log = logging.getLogger(__name__)

Arrays = Mapping[str, np.ndarray]


def content_hash(arrays: Arrays) -> str:
    """Return the SHA-256 of names, types, shapes and bytes, in hexadecimal; the order of the names does not matter."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.data)
    return digest.hexdigest()


def prepared(path: Path, sha256: str, build: Callable[[], Arrays]) -> Arrays:
    """Return the arrays in `path` where it has the right content; else build them, check them and write them there.

    A file with another content is replaced. Two processes may do this at once: each writes a file of its own and renames
    it, and both files are the same.

    Args:
        path: an uncompressed .npz file.
        sha256: `content_hash` of the right arrays.
        build: makes the arrays from their source; called at most once.

    Raises:
        DataUnavailable: `build` raised it; the built arrays have another hash; the disk is full or read-only.
    """
    arrays = _read(path)
    if arrays is not None and content_hash(arrays) == sha256:
        return arrays
    if path.exists():
        log.warning("%s is damaged: it is prepared again", path)
    with disk_errors_as_unavailable(path.parent):
        arrays = build()
        actual = content_hash(arrays)
        if actual != sha256:
            raise DataUnavailable(
                f"{path.stem}: the source's content has SHA-256 {actual[:12]}…, expected {sha256[:12]}…:"
                " it is not the version that this workload is defined on; please report it"
            )
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(file, **arrays)
    return arrays


def _read(path: Path) -> Arrays | None:
    """Return the arrays in `path`, or None where it is missing or cannot be read as arrays."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, EOFError, ValueError, KeyError, AttributeError, zipfile.BadZipFile):
        return None
