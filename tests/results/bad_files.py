"""What can stand in the place of a record: files that are none, and values that a field of a record cannot have."""

from __future__ import annotations

import copy
import json
import os
import pickle
import re
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from harness.canonical import stable_hash
from harness.records import TrialSpec
from harness.results.parquet import write_records

MARKUP = "<script>alert(1)</script>"
ABSENT = object()


class Opens:
    """Unpickling it creates a file in the present directory."""

    def __reduce__(self) -> Any:
        return os.system, ("touch unpickled",)


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


def sealed(body: dict[str, Any]) -> dict[str, Any]:
    """Return a record's JSON with the id of its spec, if that has one, and with a checksum that holds."""
    body = {key: value for key, value in body.items() if key != "checksum"}
    with suppress(KeyError, TypeError, AttributeError):
        body["id"] = TrialSpec.from_json(body["spec"]).id
    return {**body, "checksum": stable_hash(body)}


def changed(body: dict[str, Any], place: str, value: Any) -> dict[str, Any]:
    """Return a copy of a record's JSON, sealed again, in which what lies at `place` ("spec.study") is another value."""
    body = copy.deepcopy(body)
    *outer, last = (int(part) if part.isdigit() else part for part in place.split("."))
    inner: Any = body
    for part in outer:
        inner = inner[part]
    if value is ABSENT:
        del inner[last]
    else:
        inner[last] = value
    return sealed(body)


def _written(change: Callable[[bytes], bytes]) -> Callable[[Path, bytes], object]:
    return lambda path, content: path.write_bytes(change(content))


def _first_metric(number: bytes) -> Callable[[Path, bytes], object]:
    return _written(lambda content: re.sub(rb'"metric":[-.0-9e]+', b'"metric":' + number, content, count=1))


def _with(place: str, value: Any) -> Callable[[Path, bytes], object]:
    return lambda path, content: path.write_text(json.dumps(changed(json.loads(content), place, value)))


def _linked(target: str) -> Callable[[Path, bytes], object]:
    return lambda path, content: path.symlink_to(target)


def _socket(path: Path, content: bytes) -> None:
    folder = Path(tempfile.mkdtemp())  # the path of a socket has at most 107 bytes
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(folder / "s"))
    (folder / "s").rename(path)
    folder.rmdir()


def _unreadable(path: Path, content: bytes) -> None:
    path.write_bytes(b"{")  # the superuser can read it all the same
    path.chmod(0)


def _sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 2**40)


def _honest_elsewhere(path: Path, content: bytes) -> None:
    outside = path.parents[3] / "outside.json"
    outside.write_bytes(content)
    path.symlink_to(outside)


