"""CIFAR-10 and CIFAR-100 in their authors' Python format, read and checked by torchvision."""

from __future__ import annotations

import errno
import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from harness import DataUnavailable
from workloads.data.cache import disk_errors_as_unavailable, workspace
from workloads.data.prepared import Arrays
from workloads.data.torchvision_download import NoAnswer, dataset_class, download


def cifar(classes: int, directory: Path) -> Arrays:
    """Return {"train_images": uint8 [50000, 3, 32, 32], "train_labels": int64 [50000], "test_images", "test_labels"}.

    The first call unpacks the archive in `directory`, or downloads it. Every call checks the files against
    torchvision's checksums before it reads them, because they are pickles.

    Args:
        classes: 10 or 100.
        directory: where the data sets are.

    Raises:
        DataUnavailable: the archive is not available; the message says why and where to put it.
    """
    try:
        dataset = dataset_class(f"CIFAR{classes}")
    except NoAnswer as error:
        raise DataUnavailable(f"CIFAR-{classes} is read by torchvision, which {error}") from error
    with disk_errors_as_unavailable(directory):
        arrays = _read(dataset, directory)
        if arrays is None:
            _fetch(dataset, classes, directory)
            arrays = _read(dataset, directory)
    if arrays is None:
        raise DataUnavailable(
            f"CIFAR-{classes} in {directory / dataset.base_folder} changed while it was being read: run again"
        )
    return arrays


def _read(dataset: Any, directory: Path) -> Arrays | None:
    """Return the arrays, or None where files are missing or damaged."""
    try:
        parts = {"train": dataset(str(directory), train=True), "test": dataset(str(directory), train=False)}
    except RuntimeError:
        return None
    arrays = {}
    for part, examples in parts.items():
        arrays[f"{part}_images"] = np.ascontiguousarray(examples.data.transpose(0, 3, 1, 2))
        arrays[f"{part}_labels"] = np.array(examples.targets, np.int64)
    return arrays


def _fetch(dataset: Any, classes: int, directory: Path) -> None:
    """Put the unpacked archive into `directory`, completely or not at all."""
    reasons = []
    own = directory / dataset.filename
    if own.exists() and _md5_of(own) != dataset.tgz_md5:
        reasons.append(f"{own} is truncated or another file")
    for _ in range(2):  # the download may have been damaged
        try:
            with workspace(directory) as scratch:
                if own.exists() and not reasons:
                    (scratch / dataset.filename).symlink_to(own.resolve())
                    dataset(str(scratch), download=True)
                else:
                    download(dataset, dataset.url, scratch)
                _move(scratch / dataset.base_folder, directory / dataset.base_folder, scratch / "replaced")
            return
        except NoAnswer as error:
            if str(error) not in reasons:
                reasons.append(str(error))
    raise DataUnavailable(
        f"CIFAR-{classes} is not available ({'; '.join(reasons)}); connect to the internet, or put"
        f" {dataset.url} into {directory}"
    )


def _move(new: Path, place: Path, aside: Path) -> None:
    """Rename a folder to its place. A damaged one is moved aside; a complete one of another process stays."""
    if place.exists():
        place.rename(aside)
    try:
        new.rename(place)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise


def _md5_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
