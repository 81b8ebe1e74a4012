"""The JSON of many records in one Parquet file, and back without changing a bit."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from harness.results.regular_files import parsed_json, read_regular
from harness.schemas import FormJson, check

Body = Mapping[str, Any]

TABLES = ("evaluations", "learning_rates")
"""Keys of a record whose value is a table of numbers: a list of rows, each a list or a mapping of equal length."""

LARGEST_INTEGER = 2**53
"""Above it a float64 does not represent every integer."""

MILLION = 1e6

COMPRESSION, COMPRESSION_LEVEL = "zstd", 19

LARGEST_PARQUET = 256 * 2**20
"""Largest file in bytes. One of 1,000 records has 0.6 MB."""

LARGEST_CONTENT, MOST_ROWS, MOST_COLUMNS = 2**31, 1_000_000, 200
"""Largest size of a file's records in bytes, were each written out, and most of its records and columns."""


def write_records(bodies: Sequence[Body], path: Path) -> None:
    """Write records (from `TrialRecord.to_json`) as a Parquet file.

    Each key is a column of JSON text, of which Parquet stores equal values (facts, environments, hashes) once. Only the tables
    of numbers are float64: their columns one after the other, the bytes of equal significance together, which compresses
    better. Clocks, which are whole millionths, are stored as differences.

    Raises:
        OSError: the disk is full, or the directory cannot be written.
    """
    rows = [_encoded(body) for body in bodies]
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
        # No reader filters these files by value; statistics and schema would be an eighth of a file of 160 records.
        write_statistics=False,
        store_schema=False,
    )