FILES: dict[str, Callable[[Path, bytes], object]] = {
    "link to an endless device": _linked("/dev/zero"),
    "link to a device that gives nothing": _linked("/dev/null"),
    "link to a file of the system": _linked("/etc/passwd"),
    "link to itself": lambda path, content: path.symlink_to(path.name),
    "link to nothing": _linked("nowhere"),
    "link to a record elsewhere": _honest_elsewhere,
    "pipe": lambda path, content: os.mkfifo(path),
    "socket": _socket,
    "directory": lambda path, content: path.mkdir(),
    "unreadable": _unreadable,
    "no bytes": _written(lambda content: b""),
    "half": _written(lambda content: content[: len(content) // 2]),
    "last byte missing": _written(lambda content: content[:-1]),
    "twice": _written(lambda content: content + content),
    "byte-order mark": _written(lambda content: b"\xef\xbb\xbf" + content),
    "UTF-16": _written(lambda content: content.decode().encode("utf-16")),
    "not UTF-8": _written(lambda content: content.replace(b'"reason":"', b'"reason":"\xff')),
    "random bytes": _written(lambda content: bytes(range(256)) * 8),
    "NUL bytes": _written(lambda content: bytes(len(content))),
    "pickle": _written(lambda content: pickle.dumps(Opens())),
    "100,000 lists": _written(lambda content: b"[" * 100_000),
    "100,000 objects": _written(lambda content: b'{"a":' * 100_000),
    "17 MB": _written(lambda content: content[:-1] + b" " * 17_000_000 + b"}"),
    "a file of zeros that takes no disk": lambda path, content: _sparse(path),
    "NaN": _first_metric(b"NaN"),
    "infinity": _first_metric(b"-Infinity"),
    "a number of 5,000 digits": _first_metric(b"9" * 5000),
    "a key twice": _written(lambda content: content[:-1] + b',"status":"missed"}'),
    "list": _written(lambda content: b"[]"),
    "number": _written(lambda content: b"1"),
    "null": _written(lambda content: b"null"),
    "text": _written(lambda content: b'"x"'),
    "empty object": _written(lambda content: b"{}"),
    "changed, not sealed again": _written(lambda content: content.replace(b'"reason":"', b'"reason":"not ')),
    "newer schema": _with("schema", 99),
    "schema that never was": _with("schema", 0),
    "schema in words": _with("schema", "two"),
    "a reason in a list": _with("reason", ["x"]),
    "facts 60 levels deep": _with("facts.workload", nested(60)),
    "facts 400 levels deep": _with("facts.workload", nested(400)),
    "artefact outside": _with("artefacts", ["../../../outside.json"]),
    "clocks in words": _with("clocks", {"examples": "many"}),
    "10 MB of a fact": _with("facts.submission", {"summary": "x" * 10_000_000}),
    "name with control characters": _with("spec.submission", "\x1b[2J\x1b]0;owned\x07"),
    "100,000 names": _with("facts.workload", {f"n{i}": 1 for i in range(100_000)}),
}
"""{what stands in the place of a record: function that puts it there, of its path and an honest record's bytes}."""


def _repeated(text: str, times: int) -> Callable[[Path, dict[str, Any]], None]:
    """Return a function that writes a small Parquet file with one text in `times` rows."""

    def write(path: Path, record: dict[str, Any]) -> None:
        column = pa.DictionaryArray.from_arrays(np.zeros(times, np.int32), [text])
        pq.write_table(pa.table({"spec.x": column}), path, store_schema=False)

    return write


def _bad_form(form: str, values: list[float | None] | None) -> Callable[[Path, dict[str, Any]], None]:
    """Return a function that writes a Parquet file in which one record's evaluations have another form and other numbers."""

    def write(path: Path, record: dict[str, Any]) -> None:
        write_records([record], path)
        table = pq.read_table(path)
        for name, column in (
            ("evaluations_form", pa.array([form])),
            ("evaluations_values", pa.array([values], pa.list_(pa.float64()))),
        ):
            table = table.set_column(table.column_names.index(name), name, column)
        pq.write_table(table, path)

    return write


def _rows(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Path, dict[str, Any]], None]:
    return lambda path, record: write_records([change(record)], path)


def _cut(path: Path, record: dict[str, Any]) -> None:
    write_records([record], path)
    os.truncate(path, path.stat().st_size // 2)


def _flipped(path: Path, record: dict[str, Any]) -> None:
    write_records([record], path)
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0xFF
    path.write_bytes(content)


def _typed(**columns: Any) -> Callable[[Path, dict[str, Any]], None]:
    return lambda path, record: pq.write_table(pa.table(columns), path)


PARQUET: dict[str, Callable[[Path, dict[str, Any]], object]] = {
    "Parquet: link to an endless device": lambda path, record: path.symlink_to("/dev/zero"),
    "Parquet: pipe": lambda path, record: os.mkfifo(path),
    "Parquet: directory": lambda path, record: path.mkdir(),
    "Parquet: no bytes": lambda path, record: path.write_bytes(b""),
    "Parquet: pickle": lambda path, record: path.write_bytes(pickle.dumps(Opens())),
    "Parquet: JSON": lambda path, record: path.write_text(json.dumps(record)),
    "Parquet: half": _cut,
    "Parquet: one byte changed": _flipped,
    "Parquet: a terabyte": lambda path, record: _sparse(path),
    "Parquet: a million rows in few bytes": _repeated('"a"', 1_000_001),
    "Parquet: ten GB of text in few bytes": _repeated('"' + "a" * 100_000 + '"', 100_000),
    "Parquet: columns of integers": _typed(a=[1, 2]),
    "Parquet: texts that are no JSON": _typed(**{"spec.track": ["{"], "id": ["\x1b[2J"]}),
    "Parquet: deep texts": _typed(id=["[" * 100_000]),
    "Parquet: 300 columns": _typed(**{f"c{i}": ["1"] for i in range(300)}),
    "Parquet: nothing but ids": _typed(id=['"../../x"', '"y"']),
    "Parquet: ill-typed": _rows(lambda record: changed(record, "clocks", [])),
    "Parquet: no spec": _rows(lambda record: changed(record, "spec", {})),
    "Parquet: a table without columns": _bad_form('{"names":[],"kinds":[]}', [1.0]),
    "Parquet: a table of an unknown kind": _bad_form('{"names":["a"],"kinds":["x"]}', [1.0]),
    "Parquet: a table whose form is a list": _bad_form("[]", [1.0]),
    "Parquet: a table whose names are too few": _bad_form('{"names":[],"kinds":["int"]}', [1.0]),
    "Parquet: a table without numbers": _bad_form('{"names":["a"],"kinds":["int"]}', None),
    "Parquet: a table of infinite integers": _bad_form('{"names":["a"],"kinds":["int"]}', [float("inf")]),
    "Parquet: a table of huge integers": _bad_form('{"names":["a"],"kinds":["micro"]}', [1e308, 1e308, 1e308]),
}
"""{what stands in the place of a Parquet file: function that puts it there, of its path and an honest record's JSON}."""


NOTES: dict[str, Callable[[Path], object]] = {
    "note: link to an endless device": lambda path: path.symlink_to("/dev/zero"),
    "note: pipe": os.mkfifo,
    "note: directory": Path.mkdir,
    "note: no bytes": Path.touch,
    "note: list": lambda path: path.write_text("[]"),
    "note: deep": lambda path: path.write_text("[" * 100_000),
    "note: trials in words": lambda path: path.write_text('{"trials": {"x": ["../..", "w", "nan"]}}'),
    "note: without hashes": lambda path: path.write_text(
        json.dumps({"track": "t", "suite": "s", "hashes": {}, "trials": {"0" * 16: ["rex", "w", 0]}})
    ),
    "note: 20 MB": lambda path: path.write_bytes(b" " * 20_000_000),
}
"""{what stands in the place of a run note: function that puts it there, of its path}."""


def contents(directory: Path) -> dict[str, tuple[int, int, int]]:
    """Return {path: (kind, size, time of the last change)} of everything in a directory."""
    found = {}
    for path in sorted(directory.rglob("*")):
        status = path.lstat()
        found[str(path.relative_to(directory))] = (status.st_mode >> 12, status.st_size, status.st_mtime_ns)
    return found


COMPANIONS = (
    "._{name}",
    ".DS_Store",
    "._.DS_Store",
    "Thumbs.db",
    "desktop.ini",
    "{name}~",
    ".{name}.swp",
    "#{name}#",
    "{name}.orig",
    "{name}.bak",
    ".syncthing.{name}.tmp",
    ".~lock.{name}#",
    ".nfs000000000001",
    "Icon\r",
)
"""Names of files that systems and editors put beside a file {name}."""

CONFLICTS = ("{stem} (conflicted copy 2026-01-01).json", "{stem}.sync-conflict-20260101-120000-ABCDEFG.json", "{stem} (1).json")
"""Names of the copies that synchronising programs and browsers make of a file {stem}.json."""


def places(value: Any, place: str = "") -> Iterator[str]:
    """Yield the place of every value in a JSON value, of a list its first item's."""
    items = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, item in items:
        yield f"{place}{key}"
        yield from places(item, f"{place}{key}.")
