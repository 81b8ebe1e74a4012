"""Reads the records in a workload's Parquet files, while other processes may replace these files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.canonical import Texts
from harness.records import TrialRecord
from harness.results.parquet import read_records
from harness.results.regular_files import reason_of
from harness.results.regular_files import set_aside as rename_aside

MOST_NAMED = 10
"""Unreadable records of one file that are named; the others are counted."""


@dataclass(frozen=True)
class Compacted:
    """The contents of a folder's Parquet files.

    Attributes:
        names: of the files. A name is a hash of the file's content, so equal names mean equal records.
        records: {trial id: (record, its file)}, the latest record of each trial.
        intact: the files of which every record could be read; only these may be removed once their records are elsewhere.
        damaged: whether a file could not be read at all.
    """

    names: tuple[str, ...]
    records: Mapping[str, tuple[TrialRecord, Path]]
    intact: tuple[Path, ...] = ()
    damaged: bool = False


def compacted_names(folder: Path) -> tuple[str, ...]:
    """Return the names of a folder's Parquet files, sorted."""
    try:
        with os.scandir(folder) as entries:  # called for every record, and a Path for each entry takes longer
            return tuple(sorted(e.name for e in entries if e.name.startswith("compact-") and e.name.endswith(".parquet")))
    except (FileNotFoundError, NotADirectoryError):
        return ()


def read_compacted(
    folder: Path, damaged: MutableMapping[Path, str], *, set_aside: bool = False, unread: Sequence[str] = ()
) -> Compacted:
    """Read a folder's Parquet files; add damaged files and records to `damaged`.

    Args:
        folder: of a workload.
        damaged: {file, or "file#id" of a record: reason}; added to.
        set_aside: rename a damaged file, so that it is not read again.
        unread: tracks whose records are left out.

    Raises:
        OSError: with `set_aside`, a file cannot be opened (rights, too many open files): it need not be damaged.
    """
    while True:
        names = compacted_names(folder)
        records: dict[str, tuple[TrialRecord, Path]] = {}
        intact, unreadable = [], False
        for path in (folder / name for name in names):
            try:
                if _add_records(read_records(path, unread), path, records, damaged):
                    intact.append(path)
            except (ValueError, OSError) as error:
                if isinstance(error, FileNotFoundError) and compacted_names(folder) != names:
                    break  # a compaction has replaced it: its records are now in a file that was not listed yet
                if set_aside and isinstance(error, OSError) and error.errno:
                    raise
                damaged[path] = reason_of(error)
                unreadable = True
                if set_aside:
                    damaged[path] += f"; it is set aside as {rename_aside(path)}"
        else:
            return Compacted(names, records, tuple(intact), unreadable)


def _add_records(
    bodies: Iterable[Mapping[str, Any]],
    path: Path,
    records: MutableMapping[str, tuple[TrialRecord, Path]],
    damaged: MutableMapping[Path, str],
) -> bool:
    """Add the readable records among `bodies` to `records` and the others to `damaged`; return whether all are readable."""
    unreadable = 0
    texts: Texts = {}
    for body in bodies:
        try:
            record = TrialRecord.from_json(body, texts)
        except ValueError as error:
            unreadable += 1
            if unreadable <= MOST_NAMED:
                damaged[Path(f"{path}#{str(body.get('id')).replace('/', '_')[:40]}")] = str(error)
            else:
                damaged[path] = f"{unreadable - MOST_NAMED} further records of it cannot be read"
            continue
        trial = str(body["id"])  # from_json has compared it with the id of the specification, which takes a hash
        earlier = records.get(trial)
        if earlier is None or earlier[0].created <= record.created:
            records[trial] = (record, path)
    return not unreadable
