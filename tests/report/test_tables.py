"""The ranking as LaTeX and as Markdown between the markers of a longer text, and the trials as columns."""

from __future__ import annotations

import base64
import gzip
import json
import math
import re
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.contracts.errors import BadInput
from harness.report import insert_table, latex_table, markdown_table, table_with_markers, write_report
from harness.report.page.downloads import board_of_a_page, downloads_of
from harness.report.page.payload import script_json
from harness.report.text.latex import latex_escaped
from harness.report.text.readme import BEGIN, END
from harness.report.views.trials import trial_columns
from harness.results import BoardInput
from harness.scoring.board import score_board

from .boards import board_trials
from .hostile import HOSTILE
from .reading import read


@pytest.fixture(scope="module")
def board():
    return score_board(board_trials(["cosine", "linear", "rex"]))


def body(table):
    return [line for line in table.splitlines() if line.endswith("\\\\")]


def cells(line):
    return re.split(r"(?<!\\)&", line.removesuffix(" \\\\"))


def test_the_latex_table_has_a_row_per_submission_and_a_cell_per_column(board):
    lines = body(latex_table(board))
    assert len(lines) == 1 + len(board.rows)
    assert {len(cells(line)) for line in lines} == {7 + len(board.workloads)}
    for line, row in zip(lines[1:], board.rows, strict=True):
        assert cells(line)[1].strip() == row.name
        assert cells(line)[2].strip() == f"{row.speedup_bound}$\\times${row.speedup:.2f}"
        assert cells(line)[4].strip() == f"{row.score:.3f}"
    assert sum("\\textbf" in line for line in lines) >= 1


@settings(max_examples=80)
@given(
    name=st.text(min_size=1, max_size=300) | st.sampled_from([*HOSTILE, "\\input{/etc/passwd}", "a & b \\\\ c", "%", "^^5c"])
)
def test_no_name_can_break_the_latex_table_or_add_a_command(board, name):
    named = replace(board, rows=(replace(board.rows[0], name=name), *board.rows[1:]), baseline=name, verdict=f"{name} leads.")
    table = latex_table(named)
    assert {len(cells(line)) for line in body(table)} == {7 + len(board.workloads)}
    assert len(body(table)) == 1 + len(board.rows)
    assert table.splitlines()[0].startswith("% ")
    commands = set(re.findall(r"\\([A-Za-z]+)", latex_escaped(name)))
    assert commands <= {"textbackslash", "textasciitilde", "textasciicircum", "textless", "textgreater"} | {
        "textbar",
        "textquotedbl",
        "times",
        "geq",
        "leq",
        "pm",
    }


def test_a_best_time_with_a_miss_is_bold_and_says_so():
    trials = board_trials(["cosine", "linear"], {"w": (2.3, 0.9)}, trials=1)
    lost = (trials["study"] == 0) & (trials["submission"] == "cosine")
    trials.loc[lost, ["hit_examples", "hit_seconds", "hit_steps"]] = math.inf
    trials.loc[lost, "hit_index"] = -1
    trials.loc[~lost & (trials["submission"] == "cosine"), ["hit_examples", "hit_index"]] = [10.0, 0]
    board = score_board(trials)
    assert "**10** (missed 1 of 3)" in markdown_table(board)
    assert "\\textbf{10} (missed 1 of 3)" in latex_table(board)


def test_the_table_is_inserted_between_the_markers_and_nothing_else_changes(board, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"# Ours\n\n{BEGIN}\nold\n{END}\n\nend, no newline")
    insert_table(board, readme)
    text = readme.read_text()
    assert text == f"# Ours\n\n{BEGIN}\n{markdown_table(board)}{END}\n\nend, no newline"
    insert_table(board, readme)
    assert readme.read_text() == text


def test_a_new_file_has_the_markers_so_that_the_table_can_be_inserted_again(board, tmp_path):
    insert_table(board, tmp_path / "deep" / "table.md")
    assert (tmp_path / "deep" / "table.md").read_text() == table_with_markers(board)
    insert_table(board, tmp_path / "deep" / "table.md")


