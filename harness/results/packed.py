"""The records in a workload's Parquet files, as these lie on disk at the moment."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.records import TrialRecord
from harness.results.columns import read_table


@dataclass(frozen=True)
class Packed:
    """What was read from a folder's Parquet files.

    Attributes:
        names: of the files. They are named by their content: as long as the names are the same, so are the records.
        records: {trial id: (record, its file)}, the latest record of each trial.
        sound: the files of which every record was read: what may go once its records lie elsewhere.
        damaged: whether a file could not be read at all.
    """

    names: tuple[str, ...]
    records: Mapping[str, tuple[TrialRecord, Path]]
    sound: tuple[Path, ...] = ()
    damaged: bool = False


def packed_names(folder: Path) -> tuple[str, ...]:
    """Return the names of a folder's Parquet files in a fixed order."""
    try:
        with os.scandir(folder) as entries:  # asked for every record: a Path for each entry takes longer
            return tuple(sorted(e.name for e in entries if e.name.startswith("compact-") and e.name.endswith(".parquet")))
    except (FileNotFoundError, NotADirectoryError):
        return ()


def read_packed(folder: Path, damaged: MutableMapping[Path, str], *, set_aside: bool = False) -> Packed:
    """Read a folder's Parquet files; name damaged files and records in `damaged`.

    Args:
        folder: of a workload.
        damaged: {file, or file#id of a record: why}; added to.
        set_aside: give a damaged file another name.

    Raises:
        OSError: where `set_aside`, a file cannot be opened (rights, too many open files): that is no damage.
    """
    while True:
        names = packed_names(folder)
        found: dict[str, tuple[TrialRecord, Path]] = {}
        sound, unread = [], False
        for path in (folder / name for name in names):
            try:
                if _take(read_table(path), path, found, damaged):
                    sound.append(path)
            except (ValueError, KeyError, TypeError, OSError) as error:
                if isinstance(error, FileNotFoundError) and packed_names(folder) != names:
                    break  # a compaction replaced it meanwhile: its records lie in a file that was not listed yet
                if set_aside and isinstance(error, OSError) and error.errno:
                    raise
                damaged[path] = str(error)
                unread = True
                if set_aside:
                    with suppress(FileNotFoundError):  # another run did it
                        path.replace(path.with_suffix(".parquet.damaged"))
        else:
            return Packed(names, found, tuple(sound), unread)


def _take(
    bodies: Iterable[Mapping[str, Any]],
    path: Path,
    into: MutableMapping[str, tuple[TrialRecord, Path]],
    damaged: MutableMapping[Path, str],
) -> bool:
    """Add the sound records among `bodies`, name the others, and return whether all were sound."""
    sound = True
    for body in bodies:
        try:
            record = TrialRecord.from_json(body)
        except (ValueError, KeyError, TypeError) as error:
            damaged[path.with_name(f"{path.name}#{body.get('id')}")] = str(error)
            sound = False
            continue
        name = str(body["id"])  # from_json has compared it with the specification's, which takes a hash
        known = into.get(name)
        if known is None or known[0].created <= record.created:
            into[name] = (record, path)
    return sound
