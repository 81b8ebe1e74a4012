"""`--prune safe` and `--prune score-only` on the command line: which numbers stay, what is said, what is refused."""

import json
import shutil

import pytest

from harness import load_results
from harness.results import ResultStore
from tests.execution.commands import board, outcome, same_board, times_and_scores, timetrial

SMALL = ("run", "--suite", "smoke", "-w", "digits_mlp", "-s", "constant", "-s", "cosine", "-s", "wsd")
INLINE = (*SMALL, "--executor", "inline", "--studies", 3)

EASY = {
    "workloads/easy.py": """
from dataclasses import replace
from harness import Reference
from workloads.digits_mlp import DigitsMlp


class Easy(DigitsMlp):
    name = "easy"
    sizes = {"smoke": replace(DigitsMlp.sizes["smoke"], target=1.8, reference=Reference(learning_rate=0.01, warmup=0.0))}
    variants = {}
""",
    "late.py": """
from harness import schedule


@schedule
def late(step, horizon):
    return float(step > 0.8 * horizon)
""",
}
"""A workload whose target is met within a quarter of the budget, and a schedule that meets it later."""


def scores(results):
    return {row["name"]: row["score"] for row in board(results)["submissions"]}


def ran(results):
    """Return how many examples all trials were charged together."""
    return load_results(results)["end_examples"].sum()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    results = tmp_path_factory.mktemp("whole")
    done = timetrial(*INLINE, "--results", results)
    assert done.returncode == 0, done.stderr + done.stdout
    return results


@pytest.fixture(scope="module")
def safe(tmp_path_factory):
    results = tmp_path_factory.mktemp("safe")
    done = timetrial(*INLINE, "--prune", "safe", "--results", results)
    assert done.returncode == 0, done.stderr + done.stdout
    return results


@pytest.fixture(scope="module")
def cut(tmp_path_factory):
    """What a run with `--prune score-only` said, and its results; a test that changes them takes a copy."""
    results = tmp_path_factory.mktemp("cut")
    done = timetrial(*INLINE, "--prune", "score-only", "--results", results)
    assert done.returncode == 0, done.stderr + done.stdout
    return done, results


def hits(results):
    """Return the first hit of every study: {(submission, workload, study): (trial, examples)}."""
    trials = load_results(results)
    met = trials[trials["hit_index"] >= 0].sort_values(["hit_examples", "trial"])
    cells = zip(met["submission"], met["workload"], met["study"], strict=True)
    first = {}
    for cell, trial, examples in zip(cells, met["trial"], met["hit_examples"], strict=True):
        first.setdefault(cell, (trial, examples))
    return first


def test_every_trial_runs_to_the_end_of_its_horizon_by_default(whole):
    trials = load_results(whole)
    assert trials["complete"].all() and (trials["end_examples"] == trials["horizon_examples"]).all()
    assert set(trials["status"]) == {"reached", "missed"} and board(whole)["reading"].startswith("compute saved")


def test_safe_pruning_keeps_first_hits_and_scores_spends_less_and_has_no_speed_up_by_compute_saved(whole, safe):
    assert hits(safe) == hits(whole) != {}
    assert times_and_scores(safe) == times_and_scores(whole)
    assert ran(safe) < ran(whole)
    assert board(safe)["reading"] == "time to target" and board(safe)["pruned_by"] == {}
    assert any("pruned: `timetrial run` without --prune" in note for note in board(safe)["notes"])


def test_a_run_without_pruning_completes_what_a_pruned_run_has_cut(whole, safe, tmp_path):
    results = shutil.copytree(safe, tmp_path / "r")
    assert timetrial(*INLINE, "--results", results).returncode == 0
    assert outcome(results) == outcome(whole) and same_board(results, whole)


def test_a_pruned_run_uses_complete_records_and_keeps_them(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "r")
    done = timetrial(*INLINE, "--prune", "safe", "--results", tmp_path / "r")
    assert done.stdout.splitlines()[-1].startswith("0 trials") and outcome(tmp_path / "r") == outcome(whole)


