"""`timetrial check` says whether a submission runs; mistakes are in `bad_lines`."""

from contextlib import closing
from pathlib import Path

import pytest

from harness.checking.checks.table import CHECKS
from harness.cli.app import run_app
from harness.cli.running import plugin_checks
from harness.cli.running.plugin_checks import PluginChecks
from tests.compat.submissions.written import updating, written
from workloads.data import data_directory


def test_check_says_what_a_submission_did_and_what_it_lacks(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run_app(["check", written(tmp_path / "good", [{"x": 1}, {"x": 2}])]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "hyperparameters x" in lines[0] and lines[0].endswith("; 2 points")
    assert lines[-1].startswith("it runs; next: timetrial run -s algoperf:")
    assert lines[-1].endswith(" --track external --reference")
    assert lines[1].startswith("digits_mlp: 100 steps, 16 examples charged per step")
    assert [line.split(": ")[1] for line in lines[3:-1]] == [check.name for check in CHECKS]
    assert run_app(["check", written(tmp_path / "bad", update=updating("workload.nothing"))]) == 1
    out = capsys.readouterr().out
    assert "workload.nothing, which is not there" in out and out.endswith("it does not run\n")
    assert {path.name for path in tmp_path.iterdir()} == {"good", "bad"}


def test_check_tries_a_name_or_a_file_and_looks_at_what_a_schedule_returns(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = (
        "from harness import schedule\n@schedule\ndef mine(step, horizon, peak=1.0):\n    return peak * (1 - step / horizon)"
    )
    (tmp_path / "mine.py").write_text(source)
    assert run_app(["check", "./mine.py"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "it runs; next: timetrial run -s ./mine.py --reference"
    assert run_app(["check", "./mine.py:peak=-1"]) == 1
    lines = capsys.readouterr().out.splitlines()
    (failed,) = [line for line in lines if line.startswith("failed: ")]
    assert failed.startswith("failed: range over horizons: schedule 'mine' (mine.py:2) returned -1.0 at step 0")
    assert "left out: determinism: it does not run" in lines
    assert lines[-1] == "it does not run; 1 of 8 checks failed: change what their lines say"


def test_a_check_that_hangs_or_ends_its_process_is_a_failure(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plugin_checks, "CPU_SECONDS", 3.0)
    source = (
        "import ctypes\nfrom harness import schedule\n@schedule\ndef mine(step, horizon):\n    if horizon == 7:\n        {}\n"
        "    return 1.0"
    )
    odd_lines = {
        "ctypes.string_at(0)": "the submission ended it: its process died (signal 11)",
        "while True: pass": "it does not end",
    }
    for odd, says in odd_lines.items():
        (tmp_path / "mine.py").write_text(source.format(odd))
        with closing(PluginChecks("./mine.py", data_directory())) as checks:
            first, second = checks.lines(CHECKS[:2])
        assert first.startswith(f"failed: range over horizons: {says}")
        assert second.startswith("ok: purity" if "ctypes" in odd else "left out: purity: 'range over horizons' does not end")


MANY = {
    "private": "held = bytearray(600 * 2**20)",
    "shared": "held = mmap.mmap(-1, 900 * 2**20)\n        for _ in range(900): held.write(bytes(2**20))\n        time.sleep(5)",
}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is limited where there is /proc")
def test_a_check_takes_no_more_memory_than_a_trial_may(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = (
        "import mmap, time\nfrom harness import schedule\n@schedule\ndef mine(step, horizon):\n"
        "    if horizon == 7:\n        {}\n    return 1.0"
    )
    for filling in MANY.values():
        (tmp_path / "mine.py").write_text(source.format(filling))
        with closing(PluginChecks("./mine.py", data_directory(), memory=300 * 2**20)) as checks:
            first, second = checks.lines(CHECKS[:2])
        assert first.startswith("failed: range over horizons: ") and "memory" in first.lower(), first
        assert second.startswith("ok: purity"), second
