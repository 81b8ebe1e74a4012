"""A results directory of honest and dishonest submissions, recorded once, and its audit."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.checking import Audit, Chosen, Finding
from harness.cli.running.audit_machine import Processes
from harness.execution.settings import Settings
from harness.records import TrialRecord
from harness.results import ResultStore
from tests.execution.commands import timetrial
from tests.made_once import made_once
from workloads.data import data_directory

FILES = Path(__file__).parent / "plugins"
SUBMISSIONS = tuple(sorted(path.stem for path in FILES.glob("*.py")))


@dataclass
class Place:
    """A working directory with plug-ins in ./submissions and records in ./results."""

    folder: Path
    machine: Processes

    @property
    def store(self) -> ResultStore:
        return ResultStore(self.folder / "results")

    def records(self, *names: str) -> list[TrialRecord]:
        return [record for record in self.store.records() if not names or record.spec.submission in names]

    def audit(self, *names: str, count: int | None = None, limit: float | None = None) -> tuple[Chosen, list[Finding]]:
        """Return what an audit chooses and finds of these submissions' records, or of all."""
        audit = Audit(self.machine, limit=limit)
        chosen = audit.choose(self.records(*names), count, seed=0)
        return chosen, list(audit.findings(chosen.records))

    def only(self, name: str, **options: float) -> Finding:
        """Return the finding of a submission's only record."""
        chosen, found = self.audit(name, **options)
        (finding,) = [*chosen.findings, *found]
        return finding

    def tamper(self, name: str, edit: Callable[[TrialRecord], TrialRecord]) -> None:
        """Edit a submission's only record and seal it again."""
        (record,) = self.records(name)
        self.store.path(record.spec).unlink()
        self.store.write(edit(record))


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "audited", record)  # the paths in the records are those of another machine then


def record(folder: Path) -> None:
    """Run the submissions of `FILES` and an honest one in a folder."""
    shutil.copytree(FILES, folder / "submissions")
    names = [option for name in (*SUBMISSIONS, "adamw+cosine") for option in ("-s", name)]
    run = ("run", "--suite", "smoke", "--track", "self-tuning", "--studies", 1, "--executor", "inline", *names)
    done = timetrial(*run, cwd=folder, writes_board=False)
    assert done.returncode == 1 and "failed: breaks" in done.stdout, done.stdout + done.stderr


@pytest.fixture
def place(recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A copy that a test may change."""
    folder = tmp_path / "place"
    shutil.copytree(recorded, folder)
    monkeypatch.chdir(folder)
    machine = Processes(Settings("inline", data_directory()))
    yield Place(folder, machine)
    machine.close()
