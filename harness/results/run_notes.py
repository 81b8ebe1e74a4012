"""What runs set out to do, written beside their records."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from harness.canonical import plain, stable_hash
from harness.records import TrialSpec
from harness.schemas import NoteJson, check

NAMED = 5
"""Submissions that `RunNote.command` names."""


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
        pruned_by: what was allowed to stop trials in addition to the safe rules: "score-only".
        suite_workloads: all workloads of the suite, so that a board over fewer can say so.
        left_out: {machine of a cluster: why it ran no more trials}; not part of the name.
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
    suite_workloads: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """A hash of what was planned: the same plan again has the same name."""
        return stable_hash({key: value for key, value in self._content().items() if key not in ("created", "left_out")})[:16]

    def versions(self, submission: str, label: str) -> tuple[str, str]:
        """Return the content hashes of a submission and of the workload that its trials ran on."""
        own = _workload_under(submission, label)
        return self.hashes[submission], self.hashes[own if own in self.hashes else label]

    def command(self, directory: Path | str) -> str:
        """Return the command of the run as far as the note tells, with at most five submissions."""
        names = sorted({submission for submission, _, _ in self.trials.values()})
        words = ["timetrial", "run", "--suite", self.suite, "--track", self.track, "--results", str(directory)]
        for name in names[:NAMED]:
            words += ["-s", name]
        return shlex.join(words) + (" ..." if len(names) > NAMED else "")

    def to_json(self) -> dict[str, Any]:
        """Return the note as JSON types."""
        value: dict[str, Any] = plain(self._content())
        return value

    def _content(self) -> dict[str, Any]:
        """Return the fields; later ones only where they are set, so that the names of older notes stay."""
        later = ("pair", "pruned_by", "suite_workloads", "left_out")
        return {key: value for key, value in asdict(self).items() if key not in later or value}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> RunNote:
        """Return the note that `to_json` wrote; unknown keys are ignored.

        Raises:
            ValueError: it is none.
        """
        check(value, NoteJson)
        known = {f.name: value[f.name] for f in fields(cls) if f.name in value}
        lists = {key: tuple(value.get(key, ())) for key in ("workloads", "pair", "pruned_by", "suite_workloads")}
        trials = {trial: (submission, label, study) for trial, (submission, label, study) in value["trials"].items()}
        note = cls(**{**known, **lists, "trials": trials})
        try:
            for submission, label in {(submission, label) for submission, label, _ in trials.values()}:
                note.versions(submission, label)
        except KeyError as error:
            raise ValueError(f"hashes: there is none of {error.args[0]}") from None
        return note


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
