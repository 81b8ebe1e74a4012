"""docs/workloads.md follows from the code and targets.json."""

import json
import shutil
from pathlib import Path

import pytest

from harness.cli.app import run_app
from harness.cli.list import workload_rows
from harness.report.docs.workloads import workloads_markdown

ROOT = Path(__file__).parents[2]


def test_the_page_of_the_workloads_is_up_to_date(tmp_path):
    for measured in (ROOT / "docs").glob("laptop_*.json"):
        shutil.copy(measured, tmp_path)
    assert run_app(["list", "workloads", "--docs", str(tmp_path)]) == 0
    assert (tmp_path / "workloads.md").read_text() == (ROOT / "docs" / "workloads.md").read_text(), "run `make docs`"
    assert "<svg" in (tmp_path / "workloads.svg").read_text()


def test_there_is_no_page_of_suites(capsys):
    assert run_app(["list", "suites", "--docs", "here"]) == 2
    assert "--docs writes a page of workloads or of submissions" in capsys.readouterr().err


@pytest.fixture
def entry():
    return json.loads((ROOT / "workloads" / "targets.json").read_text())["digits_mlp"]["smoke"]


def test_a_failed_check_is_marked_on_the_page(entry):
    rows = [row for row in workload_rows() if row["name"] == "digits_mlp"]
    entry["checks"]["held"] = {"passed": False, "value": 0.5, "limit": 0.9}
    assert "**50%, fails**" in workloads_markdown(rows, {"digits_mlp": {"smoke": entry}})
    entry["checks"]["held"] = {"passed": True, "value": 0.95, "limit": 0.9}
    assert "95%" in workloads_markdown(rows, {"digits_mlp": {"smoke": entry}})


def test_separation_is_the_ratio_of_median_times_and_names_submissions_that_miss():
    rows = [row for row in workload_rows() if row["name"] == "digits_mlp"]
    board = {
        "submissions": [
            {"name": name, "workloads": {"digits_mlp": {"time": time}}} for name, time in (("a", 100), ("b", 150), ("c", None))
        ]
    }
    assert "| `digits_mlp` | a | b | 1.50 | c |" in workloads_markdown(rows, {}, board)


def test_the_cost_of_trials_is_beside_the_ratio_of_their_times():
    rows = [row for row in workload_rows() if row["name"] == "digits_mlp"]
    facts = {
        "trials": 54,
        "reached": 9,
        "earliest": 100.0,
        "latest": 140.0,
        "whole": 3,
        "seconds": 1.25,
        "evaluation_share": 0.2,
    }
    page = workloads_markdown(rows, {}, None, {"digits_mlp": {**facts, "machine": "m"}})
    assert "| `digits_mlp` | 1.2 | 20% | 9 of 54 | 1.40 |" in page and "at least 1.3 on 1 of 1" in page
    never = {**facts, "reached": 0, "earliest": None, "latest": None, "machine": "m"}
    assert "| 0 of 54 | none |" in workloads_markdown(rows, {}, None, {"digits_mlp": never})
