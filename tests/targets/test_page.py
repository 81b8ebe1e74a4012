"""docs/workloads.md follows from the code, targets.json and rulers.json."""

import json
import re
import shutil
from pathlib import Path

import pytest

from harness.cli.app import run_app
from harness.cli.list import workload_rows
from harness.report.docs.svg_file import IN_THE_DARK
from harness.report.docs.workloads import ruler_figure, workloads_markdown

ROOT = Path(__file__).parents[2]


def test_the_page_of_the_workloads_is_up_to_date(tmp_path):
    for measured in (ROOT / "docs").glob("laptop_*.json"):
        shutil.copy(measured, tmp_path)
    assert run_app(["list", "workloads", "--docs", str(tmp_path)]) == 0
    assert (tmp_path / "workloads.md").read_text() == (ROOT / "docs" / "workloads.md").read_text(), "run `make docs`"
    figures = re.findall(r"\]\(([\w/]+\.svg)\)", (tmp_path / "workloads.md").read_text())
    assert "rulers/digits_mlp_smoke.svg" in figures
    assert sorted(figures) == sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.svg"))
    for name in figures:
        drawn = re.sub(r"<style.*?</style>", "", (tmp_path / name).read_text(), flags=re.DOTALL)
        assert "<svg" in drawn and set(re.findall("#[0-9a-f]{6}", drawn)) <= set(IN_THE_DARK), "a colour without a dark one"


def test_no_figure_of_a_ruler_is_left_from_an_older_page():
    page = (ROOT / "docs" / "workloads.md").read_text()
    assert [path.name for path in (ROOT / "docs" / "rulers").glob("*.svg") if f"(rulers/{path.name})" not in page] == []


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


def ruler_entry(finals, **other):
    return {
        "workload": "digits_mlp",
        "version": 3,
        "lower_is_better": True,
        "budget": 100.0,
        "finals": [{"examples": examples, "metric": values} for examples, values in finals.items()],
        "metric": "cross_entropy",
        "target": 0.5,
        "date": "2026-01-02",
        "machine": "m",
        "seconds": 90.0,
        **other,
    }


FINE = {50: [0.80, 0.82, 0.84], 100: [0.60, 0.62, 0.64], 200: [0.40, 0.42, 0.44]}
FLAT = {50: [0.80, 0.82, 0.84], 100: [0.60, 0.62, 0.64], 200: [0.65, 0.66, None]}


def page_with(entry):
    rows = [row for row in workload_rows() if row["name"] == "digits_mlp"]
    return workloads_markdown(rows, {}, rulers={"digits_mlp": {"smoke": entry}})


def test_the_checks_and_the_cost_of_a_ruler_are_on_the_page():
    variant = ruler_entry({100: [0.5, 0.7], 200: [0.4, None]}, seconds=30.0)
    page = page_with(ruler_entry(FINE, variants={"tanh": variant}))
    (line,) = re.findall(r"\| `digits_mlp` \| smoke \| .*", page)
    assert re.fullmatch(
        r"\| `digits_mlp` \| smoke \| 0.2 \(\d+.\d\) \| 0.2 \(\d+.\d\) .* \| yes \| 3 \| m, 2026-01-02 \| 90 \|", line
    )
    # 3 seeds of 1/2 + 1 + 2 budgets; 2 of 1 + 2; 90 + 30 seconds
    assert "The ruler of size `smoke` charged 10 budgets, and 6 for held-out variants (1): 2 CPU minutes." in page
    assert "medians of 2 seeds 0.6 at h = 1, not finite at h = 2." in page


def test_a_ruler_that_is_not_accepted_says_which_check_fails():
    page = page_with(ruler_entry(FLAT))
    assert "| 0.2 (9.9) | **-0.04, fails** | 0.040 | **no** |" in page  # no standard error: a resample has no finite median
    page = page_with(ruler_entry({**FINE, 200: [0.59, 0.62, 0.65]}))
    assert re.search(r"\| 0.2 \(9.9\) \| \*\*0 \(0.0\), fails\*\* \| \d.\d+ \| \*\*no\*\* \|", page)


def test_the_values_of_a_ruler_have_the_sign_of_their_metric():
    higher = {examples: [-v if v is not None else None for v in values] for examples, values in FLAT.items()}
    for entry, sign in ((ruler_entry(FLAT), ""), (ruler_entry(higher, lower_is_better=False), "-")):
        page = page_with(entry)
        assert f"| 1 | 100 | {sign}0.62 | " in page
        assert f"| 2 | 200 | {sign}0.66 | " in page and "(1 not finite) | no |" in page


@pytest.mark.parametrize("lower_is_better", [True, False])
def test_the_figure_of_a_ruler_has_a_dot_for_every_finite_seed_and_marks_kept_points(lower_is_better):
    sign = 1 if lower_is_better else -1
    finals = {examples: [None if v is None else sign * v for v in values] for examples, values in FLAT.items()}
    figure = ruler_figure(ruler_entry(finals, lower_is_better=lower_is_better, target=sign * 0.5))
    (dots,) = re.findall(r'd="([^"]*)"[^>]*opacity: 0.3;', figure)
    assert dots.count("M ") == 8
    filled, hollow = (
        len(re.findall(rf'<use [^>]*style="fill: {colour}; stroke: #0072b2"', figure)) for colour in ("#0072b2", "#ffffff")
    )
    assert (filled, hollow) == (2, 1)
    assert ">target</text>" in figure
