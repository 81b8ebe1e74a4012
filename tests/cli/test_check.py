"""`timetrial check` says whether a submission in AlgoPerf's form runs; mistakes are in `bad_lines`."""

from harness.cli.app import run_app
from tests.compat.submissions.written import updating, written


def test_check_says_what_a_submission_did_and_what_it_lacks(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run_app(["check", written(tmp_path / "good", [{"x": 1}, {"x": 2}])]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("hyperparameters x; 2 points") and lines[-1] == "it runs"
    assert lines[1].startswith("digits_mlp: 100 steps, 16 examples charged per step")
    assert run_app(["check", written(tmp_path / "bad", update=updating("workload.nothing"))]) == 1
    out = capsys.readouterr().out
    assert "workload.nothing, which is not there" in out and out.endswith("it does not run\n")
    assert {path.name for path in tmp_path.iterdir()} == {"good", "bad"}
