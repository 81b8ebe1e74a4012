"""Finds the logs in LOGDIR/SUBMISSION/study_N/WORKLOAD/trial_M, and says what of the tree cannot be read."""

from __future__ import annotations

import filecmp
import re
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

from harness.compat.log_notes import printable

EVALUATIONS, MEASUREMENTS = "eval_measurements.csv", "measurements.csv"
NAMES = (EVALUATIONS, f"{EVALUATIONS}.gz", MEASUREMENTS, f"{MEASUREMENTS}.gz")
"""Names of a log, the preferred one first. AlgoPerf writes evaluations into both files, and training steps into the second."""

EXPECTED = f"SUBMISSION/study_N/WORKLOAD/trial_M/{EVALUATIONS}"
FRAMEWORKS = ("_jax", "_pytorch")
NO_SUBMISSIONS = ("__pycache__", "__MACOSX")


@dataclass(frozen=True)
class LogFile:
    """A trial of the tree.

    Attributes:
        submission, study, label, trial: which one.
        file: its log; None if its directory contains none.
        other: a second log of the same trial with other content, so that neither counts.
    """

    submission: str
    study: int
    label: str
    trial: int
    file: Path | None
    other: Path | None = None

    @property
    def key(self) -> tuple[str, int, str, int]:
        """What identifies the trial."""
        return self.submission, self.study, self.label, self.trial

    @property
    def cell(self) -> tuple[str, int, str]:
        """The study that it belongs to."""
        return self.key[:3]


@dataclass
class LogTree:
    """The trials of a directory of logs.

    Attributes:
        directory: contains a directory per submission.
        known: names of workloads, to recognise one in another case.
        logs: the trials of the studies of which at least one has a log, in a fixed order.
        empty: the other studies of submissions that have logs.
        notes: sentences on what was not read.
    """

    directory: Path
    known: Collection[str]
    logs: list[LogFile] = field(default_factory=list)
    empty: list[tuple[str, int, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def shown(self, path: Path) -> str:
        """Return how a path is named in notes: relative to the directory, on one line."""
        return printable(path.relative_to(self.directory))


def find_logs(directory: Path, known: Collection[str]) -> LogTree:
    """Return the trials of a directory of logs; `LogTree` says what the arguments are.

    Names of directories are read in any case, with ``_``, ``-``, a space or nothing before the number.
    """
    tree = LogTree(directory, known)
    found: list[LogFile] = []
    for submission in _folders(tree, directory, tree.notes):
        if submission.name in NO_SUBMISSIONS:
            continue
        notes: list[str] = []
        own = list(_trials_of(tree, submission, notes))
        notes = list(dict.fromkeys(notes))
        if any(log.file for log in own):
            tree.notes += notes
        else:
            why = notes[0] if notes else f"it contains no {EXPECTED.removeprefix('SUBMISSION/')}"
            tree.notes.append(f"{tree.shown(submission)}: nothing of it was read: {why}")
        found += own
    trials = _one_per_trial(tree, found)
    has_log = {log.cell for log in trials if log.file is not None}
    tree.logs = [log for log in trials if log.cell in has_log]
    read = {submission for submission, _, _ in has_log}
    tree.empty = sorted(cell for cell in {log.cell for log in trials} - has_log if cell[0] in read)
    return tree


def _trials_of(tree: LogTree, submission: Path, notes: list[str]) -> Iterator[LogFile]:
    for study in _folders(tree, submission, notes):
        number = _number(study.name, "study")
        if number is None:
            notes.append(f"{tree.shown(study)} is not named study_N, so it was not read")
            continue
        for workload in _folders(tree, study, notes):
            if _number(workload.name, "trial") is not None:
                notes.append(f"{tree.shown(workload)} is in no directory of a workload, so it was not read")
                continue
            label = printable(_label(workload.name, tree.known))
            for trial, folder in _trial_folders(tree, workload, notes):
                yield LogFile(printable(submission.name), number, label, trial, _log_in(tree, folder, notes))


def _trial_folders(tree: LogTree, workload: Path, notes: list[str]) -> Iterator[tuple[int, Path]]:
    folders = _folders(tree, workload, notes)
    here = _log_in(tree, workload, notes) is not None
    if not folders and here:
        # The directory of a self-tuning study may contain the log of its only trial directly.
        yield 1, workload
        return
    if here:
        notes.append(f"{tree.shown(workload)}: a log lies beside the directories of the trials, so it was not read")
    for folder in folders:
        trial = _number(folder.name, "trial")
        if trial is None:
            notes.append(f"{tree.shown(folder)} is not named trial_N, so it was not read")
        else:
            yield trial, folder


def _log_in(tree: LogTree, folder: Path, notes: list[str]) -> Path | None:
    """Return the log in a trial's directory, or None; what has the name of a log and is no file is noted, and never opened."""
    for name in NAMES:
        path = folder / name
        try:
            if stat.S_ISREG(path.stat().st_mode):
                return path
            notes.append(f"{tree.shown(path)} is not a regular file, so it was not read")
        except OSError as error:
            if not isinstance(error, FileNotFoundError) or path.is_symlink():
                notes.append(f"{tree.shown(path)} cannot be read ({error.strerror})")
    return None


def _folders(tree: LogTree, directory: Path, notes: list[str]) -> list[Path]:
    """Return the directories in a directory; what cannot be read is noted."""
    try:
        entries = sorted(path for path in directory.iterdir() if not path.name.startswith("."))
    except OSError as error:
        notes.append(f"{tree.shown(directory)} cannot be read ({error.strerror})")
        return []
    folders = []
    for path in entries:
        try:
            if stat.S_ISDIR(path.stat().st_mode):
                folders.append(path)
        except OSError as error:
            notes.append(f"{tree.shown(path)} cannot be read ({error.strerror})")
    return folders


def _number(name: str, what: str) -> int | None:
    match = re.fullmatch(rf"{what}[-_ ]?([0-9]{{1,9}})", name, re.IGNORECASE)
    return int(match.group(1)) if match else None


def _label(name: str, known: Collection[str]) -> str:
    """Return the workload of a directory's name, in the case of the known ones."""
    for framework in FRAMEWORKS:
        if name.lower().endswith(framework):
            name = name[: -len(framework)]
    return name.lower() if name not in known and name.lower() in known else name


def _one_per_trial(tree: LogTree, logs: list[LogFile]) -> list[LogFile]:
    """Return one entry per trial: of two logs with the same content the first; with other content, neither counts."""
    result = []
    for _, same in groupby(sorted(logs, key=lambda log: (*log.key, str(log.file))), key=lambda log: log.key):
        entries = list(same)
        read = [log for log in entries if log.file is not None]
        first = read[0] if read else entries[0]
        for log in read[1:]:
            if first.file is None or log.file is None or first.other is not None:
                continue
            if _equal(first.file, log.file):
                tree.notes.append(f"{tree.shown(log.file)} has the content of {tree.shown(first.file)}, which was read")
            else:
                first = replace(first, other=log.file)
        result.append(first)
    return result


def _equal(a: Path, b: Path) -> bool:
    try:
        return filecmp.cmp(a, b, shallow=False)
    except OSError:
        return False
