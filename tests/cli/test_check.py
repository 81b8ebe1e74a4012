"""`timetrial check` says whether a submission runs; mistakes are in `bad_lines`."""

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


def test_check_tries_a_name_or_a_file_and_looks_at_what_a_schedule_returns(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = (
        "from harness import schedule\n@schedule\ndef mine(step, horizon, peak=1.0):\n    return peak * (1 - step / horizon)"
    )
    (tmp_path / "mine.py").write_text(source)
    assert run_app(["check", "./mine.py"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "it runs"
    assert run_app(["check", "./mine.py:peak=-1"]) == 2
    said = capsys.readouterr().err
    assert "mine" in said and "step" in said and said.count("\n") == 1
    assert run_app(["check", "sgd+linear"]) == 0
