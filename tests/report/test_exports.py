"""Other programs can read JSON, CSV and Markdown, whatever the names are."""

import csv
import io
import json
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.report.text.exports import CSV_FIELDS, csv_text, json_text, markdown_table, spreadsheet_safe
from harness.scoring.board import score_board

from .boards import board_trials


@pytest.fixture(scope="module")
def board():
    return score_board(board_trials(["cosine", "linear", "rex"]))


def renamed(board, name):
    row = replace(board.rows[0], name=name)
    return replace(board, rows=(row, *board.rows[1:]), baseline=name)


def test_the_csv_has_one_line_per_submission_and_workload(board):
    lines = list(csv.DictReader(io.StringIO(csv_text(board))))
    assert [(line["submission"], line["workload"]) for line in lines] == [
        (r.name, w) for r in board.rows for w in board.workloads
    ]
    for line in lines:
        row = next(r for r in board.rows if r.name == line["submission"])
        assert float(line["score"]) == row.score
        assert float(line["time"]) == row.cells[line["workload"]].time
        assert int(line["reached"]) + int(line["missed"]) == int(line["studies"]) == 3


@settings(max_examples=60)
@given(
    name=st.text(min_size=1, max_size=300) | st.sampled_from(["=1+1", "+1", "-1", "@x", "\t=1", " =1", "\r=1", "＝1", "a\n=1"])
)
def test_no_name_can_start_a_formula_or_break_a_line_of_the_csv(board, name):
    lines = list(csv.reader(io.StringIO(csv_text(renamed(board, name)))))
    assert {len(line) for line in lines} == {len(CSV_FIELDS)}
    cell = lines[1][CSV_FIELDS.index("submission")]
    assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))


def test_a_number_in_the_csv_is_a_number_and_a_miss_is_a_word():
    assert spreadsheet_safe(-1.5) == "-1.5"
    assert spreadsheet_safe(math.inf) == "missed"
    assert spreadsheet_safe(None) == ""
    assert spreadsheet_safe(True) == "true"


def test_the_json_is_strict_and_infinite_becomes_null():
    text = json_text({"time": math.inf, "low": math.nan, "name": "</script>"})
    assert json.loads(text, parse_constant=pytest.fail) == {"time": None, "low": None, "name": "</script>"}


def test_the_json_has_a_line_for_each_row_and_none_for_what_is_in_it():
    content = {
        "schema": 2,
        "submissions": [{"name": "a", "workloads": {"x": [1, 2]}}, {"name": "b"}],
        "by": {"x": {}, "y": {"z": 1}},
    }
    text = json_text(content)
    assert json.loads(text) == content
    assert text.splitlines()[2:7] == [
        ' "submissions": [',
        '  {"name":"a","workloads":{"x":[1,2]}},',
        '  {"name":"b"}',
        " ],",
        ' "by": {',
    ]
    assert json_text(content, lines=False).count("\n") == 1


@settings(max_examples=60)
@given(name=st.text(min_size=1, max_size=300) | st.sampled_from(["a|b", "<b>x</b>", "`x`", "[x](http://a.example)", "![x](y)"]))
def test_no_name_can_break_the_markdown_table_or_add_markup(board, name):
    lines = markdown_table(renamed(board, name)).splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 2 + len(board.rows)
    columns = {line.replace("\\\\", "").replace("\\|", "").count("|") for line in table}
    assert len(columns) == 1
    assert "<" not in "".join(lines)
    assert "](" not in "".join(lines).replace("\\](", "")
