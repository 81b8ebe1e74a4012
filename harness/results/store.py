"""A results directory: writes and reads records, artefacts and run notes; names damaged files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from harness.records import ARTEFACT_LIMIT, Artefact, TrialRecord, TrialSpec, stable_hash
from harness.results.atomic_files import write_atomically
from harness.results.compacted import Compacted, compacted_names, read_compacted
from harness.results.run_notes import RunNote


class ResultStore:
    """A results directory.

    It holds `trials/WORKLOAD/SUBMISSION/studyJ-trialK-ID.json` (one record per file), `trials/WORKLOAD/compact-*.parquet`
    (compacted records), `artefacts/WORKLOAD/SUBMISSION/studyJ-trialK-ID-NAME` and `runs/*.json`. A trial's single file
    takes precedence over its row in a Parquet file, because it is newer.

    Attributes:
        directory: its path; it need not exist yet.
        damaged: {file, or "file#id" of a row of a Parquet file: reason} of everything that could not be read so far.
    """

    def __init__(self, directory: Path | str) -> None:
        self.directory = Path(directory)
        self.damaged: dict[Path, str] = {}
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
            OSError: the disk is full, or the directory cannot be written; the earlier record is unchanged.
        """
        names = tuple(artefact.name for artefact in artefacts)
        if len(names) > ARTEFACT_LIMIT or len(set(names)) < len(names):
            raise ValueError(f"a trial has at most {ARTEFACT_LIMIT} artefacts, each with a name of its own, not {names}")
        trial = record.spec.id
        for artefact in artefacts:
            write_atomically(self.artefact_path(record.spec, artefact.name, trial), artefact.content)
        path = self.path(record.spec, trial)
        content = replace(record, artefacts=names).to_json()
        write_atomically(path, json.dumps(content, separators=(",", ":"), allow_nan=False))
        self._remove_other_artefacts(record.spec, trial, names)
        return path

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
        """Return the record of a trial, or None; a damaged file is renamed, so that its trial counts as not run."""
        trial = spec.id
        path = self.path(spec, trial)
        try:
            return read_record(path)
        except FileNotFoundError:
            pass
        except (ValueError, KeyError, TypeError) as error:
            self.damaged[path] = str(error)
            path.replace(path.with_suffix(".json.damaged"))
        compacted = self.compacted(path.parent.parent, set_aside=True).records.get(trial)
        return compacted[0] if compacted is not None else None

    def records(self) -> Iterator[TrialRecord]:
        """Yield all readable records in a fixed order; damaged ones are added to `damaged` and left where they are."""
        for folder in sorted(path for path in self.directory.glob("trials/*") if path.is_dir()):
            # Single files are listed first: one that is compacted from now on is in the Parquet files, which are read later.
            single = set(folder.glob("*/*.json"))
            compacted = self._by_single_path(folder)
            for path in sorted(single | compacted.keys()):
                try:
                    yield read_record(path) if path in single else compacted[path]
                except (ValueError, KeyError, TypeError, OSError) as error:
                    record = self._by_single_path(folder).get(path)
                    if record is None or not isinstance(error, FileNotFoundError):
                        self.damaged[path] = str(error)
                    if record is not None:  # it is compacted too, and a run would read it from there
                        yield record

    def _by_single_path(self, folder: Path) -> dict[Path, TrialRecord]:
        """Return a folder's compacted records, keyed by the paths that their single files would have."""
        return {self.path(record.spec, trial): record for trial, (record, _) in self.compacted(folder).records.items()}

    def single_files(self) -> int:
        """Return how many records have a file of their own."""
        return sum(1 for _ in self.directory.glob("trials/*/*/*.json"))

    def compacted(self, folder: Path, *, set_aside: bool = False) -> Compacted:
        """Return the contents of the Parquet files of a workload's folder; with `set_aside`, damaged files are renamed."""
        known = self._compacted.get(folder)
        if known is None or known.names != compacted_names(folder) or (set_aside and known.damaged):
            known = self._compacted[folder] = read_compacted(folder, self.damaged, set_aside=set_aside)
        return known

    def write_run(self, note: RunNote) -> None:
        """Write what a run sets out to do; a run of the same plan overwrites the note of the earlier one."""
        write_atomically(self.directory / "runs" / f"{note.name}.json", json.dumps(note.to_json(), indent=1))

    def runs(self) -> list[RunNote]:
        """Return the notes of all runs, the oldest first; damaged ones are added to `damaged`."""
        notes = []
        for path in sorted(self.directory.glob("runs/*.json")):
            try:
                notes.append(RunNote.from_json(json.loads(path.read_text(encoding="utf-8"))))
            except (ValueError, KeyError, TypeError, IndexError, AttributeError, OSError) as error:
                self.damaged[path] = str(error)
        return sorted(notes, key=lambda note: note.created)


def read_record(path: Path) -> TrialRecord:
    """Return the record in a file.

    Raises:
        OSError: it cannot be read.
        ValueError, KeyError, TypeError: it does not hold an undamaged record.
    """
    return TrialRecord.from_json(json.loads(path.read_text(encoding="utf-8")))


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
