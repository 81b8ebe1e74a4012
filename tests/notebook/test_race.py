"""A race from a notebook: its board shows itself, and an edited cell runs anew."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import pandas as pd
import pytest
import rich.console

import timetrial as tt
from harness import BadInput
from harness.checking.obstacles import contradiction
from harness.results import ResultStore, read_trials
from tests.notebook.cells import Cells

RAMP = "def ramp(step, horizon):\n    return (1 - step / horizon) ** {power}"
QUICK = {"studies": 1, "trials": 1}


@pytest.fixture(scope="module")
def raced(tmp_path_factory):
    """Two races with an edit in between: (results, first board, second board, what the second one printed)."""
    results = tmp_path_factory.mktemp("raced")
    cells = Cells("cells_of_a_race")
    boards = []
    for power in (1, 2):
        cells.run(RAMP.format(power=power))
        boards.append(tt.race([cells.module.ramp, "cosine"], results=results, log_losses=power == 1, **QUICK))
    yield results, *boards
    del sys.modules["cells_of_a_race"]


def test_a_board_shows_itself_as_text_and_as_a_table_with_a_link_to_its_page(raced, monkeypatch):
    results, _, board = raced
    monkeypatch.chdir(results.parent)
    shown = board._repr_html_()
    assert f'href="{results.name}/leaderboard.html"' in shown and (results / "leaderboard.html").is_file()
    assert shown.count("<tr>") == 3 and "<td>ramp</td>" in shown and board.verdict.split()[0] in shown
    assert "ramp" in str(board) and board.verdict[:40] in str(board)


def test_a_board_s_text_is_returned_where_jupyter_would_display_it(raced, monkeypatch):
    shell = type("ZMQInteractiveShell", (), {})  # by which rich knows Jupyter
    monkeypatch.setattr("rich.console.get_ipython", shell, raising=False)
    assert rich.console.Console().is_jupyter
    assert "ramp" in repr(raced[2])


def test_a_race_keeps_the_losses_of_the_trials_that_run_while_it_is_asked_to(raced):
    trials = read_trials(raced[0])
    logged = trials[trials["artefacts"].map(lambda names: any("losses" in name for name in names))]
    assert sorted(logged["submission"]) == ["cosine", "cosine", "ramp", "ramp"] and len(trials) == 6


def test_an_edited_cell_runs_anew_and_the_board_has_its_newest_version_only(raced):
    results, first, second = raced
    trials = tt.load_results(results)
    assert len(trials) == 6 and trials.groupby("submission")["submission_hash"].nunique().to_dict() == {"cosine": 1, "ramp": 2}
    board = tt.leaderboard(results)
    assert sorted(board.frame["submission"]) == ["cosine", "ramp"] and set(board.frame["trials"]) == {2}
    own = [frame.set_index("submission")["speedup"] for frame in (first.frame, second.frame, board.frame)]
    assert own[0]["ramp"] != own[1]["ramp"] == own[2]["ramp"] and own[2]["cosine"] == 1


def test_records_of_a_cell_of_both_versions_are_what_an_audit_plans_and_none_under_another_name(raced):
    specs = [record.spec for record in ResultStore(raced[0]).records() if record.spec.submission == "ramp"]
    assert len(specs) == 4 and [contradiction(spec) for spec in specs] == [""] * 4
    assert "its submission is rex" in contradiction(replace(specs[0], submission="rex"))


def test_all_frames_survive_parquet(raced, tmp_path):
    results, _, board = raced
    trials = tt.load_results(results)
    for frame in (trials, board.frame, board.workloads, tt.compare("ramp", "cosine", results).frame):
        frame.to_parquet(tmp_path / "frame.parquet")
        back = pd.read_parquet(tmp_path / "frame.parquet")
        nested = [name for name in frame if name in ("curve", "learning_rates", "clocks", "evaluation_points", "artefacts")]
        pd.testing.assert_frame_equal(back.drop(columns=nested), frame.drop(columns=nested))
    trials.to_parquet(tmp_path / "trials.parquet")
    back = pd.read_parquet(tmp_path / "trials.parquet")
    for sent, read, full in zip(
        trials.to_dict("records"), back.to_dict("records"), read_trials(results).to_dict("records"), strict=True
    ):
        for column in ("curve", "learning_rates"):
            assert {name: list(values) for name, values in read[column].items()} == {
                name: list(values) for name, values in sent[column].items()
            }
        assert len(read["learning_rates"]["rate"]) == len(full["learning_rates"]) > 1
        assert json.loads(read["hyperparameters"]) == full["hyperparameters"]
        assert read["learning_rate"] == full["hyperparameters"]["learning_rate"]
        assert json.loads(read["facts"])["workload"]["metric"] == full["metric"]


def test_a_plot_has_a_dot_per_submission_and_names_the_baseline(raced):
    with mpl.rc_context({"backend": "agg"}):
        axes = raced[2].plot()
    assert [label.get_text() for label in axes.get_yticklabels()] == list(raced[2].frame["submission"])
    assert "cosine" in axes.get_xlabel()
    mpl.pyplot.close(axes.figure)


def test_two_submissions_are_compared_by_name_and_the_comparison_shows_itself(raced):
    both = tt.compare("ramp", "cosine", raced[0])
    reading = both.frame.set_index(["reading", "workload"])
    speedup = raced[2].frame.set_index("submission")["speedup"]["ramp"]
    assert reading.loc[("compute saved", "all"), "ratio"] == pytest.approx(speedup)
    assert "ramp" in str(both) and "<table>" in both._repr_html_()


def test_a_mistake_about_a_cell_names_it_and_no_file_that_was_written_for_it(tmp_path):
    cells = Cells("cells_of_a_mistake")
    cells.run(RAMP.format(power=1))
    with pytest.raises(BadInput, match=r"^in 'ramp\+adamw' the optimizer comes first: write adamw\+ramp$"):
        tt.race([(cells.module.ramp, "adamw")], results=tmp_path)
    del sys.modules["cells_of_a_mistake"]


def test_a_board_only_reads(raced, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in raced[0].rglob("*")}
    tt.leaderboard(raced[0], clock="steps")
    assert {path: path.stat().st_mtime_ns for path in raced[0].rglob("*")} == before


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda at: tt.race("cosine", results=at), "takes a list of submissions"),
        (lambda at: tt.race([], results=at), "the list of submissions is empty"),
        (lambda at: tt.race(["cosine"], results=at, study=2), "did you mean 'studies'"),
        (lambda at: tt.race([("cosine", "adamw")], results=at), "the optimizer comes first: write adamw+cosine"),
        (lambda at: tt.race(["cosin"], results=at), "did you mean 'cosine'"),
        (lambda at: tt.race(["cosine"], results=at, executor="dask"), "no executor 'dask'"),
        (lambda at: tt.leaderboard(at / "nowhere"), "does not exist"),
    ],
)
def test_a_mistake_is_one_line_and_runs_nothing(tmp_path: Path, call, message):
    with pytest.raises(BadInput) as raised:
        call(tmp_path)
    assert message in str(raised.value) and "\n" not in str(raised.value)
    assert not list(tmp_path.rglob("*.json"))
