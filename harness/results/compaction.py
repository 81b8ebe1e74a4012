"""Thousands of small files -> one Parquet file a workload, losing nothing at any moment."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.contracts.errors import BadInput
from harness.records import TrialRecord, canonical_json, stable_hash
from harness.results.columns import read_table, write_table
from harness.results.files import flush_directory, sweep, temporary_of
from harness.results.store import ResultStore, read_record

LOOSE_RECORDS = 5_000
"""A run that leaves more single files than this compacts them: they are 40 MB, slow to copy and to commit, and a tenth of that
compacted. Reading them takes as long either way, so fewer are left as they are, for people to look into."""


def compact(store: ResultStore) -> tuple[int, int]:
    """Put the records of a results directory into Parquet files; return how many records and how many single files went.

    ``trials/WORKLOAD/compact-HASH.parquet`` is named by its content, so directories of several machines merge by copying,
    as before. Its records are those of the single files and of the Parquet files that lay there; of one trial's the single
    file's counts. Damaged files stay where they are, and so do Parquet files with a record that cannot be read (a damaged
    one, or one of a newer schema).

    A new file is written under a temporary name, flushed, renamed, and read back before what it replaces is removed: a kill
    leaves both, and they say the same. A single file that a run has written anew since it was read stays; killed in the instant
    between noticing that and giving it back its name, the next compaction does. There is no lock:
    two compactions at once write files of different names or the same content, and each removes only what it has read. What a
    kill while writing left under a temporary name goes with a compaction a day later.

    Raises:
        BadInput: the disk is full, or the directory cannot be written; nothing is lost.
    """
    records = files = 0
    try:
        for folder in sorted(path for path in store.directory.glob("trials/*") if path.is_dir()):
            kept, gone = _compact(store, folder)
            records, files = records + kept, files + gone
            sweep(folder)
        sweep(store.directory / "artefacts")
    except OSError as error:
        raise BadInput(f"cannot compact '{store.directory}': {error.strerror or error}; nothing is lost") from None
    return records, files


def _compact(store: ResultStore, folder: Path) -> tuple[int, int]:
    """Compact one workload's folder."""
    packed = store.packed(folder)
    single: dict[Path, tuple[int, int]] = {}
    found: dict[str, TrialRecord] = {name: record for name, (record, _) in packed.records.items()}
    _take_up(store, folder, found)
    for path in sorted(folder.glob("*/*.json")):
        try:
            stamp = _stamp(path)
            record = read_record(path)
        except FileNotFoundError:
            continue  # another compaction has it
        except (ValueError, KeyError, TypeError) as error:
            store.damaged[path] = str(error)
            continue
        found[record.spec.id], single[path] = record, stamp
    if not single and len(packed.sound) < 2:
        return 0, 0
    ordered = sorted(
        found.values(), key=lambda record: (record.spec.submission, record.spec.study, record.spec.trial, record.spec.id)
    )
    new = _write(folder, [record.to_json() for record in ordered])
    # Only what was read goes: what lies there now may be another compaction's, with records that are nowhere else.
    for path in packed.sound:
        if path != new:
            path.unlink(missing_ok=True)
    return len(ordered), sum(_remove(path, stamp) for path, stamp in single.items())


def _remove(path: Path, stamp: tuple[int, int]) -> bool:
    """Remove a single file unless it was written anew since `stamp`; return whether it went."""
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.aside")
    try:
        if _stamp(path) != stamp:
            return False
        path.rename(aside)
        # A run may have written it between the look and the renaming: what was renamed is looked at, not what lay there before.
        if _stamp(aside) == stamp:
            aside.unlink()
            return True
    except FileNotFoundError:
        return False
    _bring_back(aside)
    return False


def _take_up(store: ResultStore, folder: Path, found: Mapping[str, TrialRecord]) -> None:
    """End what a kill between renaming a single file and removing it has left: only what Parquet files hold may go."""
    for aside in folder.glob("*/.*.aside"):
        try:
            record = read_record(aside)
        except FileNotFoundError:
            continue
        except (ValueError, KeyError, TypeError) as error:
            store.damaged[aside] = str(error)
            continue
        known = found.get(record.spec.id)
        if known is not None and (known == record or known.created > record.created):
            aside.unlink(missing_ok=True)
        else:
            _bring_back(aside)


def _bring_back(aside: Path) -> None:
    """Give a single file its name again, unless a still newer one has it."""
    path = aside.with_name(aside.name[1:].rsplit(".", 2)[0])
    try:
        os.link(aside, path)  # unlike a renaming, it replaces nothing
    except (FileExistsError, FileNotFoundError):
        pass
    except OSError:  # a file system without hard links
        if not path.exists():
            aside.rename(path)
    aside.unlink(missing_ok=True)


def _write(folder: Path, bodies: Sequence[Mapping[str, object]]) -> Path:
    """Write a Parquet file that is whole or absent, and that was read back; return its path."""
    path = folder / f"compact-{stable_hash([body['checksum'] for body in bodies])[:16]}.parquet"
    temporary = temporary_of(path)
    try:
        write_table(bodies, temporary)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        if [canonical_json(body) for body in read_table(temporary)] != [canonical_json(body) for body in bodies]:
            raise OSError(f"{temporary.name} reads back as something else than was written")
        temporary.replace(path)
        flush_directory(folder)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return path


def _stamp(path: Path) -> tuple[int, int]:
    """Return what changes when a file is written anew: records are renamed into place, so the inode does."""
    status = path.stat()
    return status.st_ino, status.st_mtime_ns