def read_records(path: Path, unread: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
    """Yield the records of a Parquet file as they were passed to `write_records`, but those of the tracks in `unread`.

    A table that cannot be decoded becomes null, so that the checksum of its record, and of no other, does not match.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no regular file, larger than it may be, damaged, or not written by `write_records`.
    """
    content = read_regular(path, LARGEST_PARQUET)
    try:
        columns, count = _columns(content)
    except pa.ArrowException as error:
        raise ValueError(str(error)) from None
    numbers = {key: columns.pop(f"{key}_values", [None] * count) for key in TABLES}
    forms = {key: columns.pop(f"{key}_form") for key in TABLES if f"{key}_form" in columns}
    spec = {name.removeprefix("spec."): columns.pop(name) for name in list(columns) if name.startswith("spec.")}
    of_track = spec.get("track", [ABSENT] * count)
    for index in range(count):
        if of_track[index] in unread:
            continue
        body: dict[str, Any] = {"spec": _row_of(spec, index)}
        body |= _row_of(columns, index)
        for key, form in _row_of(forms, index).items():
            try:
                body[key] = _decoded_table(form, numbers[key][index])
            except (ValueError, ArithmeticError):
                body[key] = None
        yield body


ABSENT: Any = object()
"""Value of a key that a record does not have; a key whose value is null has the text "null"."""


def _columns(content: bytes) -> tuple[dict[str, list[Any]], int]:
    """Return the columns of a Parquet file and the number of its rows: parsed JSON, of the tables of numbers their numbers.

    Columns of text are read as dictionaries. Equal texts are thus decompressed and parsed once: long facts are equal in
    thousands of records, and a small file cannot take much memory by repeating a text.

    Raises:
        ValueError, pyarrow.ArrowException: it is damaged, too large, or has other columns.
    """
    kinds = {field.name: field.type for field in pq.read_schema(pa.BufferReader(content))}
    other = [name for name, kind in kinds.items() if not (kind == pa.string() or kind == pa.list_(pa.float64()))]
    if other or len(kinds) > MOST_COLUMNS:
        raise ValueError(f"it is no file of records: column {other[0]!r}" if other else f"it has {len(kinds)} columns")
    texts = [name for name, kind in kinds.items() if kind == pa.string()]
    file = pq.ParquetFile(pa.BufferReader(content), read_dictionary=texts, page_checksum_verification=True)
    size = sum(file.metadata.row_group(group).total_byte_size for group in range(file.num_row_groups))
    if file.metadata.num_rows > MOST_ROWS or size > LARGEST_CONTENT:
        raise ValueError(f"it has {file.metadata.num_rows} rows and {size} bytes: at most {MOST_ROWS} and {LARGEST_CONTENT}")
    table = file.read()
    if (size := sum(_written_out(table.column(name)) for name in texts)) > LARGEST_CONTENT:
        raise ValueError(f"its records have {size} bytes together, more than {LARGEST_CONTENT}")
    known: dict[str, Any] = {}
    columns = {
        name: _parsed(table.column(name), known) if name in texts else table.column(name).to_pylist()
        for name in table.column_names
    }
    return columns, table.num_rows


def _written_out(column: pa.ChunkedArray) -> int:
    """Return how many bytes a column of text would have, were its equal texts repeated."""
    lengths = (pc.take(pc.binary_length(chunk.dictionary), chunk.indices) for chunk in column.chunks)
    return sum(pc.sum(length).as_py() or 0 for length in lengths)


def _parsed(column: pa.ChunkedArray, known: dict[str, Any]) -> list[Any]:
    """Return the values of a column of JSON text; `known` are texts and their values, and is added to."""
    values: list[Any] = []
    for chunk in column.chunks:
        texts = chunk.dictionary.to_pylist()
        known |= {text: parsed_json(text) for text in texts if text not in known}
        values += [ABSENT if place is None else known[texts[place]] for place in chunk.indices.to_pylist()]
    return values


def _row_of(columns: Mapping[str, Sequence[Any]], index: int) -> dict[str, Any]:
    """Return one row of columns, without the keys that are absent in it."""
    return {key: column[index] for key, column in columns.items() if column[index] is not ABSENT}


def _encoded(body: Body) -> dict[str, Any]:
    """Return {column: JSON text or numbers} of one record."""
    row: dict[str, Any] = {}
    for key, value in body.items():
        table = _encoded_table(value) if key in TABLES else None
        if key == "spec":
            row |= {f"spec.{name}": _text(item) for name, item in value.items()}
        elif table is not None:
            row[f"{key}_form"], row[f"{key}_values"] = table
        else:
            row[key] = _text(value)
    return row


def _encoded_table(rows: Any) -> tuple[str, list[float | None]] | None:
    """Return a table's form (JSON: names of its columns, if it has any, and their kinds) and its numbers, column after column.

    Return None if it is not a table, or if float64 does not represent one of its columns exactly.
    """
    if not rows or not isinstance(rows, (list, tuple)):
        return None
    named = isinstance(rows[0], Mapping)
    names = list(rows[0]) if named else None
    if named and not all(isinstance(row, Mapping) and list(row) == names for row in rows):
        return None
    if not named and not all(isinstance(row, (list, tuple)) and len(row) == len(rows[0]) for row in rows):
        return None
    columns = [_encoded_column(column) for column in zip(*(row.values() if named else row for row in rows), strict=True)]
    if not columns or any(kind == "" for kind, _ in columns):
        return None
    form = _text({"names": names, "kinds": [kind for kind, _ in columns]})
    return form, [value for _, column in columns for value in column]


def _decoded_table(form: Any, numbers: Sequence[float | None] | None) -> list[Any]:
    """Return the rows of a table from its form and its numbers.

    Raises:
        ValueError, ArithmeticError: they are not from `_encoded_table`.
    """
    check(form, FormJson)
    kinds = form["kinds"]
    if numbers is None or not kinds or len(numbers) % len(kinds):
        raise ValueError("the columns of a table have different lengths")
    length = len(numbers) // len(kinds)
    columns = [_decoded_column(kind, numbers[k * length : (k + 1) * length]) for k, kind in enumerate(kinds)]
    rows = zip(*columns, strict=True)
    if form["names"] is None:
        return [list(row) for row in rows]
    return [dict(zip(form["names"], row, strict=True)) for row in rows]


def _encoded_column(column: Sequence[Any]) -> tuple[str, Sequence[float | None]]:
    """Return a column's kind and its stored numbers; the kind is "" if storing it would not be exact.

    Of the kinds "int" and "micro" (floats that are whole millionths) differences between neighbours are stored, of "float" the
    numbers themselves.
    """
    kinds = {type(value) for value in column}
    if kinds == {int} and max(map(abs, column)) < LARGEST_INTEGER / 2:
        return "int", _differences(column)
    if kinds == {float} and max(map(abs, column)) < LARGEST_INTEGER / 2 / MILLION:
        whole = [round(value * MILLION) for value in column]
        if all(k / MILLION == value and (k or math.copysign(1, value) > 0) for k, value in zip(whole, column, strict=True)):
            return "micro", _differences(whole)
    return ("float", column) if kinds <= {float, type(None)} else ("", column)


def _decoded_column(kind: str, stored: Sequence[float | None]) -> list[Any]:
    if kind == "float":
        return list(stored)
    whole = list(accumulate(int(value) for value in stored if value is not None))
    return whole if kind == "int" else [value / MILLION for value in whole]


def _differences(whole: Sequence[int]) -> list[float | None]:
    return [float(b - a) for a, b in zip((0, *whole), whole, strict=False)]


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)
