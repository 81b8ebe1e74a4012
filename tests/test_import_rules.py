"""The import rules in pyproject.toml bind: a module that breaks one makes `lint-imports` fail, and the linter names it.

That the packages as they are keep every rule is what `make lint` checks.
"""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("harness", "timetrial", "workloads", "submissions", "analyses")

BREAKING = {
    "harness/pruning/imports_cli.py": "import harness.cli.app",
    "harness/targets/imports_cli.py": "from harness.cli import app",
    "harness/contracts/imports_records.py": "from harness.records import TrialSpec",
    "harness/results/imports_registry.py": "def later():\n    from harness.registry import find_submission",
    "harness/report/views/imports_text.py": "from harness.report.text import latex",
    "harness/scoring/imports_torch.py": "import torch",
    "harness/extra/__init__.py": "",
    "submissions/schedules/imports_judging.py": "from harness.trial.judging import Judge",
    "workloads/imports_records.py": "import harness.records",
}
"""Modules to add, each against a rule of its own."""


def linted(folder: Path, modules: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Return the outcome of `lint-imports` on a copy of the packages with `modules` added."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=lambda at, names: [n for n in names if _is_data(at, n)])
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name, code in modules.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(code + "\n")
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run([sys.executable, "-c", code, "--no-cache"], cwd=folder, capture_output=True, text=True)


def _is_data(folder: str, name: str) -> bool:
    return not (name.endswith(".py") or (Path(folder) / name).is_dir()) or name == "__pycache__"


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> str:
    done = linted(tmp_path_factory.mktemp("broken"), BREAKING)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("path", BREAKING)
def test_a_module_that_breaks_an_import_rule_fails_the_linter(report, path):
    module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    assert f"{module} -> " in report or f"- {module}" in report, report


def test_plug_ins_are_forbidden_every_module_inside_harness():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    forbidden = next(c for c in contracts if c["type"] == "forbidden" and c["source_modules"] == ["workloads", "submissions"])
    inside = {path.stem for path in (ROOT / "harness").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert {f"harness.{name}" for name in inside - {"__init__"}} == set(forbidden["forbidden_modules"])
