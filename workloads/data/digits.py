"""Handwritten digits, 8x8, as they come with scikit-learn."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from workloads.data.prepared import Arrays, prepared

PREPARED = "75c66949a92e91bd2a00da08013bf4de73dbf18fbb4dddb1ac5fdfd6a7977ce3"


def digits(directory: Path) -> Arrays:
    """Return {"images": uint8 [1797, 64], values 0 to 16, "labels": uint8 [1797]} in scikit-learn's order.

    The first call reads scikit-learn's copy; later ones read ``digits.npz`` in `directory`, a hundred times faster than
    scikit-learn can be imported.

    Raises:
        DataUnavailable: scikit-learn's copy has another content.
    """
    return prepared(directory / "digits.npz", PREPARED, _build)


def _build() -> Arrays:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return {"images": bunch.data.astype(np.uint8), "labels": bunch.target.astype(np.uint8)}
