"""The notebook and the scripts in examples/ run as they are, and `timetrial` is `harness` under its own name."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import harness
import timetrial
from tests.execution.forks import Forked, as_python

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "agg"}


def run(*arguments: object, cwd: Path) -> str:
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_forked(*arguments: object, cwd: Path) -> str:
    """Run a script, or a module, in a process that has imported the large libraries already: seconds less for each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MPLBACKEND", "agg")
        done = Forked(as_python, *map(str, arguments), cwd=cwd, err=True)
    out, err = done.communicate()
    assert done.returncode == 0, err
    return out


@pytest.mark.long
def test_the_notebook_runs_from_top_to_bottom(tmp_path):
    shown = run_forked("-m", "tests.notebook.cells", ROOT / "examples/first_race.ipynb", cwd=tmp_path)
    assert "<td>square</td>" in shown and "the whole page" in shown and "Compute saved" in shown
    assert list((tmp_path / "results/first_race/submissions").glob("*/square.py"))


@pytest.mark.long
def test_the_scripts_run_one_after_the_other(tmp_path):
    assert "heavy_ball+cosine" in run_forked(ROOT / "examples/race_an_optimizer.py", cwd=tmp_path)
    read = run_forked(ROOT / "examples/read_results.py", cwd=tmp_path)
    assert "heavy_ball+cosine" in read and "4 trials" in read
    assert len(pd.read_parquet(tmp_path / "results/optimizer/trials.parquet")) == 4
    assert len(pd.read_csv(tmp_path / "results/optimizer/board.csv")) == 2


def test_every_example_is_run_here():
    assert sorted(file.name for file in (ROOT / "examples").iterdir()) == [
        "first_race.ipynb",
        "race_an_optimizer.py",
        "read_results.py",
    ]


def test_timetrial_has_the_names_of_harness_and_no_others():
    assert dir(timetrial) == dir(harness) == sorted(timetrial.__all__)
    assert all(getattr(timetrial, name) is getattr(harness, name) for name in dir(harness))
    with pytest.raises(ImportError, match="cannot import name 'schedul' from 'timetrial'"):
        exec("from timetrial import schedul")


def test_python_m_timetrial_is_the_command_and_its_import_is_light(tmp_path):
    assert run("-m", "timetrial", "--version", cwd=tmp_path).startswith("timetrial ")
    loaded = "import sys, timetrial; print({'torch', 'pandas'} & set(sys.modules))"
    assert run("-c", loaded, cwd=tmp_path).strip() == "set()"
