"""QM9: small molecules as heavy atoms with hydrogen counts, coordinates, and the HOMO-LUMO gap."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from io import TextIOWrapper
from pathlib import Path

import numpy as np

from workloads.data.cache import workspace
from workloads.data.prepared import Arrays, prepared
from workloads.data.pypi import wheel

PACKAGE, VERSION = "qm9pack", "1.0.3"
ARCHIVE = "qm9pack-1.0.3-py3-none-any.whl"
ARCHIVE_SHA256 = "1d88c2988007c6778e717ee3224cf511bd60e10732ebe3b7ed500ea5af05c9f0"
MEMBERS = tuple(f"qm9pack/data/qm9_part{part}.csv" for part in (1, 2, 3))
PREPARED = "f4c54ee0359825a03c5c666bba209f8b187830e9a57287151b6cc1fbe6c2c314"

ELEMENTS = ("C", "N", "O", "F")
HEAVY, ATOMS = 9, 29
"""Largest number of heavy atoms, and of atoms, in a molecule of QM9."""

EV_PER_HARTREE = 27.2114
HELD_OUT = 5_000
"""Number of molecules in the validation part, and in the test part."""


def qm9(directory: Path) -> Arrays:
    """Return {"elements", "hydrogens": uint8 [n, 9], "places": int16 [n, 9, 3], "gap": float32 [n]}, all 130,831 molecules.

    "elements": 0 for no atom, 1 to 4 for C, N, O, F. "hydrogens": how many of the molecule's hydrogens are nearest
    to this heavy atom. "places": coordinates in 0.001 Å relative to the heavy atoms' mean. "gap": HOMO-LUMO gap,
    eV. The order is a fixed permutation of the source's (NumPy's legacy generator, seed 0): the first `HELD_OUT`
    molecules are for validation, the next for the test. The first call downloads; later ones read ``qm9.npz`` in
    `directory` and use no network.

    Raises:
        DataUnavailable: the package is not available.
    """
    return prepared(directory / "qm9.npz", PREPARED, lambda: _fetch(directory))


def _fetch(directory: Path) -> Arrays:
    with workspace(directory) as scratch:
        archive = wheel(PACKAGE, VERSION, ARCHIVE, ARCHIVE_SHA256, scratch)
        arrays = molecules(_lines(archive))
    order = np.random.RandomState(0).permutation(len(arrays["gap"]))
    return {name: values[order] for name, values in arrays.items()}


def _lines(archive: Path) -> Iterator[str]:
    """Return the lines of the tables, without their headings."""
    with zipfile.ZipFile(archive) as package:
        for member in MEMBERS:
            with TextIOWrapper(package.open(member), encoding="utf-8") as lines:
                next(lines)
                yield from lines


def molecules(lines: Iterable[str]) -> Arrays:
    """Return the arrays of `qm9` for lines of its tables, in their order.

    Six columns are quoted and contain no quotes, so that lines are split at quotes: field 9 has the elements, 11 the
    coordinates, 16 the following numbers, with the gap (Hartree) at 8. Numbers may be written ``1.5*^-6``.
    """
    codes, coordinates, sizes, gaps = [], [], [], []
    number = {element: code for code, element in enumerate(("H", *ELEMENTS))}
    for line in lines:
        cells = line.split('"')
        elements = [number[element] for element in cells[9][2:-2].split("','")]
        sizes.append(len(elements))
        codes += elements
        numbers = cells[11].replace("[", "").replace("]", "").replace("*^", "e").split(",")
        coordinates.append(np.array(numbers, dtype=np.float64))
        gaps.append(float(cells[16].split(",")[8].replace("*^", "e")) * EV_PER_HARTREE)
    filled = np.arange(ATOMS) < np.array(sizes)[:, None]
    elements_of = np.full(filled.shape, -1, np.int8)
    elements_of[filled] = codes
    places = np.zeros((*filled.shape, 3))
    places[filled] = np.concatenate(coordinates).reshape(-1, 3)
    return {**_heavy(elements_of, places), "gap": np.array(gaps, np.float32)}


def _heavy(elements: np.ndarray, places: np.ndarray) -> Arrays:
    """Return the heavy atoms with counts of nearest hydrogens, from elements (-1 none, 0 H) and places in Å."""
    rows = np.arange(len(elements))[:, None]
    order = np.argsort(elements <= 0, axis=1, kind="stable")[:, :HEAVY]
    heavy = np.maximum(elements[rows, order], 0).astype(np.uint8)
    centres = places[rows, order]
    hydrogens = np.zeros(heavy.shape, np.uint8)
    for atom in range(elements.shape[1]):
        distances = np.square(places[:, atom, None] - centres).sum(2)
        nearest = np.where(heavy > 0, distances, np.inf).argmin(1)
        hydrogens[rows[:, 0], nearest] += elements[:, atom] == 0
    mean = (centres * (heavy > 0)[..., None]).sum(1, keepdims=True) / (heavy > 0).sum(1)[:, None, None]
    relative = np.where((heavy > 0)[..., None], centres - mean, 0.0)
    return {"elements": heavy, "hydrogens": hydrogens, "places": np.rint(relative * 1000).astype(np.int16)}
