"""TrialRecords on disk: write, read, merge by copying, verify."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from harness.records import TrialRecord, TrialSpec, plain, stable_hash
from harness.results.columns import read_table
from harness.results.files import write_atomically


@dataclass(frozen=True)
class RunNote:
    """What a run set out to do: `results/runs/*.json`. It tells a board which records are current and which are missing.

    Attributes:
        track, suite: of the board.
        trials: {trial id: [submission, workload label, study]}.
        hashes: {submission or workload label: content hash}.
        skipped: {workload label: reason}.
        created: ISO 8601, UTC.
        workloads: base workloads that must be on the board even without a trial (imported logs).
        pair: the two submissions of ``--until-separable``, whose studies serve them only; empty for a board's run.
        pruned_by: what was allowed to stop trials beside the safe rules: "score-only", "forecast".
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


class ResultStore:
    """A results directory: `trials/WORKLOAD/SUBMISSION/*.json`, `trials/WORKLOAD/compact-*.parquet` and `runs/*.json`.

    A trial's single file counts before what a Parquet file says of it: it is newer.
    """

    def __init__(self, directory: Path | str) -> None:
        self.directory = Path(directory)
        self.damaged: dict[Path, str] = {}
        self._packed: dict[Path, tuple[int, dict[str, tuple[TrialRecord, Path]]]] = {}

    def path(self, spec: TrialSpec) -> Path:
        """Return where the record of a trial lies."""
        name = f"study{spec.study}-trial{spec.trial}-{spec.id}.json"
        return self.directory / "trials" / _slug(spec.workload_label) / _slug(spec.submission) / name

    def write(self, record: TrialRecord) -> Path:
        """Write a record; an earlier one of the same trial is replaced."""
        path = self.path(record.spec)
        write_atomically(path, json.dumps(record.to_json(), separators=(",", ":"), allow_nan=False))
        return path

    def where(self, spec: TrialSpec) -> Path:
        """Return the file that holds the record of a trial: its own, or the Parquet file that it was put into."""
        path = self.path(spec)
        packed = self._folder(path.parent.parent).get(spec.id)
        return packed[1] if packed is not None and not path.exists() else path

    def read(self, spec: TrialSpec) -> TrialRecord | None:
        """Return the record of a trial, or None; a damaged file is set aside under another name."""
        path = self.path(spec)
        try:
            return read_record(path)
        except FileNotFoundError:
            pass
        except (ValueError, KeyError, TypeError) as error:
            self.damaged[path] = str(error)
            path.replace(path.with_suffix(".json.damaged"))
        packed = self._folder(path.parent.parent, set_aside=True).get(spec.id)
        return packed[0] if packed is not None else None

    def records(self) -> Iterator[TrialRecord]:
        """Yield all sound records in a fixed order; damaged ones are named in `damaged` and left where they are."""
        for folder in sorted(path for path in self.directory.glob("trials/*") if path.is_dir()):
            found: dict[Path, TrialRecord | None] = {self.path(r.spec): r for r, _ in self.packed(folder)}
            found |= dict.fromkeys(folder.glob("*/*.json"))
            for path, packed in sorted(found.items(), key=lambda item: item[0]):
                try:
                    yield packed or read_record(path)
                except (ValueError, KeyError, TypeError, OSError) as error:
                    self.damaged[path] = str(error)

    def loose(self) -> int:
        """Return how many records have a file of their own."""
        return sum(1 for _ in self.directory.glob("trials/*/*/*.json"))

    def packed(self, folder: Path) -> Iterator[tuple[TrialRecord, Path]]:
        """Yield the records in the Parquet files of a workload's folder, each with its file; damaged ones are named."""
        yield from self._folder(folder).values()

    def forget(self) -> None:
        """Read Parquet files again when next asked: they have changed."""
        self._packed.clear()

    def _folder(self, folder: Path, *, set_aside: bool = False) -> dict[str, tuple[TrialRecord, Path]]:
        """Return {trial id: (record, file)} of a folder's Parquet files, the latest record of each trial."""
        if not folder.is_dir():
            return {}
        changed = folder.stat().st_mtime_ns
        known = self._packed.get(folder)
        if known is not None and known[0] == changed:
            return known[1]
        found: dict[str, tuple[TrialRecord, Path]] = {}
        for path in sorted(folder.glob("compact-*.parquet")):
            try:
                self._take(read_table(path), path, found)
            except (ValueError, KeyError, TypeError, OSError) as error:
                self.damaged[path] = str(error)
                if set_aside:
                    path.replace(path.with_suffix(".parquet.damaged"))
        self._packed[folder] = (changed, found)
        return found

    def _take(self, bodies: Iterator[dict[str, Any]], path: Path, into: dict[str, tuple[TrialRecord, Path]]) -> None:
        """Add the sound records among `bodies`; name the others by the place where their single file would lie."""
        for body in bodies:
            try:
                record = TrialRecord.from_json(body)
            except (ValueError, KeyError, TypeError) as error:
                self.damaged[path.with_name(f"{path.name}#{body.get('id')}")] = str(error)
                continue
            known = into.get(record.spec.id)
            if known is None or known[0].created <= record.created:
                into[record.spec.id] = (record, path)

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


def _slug(name: str) -> str:
    """Return a safe directory name, unique to `name`."""
    safe = re.sub(r"[^A-Za-z0-9_+.-]", "_", name).strip(".")[:60]
    return safe if safe == name else f"{safe}~{stable_hash(name)[:8]}"
