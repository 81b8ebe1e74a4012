"""Records as columns: the JSON of many records <-> one Arrow table, exact to the last bit."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Body = Mapping[str, Any]

TABLES = ("evaluations", "learning_rates")
"""Keys of a record whose value is a table of numbers: lists or mappings of equal length, a line each."""

LARGEST_INTEGER = 2**53
"""Beyond it a float64 does not hold every integer."""

MILLION = 1e6

COMPRESSION, COMPRESSION_LEVEL = "zstd", 19


def write_table(bodies: Sequence[Body], path: Path) -> None:
    """Write records (from `TrialRecord.to_json`) as a Parquet file.

    Everything but the tables of numbers is JSON text, a column a key, whose repetitions (facts, environments, hashes)
    Parquet stores once. Tables are float64, column after column, their bytes in planes, which compress better; clocks, which
    are whole millionths, as differences.

    Raises:
        OSError: the disk is full, or the directory cannot be written.
    """
    rows = [_row(body) for body in bodies]
    names = list(dict.fromkeys(name for row in rows for name in row))
    numbers = [f"{name}_values" for name in TABLES]
    columns = {
        name: pa.array([row.get(name) for row in rows], pa.list_(pa.float64()) if name in numbers else pa.string())
        for name in (*names, *(n for n in numbers if n not in names))
    }
    table = pa.table(columns)
    pq.write_table(
        table,
        path,
        compression=COMPRESSION,
        compression_level=COMPRESSION_LEVEL,
        use_dictionary=[name for name in table.column_names if name not in numbers],
        column_encoding={f"{name}.list.element": "BYTE_STREAM_SPLIT" for name in numbers},
        write_page_checksum=True,
        # Nobody searches these files by value; with both, the footer is an eighth of a file of 160 records.
        write_statistics=False,
        store_schema=False,
    )


def read_table(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of a Parquet file as `write_table` was given them.

    Raises:
        OSError, ValueError: the file cannot be read, or is damaged.
    """
    table = pq.read_table(path, page_checksum_verification=True)
    columns = {name: table.column(name).to_pylist() for name in table.column_names}
    numbers = {key: columns.pop(f"{key}_values", []) for key in TABLES}
    parsed = _parsed_columns(columns)
    forms = {key: parsed.pop(f"{key}_form") for key in TABLES if f"{key}_form" in parsed}
    spec = {name.removeprefix("spec."): parsed.pop(name) for name in list(parsed) if name.startswith("spec.")}
    for place in range(table.num_rows):
        body: dict[str, Any] = {"spec": _line(spec, place)}
        body |= _line(parsed, place)
        for key, form in _line(forms, place).items():
            body[key] = _unpacked(form, numbers[key][place])
        yield body


ABSENT: Any = object()
"""Stands for a key that a record does not have; a key whose value is null has the text "null"."""


def _parsed_columns(columns: Mapping[str, Sequence[str | None]]) -> dict[str, list[Any]]:
    """Return columns of JSON text as values, each text parsed once: facts are long, and the same in thousands of records."""
    known: dict[str | None, Any] = {None: ABSENT}
    for column in columns.values():
        for text in column:
            if text not in known:
                known[text] = json.loads(text)  # type: ignore[arg-type]
    return {name: [known[text] for text in column] for name, column in columns.items()}


def _line(columns: Mapping[str, Sequence[Any]], place: int) -> dict[str, Any]:
    """Return one line of columns, without the keys that are absent there."""
    return {key: column[place] for key, column in columns.items() if column[place] is not ABSENT}


def _row(body: Body) -> dict[str, Any]:
    """Return {column: JSON text or numbers} of one record."""
    row: dict[str, Any] = {}
    for key, value in body.items():
        packed = _packed(value) if key in TABLES else None
        if key == "spec":
            row |= {f"spec.{name}": _text(item) for name, item in value.items()}
        elif packed is not None:
            row[f"{key}_form"], row[f"{key}_values"] = packed
        else:
            row[key] = _text(value)
    return row


def _packed(lines: Any) -> tuple[str, list[float | None]] | None:
    """Return a table's form (JSON: names of its columns, if it has some, and their kinds) and its numbers, column after column.

    None where it is no table, or one with a column that a float64 does not hold exactly.
    """
    if not lines or not isinstance(lines, (list, tuple)):
        return None
    named = isinstance(lines[0], Mapping)
    names = list(lines[0]) if named else None
    if named and not all(isinstance(line, Mapping) and list(line) == names for line in lines):
        return None
    if not named and not all(isinstance(line, (list, tuple)) and len(line) == len(lines[0]) for line in lines):
        return None
    columns = [_coded(column) for column in zip(*(line.values() if named else line for line in lines), strict=True)]
    if not columns or any(kind == "" for kind, _ in columns):
        return None
    form = _text({"names": names, "kinds": [kind for kind, _ in columns]})
    return form, [value for _, column in columns for value in column]


def _unpacked(form: Mapping[str, Any], numbers: Sequence[float | None]) -> list[Any]:
    kinds, length = form["kinds"], len(numbers) // len(form["kinds"])
    columns = [_decoded(kind, numbers[k * length : (k + 1) * length]) for k, kind in enumerate(kinds)]
    lines = zip(*columns, strict=True)
    if form["names"] is None:
        return [list(line) for line in lines]
    return [dict(zip(form["names"], line, strict=True)) for line in lines]


def _coded(column: Sequence[Any]) -> tuple[str, Sequence[float | None]]:
    """Return a column's kind and what is stored of it; the kind is "" where that would not be exact.

    "int" and "micro" (floats that are whole millionths) are stored as differences from one to the next, "float" as it is.
    """
    kinds = {type(value) for value in column}
    if kinds == {int} and max(map(abs, column)) < LARGEST_INTEGER / 2:
        return "int", _differences(column)
    if kinds == {float} and max(map(abs, column)) < LARGEST_INTEGER / 2 / MILLION:
        whole = [round(value * MILLION) for value in column]
        if all(k / MILLION == value and (k or math.copysign(1, value) > 0) for k, value in zip(whole, column, strict=True)):
            return "micro", _differences(whole)
    return ("float", column) if kinds <= {float, type(None)} else ("", column)


def _decoded(kind: str, stored: Sequence[float | None]) -> list[Any]:
    if kind == "float":
        return list(stored)
    whole = list(accumulate(int(value) for value in stored if value is not None))
    return whole if kind == "int" else [value / MILLION for value in whole]


def _differences(whole: Sequence[int]) -> list[float | None]:
    return [float(b - a) for a, b in zip((0, *whole), whole, strict=False)]


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)