@pytest.mark.parametrize("text", ["nothing", BEGIN, f"{END}\n{BEGIN}", f"{BEGIN}{END}{BEGIN}{END}"])
def test_a_text_without_its_two_markers_is_not_changed(board, tmp_path, text):
    readme = tmp_path / "README.md"
    readme.write_text(text)
    with pytest.raises(BadInput, match="BEGIN timetrial"):
        insert_table(board, readme)
    assert readme.read_text() == text


def test_the_page_offers_every_trial_as_columns(tmp_path):
    trials = board_trials(["cosine", "constant"], {"w": (2.3, 0.9)}, studies=2, trials=3)
    write_report(BoardInput(trials), tmp_path / "b.html", figures=False)
    links = {a["download"]: a["href"] for _, a in read(tmp_path / "b.html").tags if "download" in a}
    offered = pd.DataFrame(json.loads(gzip.decompress(base64.b64decode(links["trials.json.gz"].split(",", 1)[1]))))
    assert offered["id"].tolist() == trials.sort_values(["workload", "submission", "study", "trial"])["id"].tolist()
    merged = offered.merge(trials, on="id", suffixes=("", "_own"))
    for met, hit, status, own in merged[["met", "hit_examples", "status", "status_own"]].itertuples(index=False):
        assert status == own
        assert (pd.isna(met) and math.isinf(hit)) or met == pytest.approx(hit, rel=1e-5)
    rates = [values["learning_rate"] for values in merged["hyperparameters"]]
    assert merged["hyperparameters.learning_rate"].tolist() == pytest.approx(rates, rel=1e-4)


def test_every_hyperparameter_has_a_column():
    trials = board_trials(["cosine", "linear"], {"w": (2.3, 0.9)}, studies=1, trials=1)
    trials["hyperparameters"] = [{"beta": 0.9, "cut": None}, {"power": "two", "on": True}]
    columns = trial_columns(trials, "examples")
    assert columns["hyperparameters.beta"] == [0.9, None]
    assert columns["hyperparameters.power"] == [None, "two"]
    assert columns["hyperparameters.on"] == [None, True]
    assert {len(values) for values in columns.values()} == {2}


def test_a_panel_with_too_many_trials_counts_them_by_status(tmp_path):
    trials = board_trials(["cosine", "constant"], {"w": (2.3, 0.9)}, studies=150, trials=3, evaluations=6)
    write_report(BoardInput(trials), tmp_path / "b.html", figures=False)
    text = " ".join(" ".join(read(tmp_path / "b.html").text).split())
    for name in ("cosine", "constant"):
        own = trials[trials["submission"] == name]["status"]
        counts = [
            str((own == status).sum()) for status in ("reached", "missed", "diverged") if (trials["status"] == status).any()
        ]
        assert f"{name} 450 {' '.join(counts)}" in text


@settings(max_examples=100)
@given(value=st.dictionaries(st.text(), st.text() | st.lists(st.floats(allow_nan=False, allow_infinity=False))))
def test_the_script_can_read_its_json_and_no_text_ends_the_element(value):
    text = script_json(value)
    assert json.loads(text) == value
    assert not re.search("[<>&\u2028\u2029]", text)


@pytest.mark.parametrize("names", [("cosine",), tuple(f"s{i}" for i in range(24))], ids=["plain", "compressed"])
def test_the_json_that_the_page_offers_equals_the_json_file(tmp_path, names):
    trials = board_trials(names, {"w": (2.3, 0.9), "v": (4.4, 2.6)}, trials=1)
    write_report(BoardInput(trials), tmp_path / "b.html", figures=False)
    links = {a["download"]: a["href"] for _, a in read(tmp_path / "b.html").tags if "download" in a}
    assert ("leaderboard.json.gz" in links) == (len(names) > 1)
    if len(names) > 1:
        data = gzip.decompress(base64.b64decode(links["leaderboard.json.gz"].split(",", 1)[1]))
    else:
        data = base64.b64decode(links["leaderboard.json"].split(",", 1)[1])
    written = json.loads((tmp_path / "b.json").read_text())
    assert json.loads(data) == written
    assert downloads_of((tmp_path / "b.html").read_text())["leaderboard.csv"] == (tmp_path / "b.csv").read_text()
    assert board_of_a_page(tmp_path, written["track"], written["suite"]) == written
    assert board_of_a_page(tmp_path, "no such track", written["suite"]) is None
