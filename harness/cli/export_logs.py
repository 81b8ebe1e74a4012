"""`timetrial export csv|tensorboard`: the logs of recorded trials for other tools."""

from __future__ import annotations

import csv
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.contracts.errors import BadInput
from harness.records import TrialSpec
from harness.results import open_results
from harness.results.atomic_files import temporary_path
from harness.results.logs import LOSS, TrialLog, trial_logs
from harness.results.regular_files import reason_of

COLUMNS = ("workload", "submission", "study", "trial", "id", "series", "step", "examples", "value")

LONGEST = 100
"""Characters of a folder's name that a name of a record gets; the trial's id, which follows, tells the trials apart."""

TENSORBOARD = "tensorboard"
INSTALL = "pip install 'timetrial[tensorboard]'"


def export_logs(form: str, results: Path, out: Path | None) -> int:
    """Write the losses, learning rates and evaluations of all recorded trials; return the exit status.

    Args:
        form: a key of `FORMS`.
        results: directory of the records.
        out: a folder that does not exist yet, or was written by this; None stands for RESULTS/FORM.

    Raises:
        BadInput: there are no records, the folder holds something else or cannot be written, or a library is missing.
    """
    if form == TENSORBOARD:
        summary_writer()  # before anything is written
    store = open_results(results)
    folder = out or results / form
    if folder.exists() and not (folder / MARK).exists():
        raise BadInput(f"{folder} exists, and was not written by `timetrial export`: name another with --out, or remove it")
    logs = list(trial_logs(store))
    if not logs:
        raise BadInput(f"no records in '{results}': `timetrial run --results {results} --log-losses` makes some")
    _replace(folder, logs, FORMS[form])
    with_losses = sum(LOSS in log.series for log in logs)
    print(f"{folder}: {len(logs)} trials, {with_losses} of them with training losses")
    if with_losses < len(logs):
        print("trials keep their losses where they ran with --log-losses")
    if form == TENSORBOARD:
        print(f"next: tensorboard --logdir {folder}")
    return 0


MARK = ".timetrial-export"
"""File in a folder that an export has written."""


def _replace(folder: Path, logs: Sequence[TrialLog], write: Callable[[Iterable[TrialLog], Path], None]) -> None:
    """Write logs into a folder, in place of an earlier export, which stays where they cannot be written.

    Raises:
        BadInput: they cannot.
    """
    fresh = temporary_path(folder)
    try:
        fresh.mkdir(parents=True)
        (fresh / MARK).write_text("written by timetrial export, and replaced by its next call\n", encoding="utf-8")
        write(logs, fresh)
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
    except OSError as error:
        raise BadInput(
            f"{folder} cannot be written ({reason_of(error)}): free some space, or name another place with --out"
        ) from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def write_csv(logs: Iterable[TrialLog], folder: Path) -> None:
    """Write all series into one table, `logs.csv`, a row per point (`COLUMNS`)."""
    with (folder / "logs.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for log in logs:
            spec = log.record.spec
            trial = (spec.workload_label, spec.submission, spec.study, spec.trial, spec.id)
            for name, points in log.series.items():
                table.writerows((*trial, name, *point) for point in points)


def write_tensorboard(logs: Iterable[TrialLog], folder: Path) -> None:
    """Write a run per trial, WORKLOAD/SUBMISSION/studyJ-trialK-ID, by TensorBoard's own writer.

    Raises:
        BadInput: tensorboard is not installed.
        OSError: the files cannot be written.
    """
    writer_of = summary_writer()
    with _silent_threads():
        for log in logs:
            with writer_of(str(folder / run_name(log.record.spec))) as writer:
                for name, points in log.series.items():
                    for step, _, value in points:
                        writer.add_scalar(name, value, step)


@contextmanager
def _silent_threads() -> Iterator[None]:
    """Let no thread print the traceback of an OSError: TensorBoard's writer raises it once more where it is called."""
    hook = threading.excepthook

    def silent(raised: threading.ExceptHookArgs) -> None:
        if not issubclass(raised.exc_type, OSError):
            hook(raised)

    threading.excepthook = silent
    try:
        yield
    finally:
        threading.excepthook = hook


def summary_writer() -> Any:
    """Return the class that writes TensorBoard's files.

    Raises:
        BadInput: tensorboard is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise BadInput(f"tensorboard is not installed, which writes its own files: {INSTALL}") from None
    return SummaryWriter


def run_name(spec: TrialSpec) -> str:
    """Return the name of a trial's run, which is the path of its folder."""
    parts = (spec.workload_label, spec.submission)
    folders = ("".join(c if c.isalnum() or c in "._-+=" else "_" for c in part)[:LONGEST].lstrip(".") or "_" for part in parts)
    return "/".join((*folders, f"study{spec.study}-trial{spec.trial}-{spec.id[:8]}"))


FORMS: Mapping[str, Callable[[Iterable[TrialLog], Path], None]] = {"csv": write_csv, TENSORBOARD: write_tensorboard}
"""{name of a form: writes it}."""
