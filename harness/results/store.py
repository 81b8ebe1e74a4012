"""A results directory: writes and reads records, artefacts and run notes; names damaged files."""

from __future__ import annotations

import glob
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from harness.canonical import json_lines, stable_hash
from harness.records import ARTEFACT_LIMIT, Artefact, TrialRecord, TrialSpec, cut_reason
from harness.results.atomic_files import write_atomically
from harness.results.compacted import Compacted, compacted_names, read_compacted
from harness.results.listing import Listing, check_inside
from harness.results.regular_files import read_json, reason_of, set_aside
from harness.results.run_notes import RunNote


class ResultStore:
    """A results directory.

    It holds `trials/WORKLOAD/SUBMISSION/studyJ-trialK-ID.json` (one record per file), `trials/WORKLOAD/compact-*.parquet`
    (compacted records), `artefacts/WORKLOAD/SUBMISSION/studyJ-trialK-ID-NAME` and `runs/*.json`. A trial's single file
    takes precedence over its row in a Parquet file, because it is newer.

    Anybody may have put files there: links are not followed, and what is not a record or a note of bounded size is left out.

    Attributes:
        directory: its path; it need not exist yet.
        damaged: {file, or "file#id" of a row of a Parquet file: reason} of everything that could not be read so far.
        listing: which files are records and notes.
        unread: tracks whose records are not read, where a caller needs few of many.
    """

    def __init__(self, directory: Path | str, unread: Sequence[str] = ()) -> None:
        self.directory = Path(directory)
        self.unread = tuple(unread)
        self.damaged: dict[Path, str] = {}
        self.listing = Listing(self.directory, self.damaged)
        self._compacted: dict[Path, Compacted] = {}

    def path(self, spec: TrialSpec, trial: str = "") -> Path:
        """Return the path of a trial's single file.

        Args:
            spec: of the trial.
            trial: its id, if the caller knows it; otherwise it is computed, which takes a hash.
        """
        return self.directory / "trials" / _folder(spec) / f"{_stem(spec, trial)}.json"

    def artefact_path(self, spec: TrialSpec, artefact: str, trial: str = "") -> Path:
        """Return the path of a trial's artefact, by the artefact's name; `trial` as for `path`."""
        return self.directory / "artefacts" / _folder(spec) / f"{_stem(spec, trial)}-{artefact}"

    def write(self, record: TrialRecord, artefacts: Sequence[Artefact] = ()) -> Path:
        """Write a record and its artefacts; they replace an earlier record of the same trial and its artefacts.

        Artefacts are written first, so that no kill leaves a record that names a missing file.

        Returns:
            The record's file.

        Raises:
            ValueError: there are more than `ARTEFACT_LIMIT` artefacts, or two with the same name; nothing is written.
            BadInput: a folder on the way is a symbolic link; nothing is written.
            OSError: the disk is full, or the directory cannot be written; the earlier record is unchanged.
        """
        names = tuple(artefact.name for artefact in artefacts)
        if len(names) > ARTEFACT_LIMIT or len(set(names)) < len(names):
            raise ValueError(f"a trial has at most {ARTEFACT_LIMIT} artefacts, each with a name of its own, not {names}")
        trial = record.spec.id
        path = self.path(record.spec, trial)
        check_inside(self.directory, path)
        check_inside(self.directory, self.artefact_path(record.spec, "", trial))
        for artefact in artefacts:
            write_atomically(self.artefact_path(record.spec, artefact.name, trial), artefact.content)
        content = replace(record, artefacts=names, reason=cut_reason(record.reason)).to_json()
        write_atomically(path, json.dumps(content, separators=(",", ":"), allow_nan=False))
        self._remove_other_artefacts(record.spec, trial, names)
        return path

    def remove_unfinished(self, spec: TrialSpec) -> None:
        """Remove what a killed run left of writing a trial's record and artefacts; no living run may be writing them."""
        stem = glob.escape(_stem(spec, ""))
        for folder in ("trials", "artefacts"):
            for path in (self.directory / folder / _folder(spec)).glob(f".{stem}*.tmp"):
                with suppress(OSError):
                    path.unlink()

    def _remove_other_artefacts(self, spec: TrialSpec, trial: str, names: Sequence[str]) -> None:
        """Remove the artefacts of an earlier record of a trial that the present one does not name."""
        prefix = f"{_stem(spec, trial)}-"
        for path in (self.directory / "artefacts" / _folder(spec)).glob(f"{prefix}*"):
            if path.name.removeprefix(prefix) not in names:
                path.unlink(missing_ok=True)

    def file_of(self, spec: TrialSpec, trial: str = "") -> Path:
        """Return the file that holds a trial's record: a Parquet file, or its single file, which need not exist.

        `trial` as for `path`.
        """
        trial = trial or spec.id
        path = self.path(spec, trial)
        compacted = self.compacted(path.parent.parent).records.get(trial)
        return compacted[1] if compacted is not None and not path.exists() else path

    def read(self, spec: TrialSpec) -> TrialRecord | None:
        """Return the record of a trial, or None; a damaged file is renamed, so that its trial counts as not run.

        Raises:
            BadInput: a folder on the way is a symbolic link.
            OSError: a file cannot be read now, for a reason that need not be its own.
        """
        trial = spec.id
        path = self.path(spec, trial)
        check_inside(self.directory, path)
        try:
            return record_named(path)
        except FileNotFoundError:
            pass
        except (ValueError, PermissionError) as error:
            self.damaged[path] = f"{reason_of(error)}; it is set aside as {set_aside(path)}"
        compacted = self.compacted(path.parent.parent, set_aside=True).records.get(trial)
        return compacted[0] if compacted is not None else None

    def records(self) -> Iterator[TrialRecord]:
        """Yield all readable records, but those of `unread` tracks, in a fixed order.

        Damaged ones are added to `damaged` and left where they are.

        A trial that a second file holds, too, is yielded once, from the first file.
        """
        seen: dict[str, Path] = {}
        for path, record in self._all_records():
            if record.spec.track in self.unread:
                continue
            first = seen.setdefault(record.spec.id, path)
            if first == path:
                yield record
            else:
                self.damaged[path] = f"it holds the same trial as {first}"

    def _all_records(self) -> Iterator[tuple[Path, TrialRecord]]:
        """Yield the path of every trial's single file, whether or not it is compacted, and its record."""
        for folder in self.listing.workload_folders():
            # Single files are listed first: one that is compacted from now on is in the Parquet files, which are read later.
            single = set(self.listing.record_files(folder))
            compacted = self._by_single_path(folder)
            for path in sorted(single | compacted.keys()):
                try:
                    yield path, record_named(path) if path in single else compacted[path]
                except (ValueError, OSError) as error:
                    record = self._by_single_path(folder).get(path)
                    if record is None or not isinstance(error, FileNotFoundError):
                        self.damaged[path] = reason_of(error)
                    if record is not None:  # it is compacted too, and a run would read it from there
                        yield path, record

    def _by_single_path(self, folder: Path) -> dict[Path, TrialRecord]:
        """Return a folder's compacted records, keyed by the paths that their single files would have."""
        return {self.path(record.spec, trial): record for trial, (record, _) in self.compacted(folder).records.items()}

    def single_files(self) -> int:
        """Return how many records have a file of their own."""
        return sum(len(self.listing.record_files(folder)) for folder in self.listing.workload_folders())

    def compacted(self, folder: Path, *, set_aside: bool = False) -> Compacted:
        """Return the contents of the Parquet files of a workload's folder; with `set_aside`, damaged files are renamed."""
        known = self._compacted.get(folder)
        if known is None or known.names != compacted_names(folder) or (set_aside and known.damaged):
            known = read_compacted(folder, self.damaged, set_aside=set_aside, unread=self.unread)
            self._compacted[folder] = known
        return known

    def write_run(self, note: RunNote) -> None:
        """Write what a run sets out to do; a run of the same plan overwrites the note of the earlier one.

        Raises:
            BadInput: the folder of the notes is a symbolic link.
            OSError: the disk is full, or the directory cannot be written.
        """
        path = self.directory / "runs" / f"{note.name}.json"
        check_inside(self.directory, path)
        write_atomically(path, json_lines(note.to_json(), 2))

    def runs(self) -> list[RunNote]:
        """Return the notes of all runs, the oldest first; damaged ones are added to `damaged`."""
        notes = []
        for path in self.listing.note_files():
            try:
                notes.append(RunNote.from_json(read_json(path)))
            except (ValueError, OSError) as error:
                self.damaged[path] = reason_of(error)
        return sorted(notes, key=lambda note: note.created)


