"""The small form of `python -m tests.benchmarks.soak`, and the long one. Each of its troubles has tests that always run."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it finds processes as Linux does")


def soak(folder, timeout, **options):
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    line = [sys.executable, "-m", "tests.benchmarks.soak", "--folder", str(folder / "soak"), *words]
    done = subprocess.run(line, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_small_soak_leaves_exactly_the_records_of_the_plan(tmp_path):
    small = {"trials": 10, "studies": 1, "hostile": 2, "workers": 1, "kills": 1, "between": 3, "hog": 300, "executor": "child"}
    said = soak(tmp_path, 850, **small)
    assert "10 trials" in said and "kills: 1 of the command" in said


@pytest.mark.slow
@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize("executor", ["child", "ray"])
def test_a_long_soak_does_too(tmp_path, executor):
    said = soak(tmp_path, 4 * 3600, executor=executor)
    assert "2000 trials" in said
