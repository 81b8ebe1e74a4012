"""Merges thousands of single files into one Parquet file per workload; no record is lost, whatever fails."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.canonical import canonical_json, stable_hash
from harness.contracts.errors import BadInput
from harness.records import TrialRecord
from harness.results.atomic_files import flush_directory, remove_stale_temporaries, temporary_path
from harness.results.listing import check_inside
from harness.results.parquet import read_records, write_records
from harness.results.regular_files import reason_of
from harness.results.store import ResultStore, read_record, record_named

MOST_SINGLE_FILES = 5_000
"""A run that leaves more single files than this compacts them. They take 40 MB, which is slow to copy and to commit; compacted
they take a tenth of that. Reading takes as long either way, so fewer files stay as they are, for people to read."""


def compact(store: ResultStore) -> tuple[int, int]:
    """Merge the records of a results directory into one Parquet file per workload.

    ``trials/WORKLOAD/compact-HASH.parquet`` is named by a hash of its content, so directories of several machines still merge
    by copying. It takes the records of the folder's single files and Parquet files; of one trial, the single file's record.
    Damaged files stay where they are, and so do Parquet files with a record that cannot be read (because it is damaged, or of a
    newer schema).

    A new file is written under a temporary name, flushed, read back and renamed before the files that it replaces are removed,
    so a kill leaves both, with equal records. A single file that a run rewrites in the meantime stays; if a kill prevents its
    name from being restored, the next compaction restores it. There is no lock: two compactions at the same time write files of
    different names or of equal content, and each removes only what it has read. Temporary files that a kill left are removed by
    a compaction at least a day later.

    Returns:
        How many records the new Parquet files hold, and how many single files were removed.

    Raises:
        BadInput: the disk is full, or the directory cannot be written; nothing is lost.
    """
    records = files = 0
    try:
        for folder in store.listing.workload_folders():
            merged, removed = _compact(store, folder)
            records, files = records + merged, files + removed
            remove_stale_temporaries(folder)
        check_inside(store.directory, store.directory / "artefacts" / "any")
        remove_stale_temporaries(store.directory / "artefacts")
    except OSError as error:
        raise BadInput(f"cannot compact '{store.directory}': {error.strerror or error}; nothing is lost") from None
    return records, files


def _compact(store: ResultStore, folder: Path) -> tuple[int, int]:
    """Compact one workload's folder."""
    compacted = store.compacted(folder)
    single: dict[Path, tuple[int, int]] = {}
    records: dict[str, TrialRecord] = {trial: record for trial, (record, _) in compacted.records.items()}
    _finish_removals(store, folder, records)
    for path in store.listing.record_files(folder):
        try:
            stamp = _stamp(path)
            record = record_named(path)
        except FileNotFoundError:
            continue  # another compaction has removed it
        except (ValueError, PermissionError) as error:
            store.damaged[path] = reason_of(error)
            continue
        records[record.spec.id], single[path] = record, stamp
    if not single and len(compacted.intact) < 2:
        return 0, 0
    ordered = sorted(
        records.values(), key=lambda record: (record.spec.submission, record.spec.study, record.spec.trial, record.spec.id)
    )
    new = _write(folder, [record.to_json() for record in ordered])
    # Only files that were read are removed: others may be from another compaction, with records that are nowhere else.
    for path in compacted.intact:
        if path != new:
            path.unlink(missing_ok=True)
    return len(ordered), sum(_remove(path, stamp) for path, stamp in single.items())


def _remove(path: Path, stamp: tuple[int, int]) -> bool:
    """Remove a single file unless a run has rewritten it since `stamp`; return whether it was removed."""
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.aside")
    try:
        if _stamp(path) != stamp:
            return False
        path.rename(aside)
        # A run may have rewritten the file between the check and the renaming, so the renamed file is checked again.
        if _stamp(aside) == stamp:
            aside.unlink()
            return True
    except FileNotFoundError:
        return False
    _restore(aside)
    return False


def _finish_removals(store: ResultStore, folder: Path, records: Mapping[str, TrialRecord]) -> None:
    """Remove single files that a killed compaction has renamed, if their record is in `records`; restore the others."""
    for aside in folder.glob("*/.*.aside"):
        if aside.parent.is_symlink():
            continue
        try:
            record = read_record(aside)
        except FileNotFoundError:
            continue
        except (ValueError, PermissionError) as error:
            store.damaged[aside] = reason_of(error)
            continue
        known = records.get(record.spec.id)
        if known is not None and (known == record or known.created > record.created):
            aside.unlink(missing_ok=True)
        else:
            _restore(aside)


def _restore(aside: Path) -> None:
    """Give a renamed single file its name again, unless a newer file has that name now."""
    path = aside.with_name(aside.name[1:].rsplit(".", 2)[0])
    try:
        os.link(aside, path)  # unlike renaming, this replaces no file
    except (FileExistsError, FileNotFoundError):
        pass
    except OSError:  # a file system without hard links
        if not path.exists():
            aside.rename(path)
    aside.unlink(missing_ok=True)


def _write(folder: Path, bodies: Sequence[Mapping[str, object]]) -> Path:
    """Write a Parquet file, complete or not at all, and check that it reads back; return its path."""
    path = folder / f"compact-{stable_hash([body['checksum'] for body in bodies])[:16]}.parquet"
    temporary = temporary_path(path)
    try:
        write_records(bodies, temporary)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        if [canonical_json(body) for body in read_records(temporary)] != [canonical_json(body) for body in bodies]:
            raise OSError(f"{temporary.name} reads back differently from what was written")
        temporary.replace(path)
        flush_directory(folder)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return path


def _stamp(path: Path) -> tuple[int, int]:
    """Return inode and modification time; a run rewrites a file by renaming a new one into place, which changes the inode."""
    status = path.lstat()
    return status.st_ino, status.st_mtime_ns