@pytest.mark.parametrize("executor", ["inline", pytest.param("ray", marks=pytest.mark.slow)])
def test_score_only_keeps_the_scores_says_so_and_its_records_are_not_reused_by_a_plain_run(
    whole, safe, tmp_path, executor, request
):
    results = tmp_path / "r"
    if executor == "ray":
        more = ("--address", request.getfixturevalue("cluster"), "--results", results)
        done = timetrial(*SMALL, "--studies", 3, *more, "--prune", "score-only")
        assert done.returncode == 0, done.stderr + done.stdout
    else:
        done, from_there = request.getfixturevalue("cut")
        more = ("--executor", executor, "--results", shutil.copytree(from_there, results))
    assert scores(results) == scores(whole)
    assert ran(results) < ran(safe)
    cut = {name for name, record in outcome(results).items() if record["pruned_by"] == "score-only"}
    assert cut and all(outcome(results)[name]["reason"] for name in cut)
    assert "score-only" in board(results)["pruned_by"] and "score-only" in done.stdout
    assert board(results)["submissions"][0]["score_low"] is None

    again = timetrial("report", "--results", results)
    assert again.returncode == 0 and "score-only" in again.stdout
    page = (results / "leaderboard.html").read_text(encoding="utf-8")
    assert "Pruned with --prune score-only" in page[page.index('role="alert"') : page.index("</header>")]

    assert timetrial(*SMALL, "--studies", 3, *more).returncode == 0
    assert same_board(results, whole) and board(results)["pruned_by"] == {}
    assert all(record["pruned_by"] == "" for record in outcome(results).values())


def test_the_same_score_only_run_again_runs_nothing(cut, tmp_path):
    results = shutil.copytree(cut[1], tmp_path / "r")
    done = timetrial(*INLINE, "--prune", "score-only", "--results", results)
    assert done.returncode == 0, done.stderr + done.stdout
    assert done.stdout.splitlines()[-1].startswith("0 trials")


def test_a_cut_trial_runs_again_where_the_submissions_that_justified_the_cut_do_not_run(tmp_path):
    for name, text in EASY.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    easy = ("run", "--suite", "smoke", "-w", "easy", "--studies", 3, "--executor", "inline")
    more = ("--prune", "score-only", "--results", "r")
    done = timetrial(*easy, "-s", "cosine", "-s", "./late.py", *more, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    cut = {
        r.spec.id for r in ResultStore(tmp_path / "r").records() if "late" in r.spec.submission and "the fastest" in r.reason
    }
    assert cut

    done = timetrial(*easy, "-s", "./late.py", *more, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    records = {r.spec.id: r for r in ResultStore(tmp_path / "r").records()}
    assert cut <= records.keys() and not any("the fastest" in records[name].reason for name in cut)


def test_trials_that_an_option_stopped_count_as_not_run_on_the_board_of_a_plain_run(cut, tmp_path):
    results = shutil.copytree(cut[1], tmp_path / "r")
    for path in (results / "runs").glob("*.json"):
        note = json.loads(path.read_text())
        del note["pruned_by"]
        path.write_text(json.dumps(note))
    done = timetrial("report", "--results", results)
    assert done.returncode == 0, done.stderr
    assert "Partial board" in (results / "leaderboard.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "more, words",
    [
        (("--prune", "score-only", "--studies", 4), "odd number of studies, not 4"),
        (("--prune", "hard"), "--prune hard"),
        (("--prune", "score-only", "--track", "budget"), "leave it out"),
        (("--prune", "safe", "--track", "budget"), "leave it out"),
        (("--prune", "safe", "--sensitivity"), "leave it out"),
    ],
)
def test_options_that_contradict_each_other_are_one_plain_line(tmp_path, more, words):
    done = timetrial(*SMALL, *more, "--results", tmp_path)
    assert done.returncode == 2 and words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("rule", ["safe", "score-only"])
def test_until_separable_refuses_pruning(rule, tmp_path):
    done = timetrial("run", "--until-separable", "cosine", "linear", "--prune", rule, "--results", tmp_path)
    assert done.returncode == 2 and "--until-separable" in done.stderr
