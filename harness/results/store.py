"""TrialRecords on disk: write, read, merge by copying, verify."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from harness.records import ARTEFACT_LIMIT, Artefact, TrialRecord, TrialSpec, plain, stable_hash
from harness.results.files import write_atomically
from harness.results.packed import Packed, packed_names, read_packed


@dataclass(frozen=True)
class RunNote:
    """What a run sets out to do: `results/runs/*.json`. It tells a board which records are current and which are missing.

    Attributes:
        track, suite: of the board.
        trials: {trial id: (submission, workload label, study)}.
        hashes: {submission or workload label: content hash}; under the key "SUBMISSION on LABEL", a workload's hash where one
            run has two of them (with and without the reference recipe).
        skipped: {workload label: reason}.
        created: ISO 8601, UTC.
        workloads: base workloads that must be on the board even without a trial (imported logs).
        pair: the two submissions of ``--until-separable``, whose studies are on no board; empty for a board's run.
        pruned_by: what was allowed to stop trials in addition to the safe rules: "score-only", "forecast".
    """

    track: str
    suite: str
    trials: Mapping[str, tuple[str, str, int]]
    hashes: Mapping[str, str]
    skipped: Mapping[str, str] = field(default_factory=dict)
    created: str = ""
    workloads: tuple[str, ...] = ()
    pair: tuple[str, ...] = ()
    pruned_by: tuple[str, ...] = ()

    def versions(self, submission: str, label: str) -> tuple[str, str]:
        """Return the content hashes of a submission and of the workload that its trials ran on."""
        own = _workload_under(submission, label)
        return self.hashes[submission], self.hashes[own if own in self.hashes else label]


def planned_trials(specs: Iterable[TrialSpec]) -> tuple[dict[str, tuple[str, str, int]], dict[str, str]]:
    """Return `RunNote.trials` and `RunNote.hashes` of trials."""
    specs = list(specs)
    trials = {spec.id: spec.cell for spec in specs}
    hashes = {spec.submission: spec.submission_hash for spec in specs}
    first: dict[str, str] = {}
    for spec in specs:
        if first.setdefault(spec.workload_label, spec.workload_hash) != spec.workload_hash:
            hashes[_workload_under(spec.submission, spec.workload_label)] = spec.workload_hash
    return trials, hashes | first


def _workload_under(submission: str, label: str) -> str:
    return f"{submission} on {label}"


class ResultStore:
    """A results directory.

    It holds `trials/WORKLOAD/SUBMISSION/studyJ-trialK-ID.json` (a record per file), `trials/WORKLOAD/compact-*.parquet`
    (compacted records), `artefacts/WORKLOAD/SUBMISSION/studyJ-trialK-ID-NAME` and `runs/*.json`. A trial's single file
    takes precedence over its row in a Parquet file, because it is newer.
    """

    def __init__(self, directory: Path | str) -> None:
        self.directory = Path(directory)
        self.damaged: dict[Path, str] = {}
        self._packed: dict[Path, Packed] = {}

    def path(self, spec: TrialSpec, name: str = "") -> Path:
        """Return where the record of a trial lies; `name` is the trial's id where that is known (it takes a hash)."""
        return self.directory / "trials" / _folder(spec) / f"{_stem(spec, name)}.json"

    def artefact_path(self, spec: TrialSpec, artefact: str, name: str = "") -> Path:
        """Return where an artefact of a trial lies; `name` is the trial's id where that is known."""
        return self.directory / "artefacts" / _folder(spec) / f"{_stem(spec, name)}-{artefact}"

    def write(self, record: TrialRecord, artefacts: Sequence[Artefact] = ()) -> Path:
        """Write a record and its artefacts; those of an earlier record of the same trial are replaced.

        Artefacts are written first, so that a kill at any moment leaves no record that names a file which is not there.

        Returns:
            The record's file.

        Raises:
            ValueError: there are more than `ARTEFACT_LIMIT` artefacts, or two of one name; nothing is written.
            OSError: the disk is full, or the directory cannot be written; the earlier record is untouched.
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
        """Remove the artefacts that an earlier record of a trial named and the present one does not."""
        prefix = f"{_stem(spec, trial)}-"
        for path in (self.directory / "artefacts" / _folder(spec)).glob(f"{prefix}*"):
            if path.name.removeprefix(prefix) not in names:
                path.unlink(missing_ok=True)

    def where(self, spec: TrialSpec, name: str = "") -> Path:
        """Return the file that holds the record of a trial (its id, if known): its own, or the Parquet file it was put into."""
        name = name or spec.id
        path = self.path(spec, name)
        packed = self.packed(path.parent.parent).records.get(name)
        return packed[1] if packed is not None and not path.exists() else path

    def read(self, spec: TrialSpec) -> TrialRecord | None:
        """Return the record of a trial, or None; a damaged file is set aside under another name."""
        name = spec.id
        path = self.path(spec, name)
        try:
            return read_record(path)
        except FileNotFoundError:
            pass
        except (ValueError, KeyError, TypeError) as error:
            self.damaged[path] = str(error)
            path.replace(path.with_suffix(".json.damaged"))
        packed = self.packed(path.parent.parent, set_aside=True).records.get(name)
        return packed[0] if packed is not None else None

    def records(self) -> Iterator[TrialRecord]:
        """Yield all sound records in a fixed order; damaged ones are named in `damaged` and left where they are."""
        for folder in sorted(path for path in self.directory.glob("trials/*") if path.is_dir()):
            # Single files are listed first: one that is compacted from now on is in the Parquet files read after.
            single = set(folder.glob("*/*.json"))
            packed = self._placed(folder)
            for path in sorted(single | packed.keys()):
                try:
                    yield read_record(path) if path in single else packed[path]
                except (ValueError, KeyError, TypeError, OSError) as error:
                    record = self._placed(folder).get(path)
                    if record is None or not isinstance(error, FileNotFoundError):
                        self.damaged[path] = str(error)
                    if record is not None:  # compacted meanwhile, or before: what a run takes, too
                        yield record

    def _placed(self, folder: Path) -> dict[Path, TrialRecord]:
        """Return a folder's compacted records by the place where their single files would lie."""
        return {self.path(record.spec, name): record for name, (record, _) in self.packed(folder).records.items()}

    def loose(self) -> int:
        """Return how many records have a file of their own."""
        return sum(1 for _ in self.directory.glob("trials/*/*/*.json"))

    def packed(self, folder: Path, *, set_aside: bool = False) -> Packed:
        """Return what the Parquet files of a workload's folder hold; damaged ones are named, or given another name."""
        known = self._packed.get(folder)
        if known is None or known.names != packed_names(folder) or (set_aside and known.damaged):
            known = self._packed[folder] = read_packed(folder, self.damaged, set_aside=set_aside)
        return known

    def write_run(self, note: RunNote) -> None:
        """Write down what a run sets out to do; the same plan again keeps one file."""
        content = {key: value for key, value in asdict(note).items() if key not in ("pair", "pruned_by") or value}
        name = stable_hash({key: value for key, value in content.items() if key != "created"})[:16]
        write_atomically(self.directory / "runs" / f"{name}.json", json.dumps(plain(content), indent=1))

    def runs(self) -> list[RunNote]:
        """Return all runs, the oldest first."""
        notes = []
        for path in sorted(self.directory.glob("runs/*.json")):
            try:
                value = json.loads(path.read_text(encoding="utf-8"))
                value["trials"] = {name: (where[0], where[1], int(where[2])) for name, where in value["trials"].items()}
                value["workloads"] = tuple(value.get("workloads", ()))
                value["pair"] = tuple(value.get("pair", ()))
                value["pruned_by"] = tuple(value.get("pruned_by", ()))
                notes.append(RunNote(**value))
            except (ValueError, KeyError, TypeError, OSError) as error:
                self.damaged[path] = str(error)
        return sorted(notes, key=lambda note: note.created)


def read_record(path: Path) -> TrialRecord:
    """Return the record in a file.

    Raises:
        OSError: it cannot be read.
        ValueError, KeyError, TypeError: it is no sound record.
    """
    return TrialRecord.from_json(json.loads(path.read_text(encoding="utf-8")))


def _folder(spec: TrialSpec) -> Path:
    """Return WORKLOAD/SUBMISSION as safe directory names."""
    return Path(_slug(spec.workload_label)) / _slug(spec.submission)


def _stem(spec: TrialSpec, name: str = "") -> str:
    """Return how the names of a trial's files begin; `name` is the trial's id where that is known (it takes a hash)."""
    return f"study{spec.study}-trial{spec.trial}-{name or spec.id}"


def _slug(name: str) -> str:
    """Return a safe directory name, unique to `name`."""
    safe = re.sub(r"[^A-Za-z0-9_+.-]", "_", name).strip(".")[:60]
    return safe if safe == name else f"{safe}~{stable_hash(name)[:8]}"
