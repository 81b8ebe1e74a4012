"""The public names of `harness` exist in one list, which Python reads when a name is used and type checkers read as imports."""

import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import harness
import harness.report
import harness.scoring

ROOT = Path(__file__).parents[2]
CONFIGURATION = """
[mypy]
strict = True
follow_imports = skip
[mypy-harness,harness.contracts.*]
follow_imports = normal
"""


def output_of(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_every_public_name_can_be_imported_and_star_import_brings_them_all():
    namespace: dict[str, object] = {}
    exec("from harness import *", namespace)
    assert set(harness.__all__) == set(dir(harness)) <= set(namespace)
    assert all(getattr(harness, name) is namespace[name] for name in harness.__all__)
    assert {"schedule", "optimizer", "TrainingAlgorithm", "Workload", "load_results"} <= set(harness.__all__)


def test_importing_harness_loads_no_public_name_and_a_name_loads_only_its_own_module():
    loaded = "print(*sorted(name for name in sys.modules if name.startswith('harness.') or name in ('torch', 'pandas')))"
    assert output_of(f"import sys, harness, harness; dir(harness); {loaded}") == "harness.first_use"
    after = output_of(f"import sys; from harness import schedule; {loaded}").split()
    assert "harness.contracts.schedules" in after and not {"torch", "pandas", "harness.results"} & set(after)


def test_a_name_that_does_not_exist_is_an_ordinary_import_error():
    code = "try:\n    from harness import schedul\nexcept ImportError as error:\n    print(error)"
    assert "cannot import name 'schedul' from 'harness'" in output_of(code)


def test_mypy_sees_the_types_of_the_public_names(tmp_path):
    (tmp_path / "mypy.ini").write_text(CONFIGURATION)
    names = ", ".join(name for name in harness.__all__ if name not in ("__version__", "load_results"))
    code = f"from harness import {names}\nreveal_type(schedule)\nreveal_type(Workload.label)\nfrom harness import schedul\n"
    (tmp_path / "plug_in.py").write_text(code)
    command = ["-m", "mypy", "--config-file", tmp_path / "mypy.ini", "--cache-dir", tmp_path / "cache", tmp_path / "plug_in.py"]
    done = subprocess.run([sys.executable, *map(str, command)], capture_output=True, text=True, cwd=ROOT)
    lines = [line.partition("plug_in.py:")[2] for line in done.stdout.splitlines()]
    assert len(lines) == 4, done.stdout
    assert "harness.contracts.schedules.Schedule" in lines[0] and lines[0].startswith("2:")
    assert "Any" not in lines[1] and lines[1].startswith("3:")
    assert lines[2].startswith('4: error: Module "harness" has no attribute "schedul"')


def test_report_and_scoring_load_only_what_is_used_of_them():
    loaded = "print(*sorted(name for name in sys.modules if name in ('pandas', 'scipy', 'seaborn', 'harness.report.write')))"
    assert output_of(f"import sys; from harness.report import words; from harness.scoring import rules; {loaded}") == ""
    for package in (harness.report, harness.scoring):
        assert all(hasattr(package, name) for name in package.__all__) and package.__all__ == dir(package)


@pytest.mark.parametrize("package", ["harness.report", "harness.scoring"])
def test_no_public_name_is_hidden_by_the_module_of_the_same_name(package):
    names = [name for name in dir(import_module(package)) if (ROOT / package.replace(".", "/") / f"{name}.py").exists()]
    assert names
    for name in names:
        assert inspect.isfunction(getattr(import_module(package), name)), name
        import_module(f"{package}.{name}")
        assert inspect.isfunction(getattr(import_module(package), name)), name
