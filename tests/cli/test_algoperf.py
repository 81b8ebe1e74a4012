"""`import`, `report` and `compare` on AlgoPerf's sample logs, as a user types them."""

import json
from pathlib import Path

import pytest

from harness.cli.app import run_app
from tests.compat.test_algoperf_logs import LOGS
from tests.compat.trees import GOOD, put, tree_in
from tests.execution.commands import board, timetrial


@pytest.fixture(scope="module")
def imported(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("imported")
    done = timetrial("import", "algoperf", LOGS, "--results", place)
    assert done.returncode == 0, done.stderr
    assert "2 submissions, 2 workloads, 2 studies, 40 trials; 29 of them met their target" in done.stdout
    assert "absent from the logs, so scored as unsolved: criteo1tb" in done.stdout
    return place


@pytest.fixture
def no_torch(tmp_path):
    (tmp_path / "torch.py").write_text("raise ImportError('torch is blocked in this test')")
    return {"PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}"}


def test_a_report_on_imported_logs_counts_absent_workloads_as_unsolved(imported, no_torch):
    done = timetrial("report", "--results", imported, **no_torch)
    assert done.returncode == 0, done.stderr
    value = board(imported)
    assert (value["clock"], value["suite"], value["baseline"]) == ("seconds", "algoperf-0.5", "baseline")
    assert len(value["workloads"]) == 8 and value["legacy"] == []
    assert all(row["score"] <= 2 / 8 for row in value["submissions"])
    first = {name: (imported / f"leaderboard.{name}").read_bytes() for name in ("html", "json", "csv")}
    assert timetrial("import", "algoperf", LOGS, "--results", imported, **no_torch).returncode == 0
    assert timetrial("report", "--results", imported).returncode == 0
    assert {name: (imported / f"leaderboard.{name}").read_bytes() for name in first} == first


def test_legacy_rules_are_told_on_the_page_in_the_json_and_in_the_terminal(imported, tmp_path):
    page = tmp_path / "page.html"
    flags = ("--legacy-tie-rule", "--legacy-grid", "--legacy-speedup")
    done = timetrial("report", "--results", imported, "--out", page, *flags)
    assert done.returncode == 0, done.stderr
    assert "AlgoPerf's legacy rules: tie-rule, grid, speedup" in done.stdout
    assert "legacy rules: <b>tie-rule, grid, speedup</b>" in page.read_text(encoding="utf-8")
    value = json.loads(page.with_suffix(".json").read_text())
    assert value["legacy"] == ["tie-rule", "grid", "speedup"]
    assert any("100 points" in note for note in value["notes"])


def test_a_page_of_imported_logs_offers_no_command_that_cannot_work(imported, tmp_path):
    assert timetrial("report", "--results", imported, "--out", tmp_path / "page.html").returncode == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Imported from AlgoPerf 0.5" in page and "timetrial run -s" not in page
    assert page.count("no learning rate recorded") == 2, "a figure each of the two workloads with logs"


def test_a_comparison_is_a_table_and_a_sentence_that_says_what_it_needs_for_an_interval(imported, no_torch):
    done = timetrial("compare", "shampoo_submission", "baseline", "--results", imported, **no_torch)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[2:6]] == ["workload", "fastmri", "ogbg", "all"]
    assert "an interval needs at least 3 common studies" in done.stdout and "share no seeds" in done.stdout
    assert "p is not adjusted for others" not in done.stdout, "there is no p"


def test_a_comparison_turned_round_is_the_inverse(imported):
    there, back = (
        json.loads(timetrial("compare", *pair, "--results", imported, "--json").stdout)["pair"]
        for pair in (("shampoo_submission", "baseline"), ("baseline", "shampoo_submission"))
    )
    assert there["ratio"] > 1 and there["ratio"] * back["ratio"] == pytest.approx(1)
    assert there["faster"] + back["faster"] == pytest.approx(1)
    assert set(there["workloads"]) == {"fastmri", "ogbg"}


MISTAKES = [
    ("import", "algoperf", "nowhere"),
    ("import", "algoperf"),
    ("import", "algoprf", LOGS),
    ("import", "algoperf", LOGS.parent),
    ("import", "algoperf", LOGS, "--track", "externl"),
    ("import", "algoperf", LOGS, "--targets", "nowhere.json"),
    ("import", "algoperf", LOGS, "--benchmark-version", "0.7"),
    ("import", "algoperf", LOGS, "--without", "fastmr"),
    ("import", "algoperf", LOGS, "--without", ""),
    ("compare", "a", "b"),
    ("compare", "a", "b", "--clock", "moons"),
]


@pytest.mark.parametrize("arguments", MISTAKES, ids=lambda arguments: " ".join(map(str, arguments[-2:])))
def test_a_mistake_is_one_plain_line_and_leaves_nothing_behind(arguments, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    assert run_app([*map(str, arguments)]) == 2
    told = capfd.readouterr().err
    assert told.startswith("timetrial: ") and told.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", {words[0]: words for words in MISTAKES}.values(), ids=lambda words: str(words[0]))
def test_a_mistake_ends_the_process_of_each_verb_so(arguments, tmp_path):
    done = timetrial(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("timetrial: ") and done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


AT_THE_HIT = {"noclock": "", "never": "inf", "nought": "0", "before": "-5"}
"""{submission: the clock in its log on the line that meets the target}."""


def test_logs_without_a_usable_clock_fail_and_the_others_are_scored(tmp_path):
    tree = tree_in(tmp_path)
    for study in range(3):
        put(tree, "steady", study=f"study_{study}")
        for name, clock in AT_THE_HIT.items():
            put(tree, name, GOOD.replace("1000,", f"{clock},"), study=f"study_{study}")
    put(tree, "lost", trial="trial_best")
    done = timetrial("import", "algoperf", tree, "--results", tmp_path / "results")
    assert done.returncode == 0, done.stderr
    assert "15 trials; 3 of them met their target, 12 failed" in done.stdout
    lines = done.stdout.splitlines()
    told, kept = lines[1].split(" notes on logs, all of them in ")
    file = tmp_path / "results" / "runs" / Path(kept.split(";")[0]).name
    notes = file.read_text().splitlines()
    assert int(told) == 13 and notes[:5] == lines[2:7] and notes[13:] == lines[7:-1]
    assert notes[0].startswith("lost: nothing of it was read")
    assert "line 3 meets the target, but its accumulated_submission_time is negative" in notes[1]
    assert timetrial("report", "--results", tmp_path / "results").returncode == 0
    value = board(tmp_path / "results")
    assert value["trials"] == {"failed": 12, "reached": 3}
    assert {row["name"]: row["targets_reached"] for row in value["submissions"]} == {
        "steady": 1,
        **dict.fromkeys(AT_THE_HIT, 0),
    }
    assert timetrial("compare", "noclock", "steady", "--results", tmp_path / "results").returncode == 0


def test_an_unknown_name_is_told_the_nearest_one(imported):
    assert "did you mean 'baseline'?" in timetrial("compare", "baselin", "shampoo_submission", "--results", imported).stderr
    assert timetrial("compare", "baseline", "baseline", "--results", imported).returncode == 2
    told = timetrial("report", "--results", imported, "--baseline", "baselin").stderr
    assert "did you mean 'baseline'?" in told