def read_record(path: Path) -> TrialRecord:
    """Return the record in a regular file of at most 16 MiB; a link is not followed.

    Raises:
        OSError: it cannot be read.
        ValueError: it does not hold an undamaged record.
    """
    return TrialRecord.from_json(read_json(path))


def record_named(path: Path) -> TrialRecord:
    """Return the record in a file that has the name of its trial.

    Raises:
        OSError: it cannot be read.
        ValueError: it does not hold an undamaged record of this trial.
    """
    record = read_record(path)
    if path.name != (name := f"{_stem(record.spec)}.json"):
        raise ValueError(f"it holds the record of another trial, {name}")
    return record


def _folder(spec: TrialSpec) -> Path:
    """Return WORKLOAD/SUBMISSION as safe directory names."""
    return Path(_safe_name(spec.workload_label)) / _safe_name(spec.submission)


def _stem(spec: TrialSpec, trial: str = "") -> str:
    """Return how the names of a trial's files begin; `trial` is its id, if the caller knows it."""
    return f"study{spec.study}-trial{spec.trial}-{trial or spec.id}"


def _safe_name(name: str) -> str:
    """Return a safe directory name that no other `name` has."""
    safe = re.sub(r"[^A-Za-z0-9_+.-]", "_", name).strip(".")[:60]
    return safe if safe == name else f"{safe}~{stable_hash(name)[:8]}"
