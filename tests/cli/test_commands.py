"""The command line from the outside: names, JSON, plain mistakes, no torch where none is needed."""

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from harness.cli.app import run_app
from harness.records import Status
from harness.results import ResultStore
from tests.execution.commands import board, timetrial
from tests.execution.races import linear_and_rex


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return shutil.copytree(linear_and_rex(tmp_path_factory), tmp_path_factory.mktemp("results") / "r")


@pytest.fixture
def no_torch(tmp_path):
    (tmp_path / "torch.py").write_text("raise ImportError('torch is blocked in this test')")
    return {"PYTHONPATH": str(tmp_path)}


@pytest.mark.parametrize("what", ["submissions", "workloads", "suites", "libraries"])
def test_lists_are_json_arrays_of_named_objects_without_torch(what, no_torch):
    done = timetrial("list", what, "--json", **no_torch)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert rows
    assert all(row["name"] for row in rows)


def test_a_curve_has_the_papers_values_without_torch(no_torch):
    done = timetrial("curve", "rex", "--horizon", 1000, "--json", **no_torch)
    value = json.loads(done.stdout)
    assert (value["name"], value["horizon"], len(value["multiplier"])) == ("rex", 1000, 1000)
    assert [round(value["multiplier"][i], 3) for i in (250, 500, 750, 900)] == [0.857, 0.667, 0.4, 0.182]


def test_a_curve_takes_hyperparameters_and_draws(tmp_path):
    done = timetrial("curve", "polynomial:power=3.0", "--horizon", 10, "--json")
    value = json.loads(done.stdout)
    assert (value["name"], value["multiplier"][5]) == ("polynomial:power=3", pytest.approx(0.125))
    assert timetrial("curve", "cosine", "--plot", tmp_path / "c.svg").returncode == 0
    assert "<svg" in (tmp_path / "c.svg").read_text()


def test_a_report_needs_no_torch(results, no_torch, tmp_path):
    before = {name: (results / f"leaderboard.{name}").read_bytes() for name in ("html", "json", "csv")}
    done = timetrial("report", "--results", results, **no_torch)
    assert done.returncode == 0, done.stderr
    assert {name: (results / f"leaderboard.{name}").read_bytes() for name in before} == before


def test_the_board_has_the_fixed_fields(results):
    value = board(results)
    fixed = {"schema", "track", "clock", "suite", "submissions", "workloads", "trials", "environment"}
    assert fixed <= set(value)
    rows = {
        "name", "rank", "rank_low", "rank_high", "score", "score_low", "score_high", "speedup", "speedup_low", "speedup_high",
        "targets_reached", "workloads",
    }  # fmt: skip
    assert all(rows <= set(row) for row in value["submissions"])
    assert all(
        {"time", "low", "high", "reached", "studies"} <= set(c) for r in value["submissions"] for c in r["workloads"].values()
    )


def test_a_report_writes_each_figure_as_svg_and_pdf(results, tmp_path):
    done = timetrial("report", "--results", results, "--out", tmp_path / "page.html", "--figures", tmp_path / "figures")
    assert done.returncode == 0, done.stderr
    names = sorted(path.name for path in (tmp_path / "figures").iterdir())
    assert [name for name in names if name.startswith("digits_mlp")] == [
        *("digits_mlp_race.pdf", "digits_mlp_race.svg", "digits_mlp_times.pdf", "digits_mlp_times.svg")
    ]
    assert f"{len(names)} files" in done.stdout


def test_the_table_alone_is_printed_or_put_between_the_markers(results, tmp_path):
    printed = timetrial("report", "--results", results, "--format", "md")
    assert printed.returncode == 0, printed.stderr
    begin, end = printed.stdout.splitlines()[0], printed.stdout.splitlines()[-1]
    assert "BEGIN" in begin and "END" in end and "| rex |" in printed.stdout
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{begin}\n{end}\nafter\n")
    assert timetrial("report", "--results", results, "--format", "md", "--out", readme).returncode == 0
    assert readme.read_text() == f"before\n{printed.stdout}after\n"
    readme.write_text("no markers")
    refused = timetrial("report", "--results", results, "--format", "md", "--out", readme)
    assert refused.returncode == 2 and begin in refused.stderr and refused.stderr.count("\n") == 1
    latex = timetrial("report", "--results", results, "--format", "tex")
    assert latex.stdout.count("\\begin{tabular}") == 1
    assert not (tmp_path / "leaderboard.html").exists()


@pytest.mark.parametrize("clock", ["examples", "seconds", "steps"])
def test_any_clock_scores_the_run(results, clock, tmp_path):
    done = timetrial("report", "--results", results, "--clock", clock, "--out", tmp_path / "page.html")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "page.json").read_text())["clock"] == clock


MISTAKES = [
    ("run", "-s", "no_such_schedule", "--suite", "smoke"),
    ("run", "-s", "rexx", "--suite", "smoke"),
    ("run", "-w", "no_such_workload"),
    ("run", "--suite", "nope"),
    ("run", "--suite", "smoke", "--studies", "0"),
    ("run", "--suite", "smoke", "--studies", "three"),
    ("run", "--suite", "smoke", "--executor", "slurm"),
    ("run", "--suite", "smoke", "--workers", "0"),
    ("run", "--suite", "smoke", "--time-limit", "-1"),
    ("run", "--suite", "smoke", "--time-limit", "inf"),
    ("run", "--suite", "smoke", "--memory", "0"),
    ("run", "--suite", "smoke", "--memory", "nan"),
    ("run", "--suite", "smoke", "-s", "rex", "--track", "external"),
    ("run", "--no-such-option"),
    ("run", "--suite", "smoke", "--no-prune"),
    ("run", "--suite", "smoke", "-s", "rex", "--stop-hopeless"),
    ("report", "--results", "nowhere"),
    ("report", "--clock", "moons"),
    ("report", "--format", "docx"),
    ("report", "--format", "md", "--figures", "figures"),
    ("curve", "nope"),
    ("curve", "rex", "--horizon", "0"),
    ("curve", "polynomial:powr=2"),
    ("curve", "polynomial:power"),
    ("curve", "wsd:decay=linaer"),
    ("run", "--suite", "smoke", "-s", "rex:clip=1"),
    ("run", "--suite", "smoke", "--all", "-s", "rex"),
    ("run", "--suite", "smoke", "--all", "--track", "nope"),
    ("list", "suites", "--docs", "here"),
    ("list", "libraries", "--docs", "here"),
    ("list", "submision"),
    ("data", "-w", "nope"),
    ("nope",),
]


def assert_one_plain_line(status, err, folder):
    assert status == 2
    assert err.startswith("timetrial: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert list(folder.iterdir()) == [], "nothing may be left behind"


@pytest.mark.parametrize("arguments", MISTAKES, ids=" ".join)
def test_a_mistake_is_one_plain_line_and_exit_status_2(arguments, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    status = run_app([*arguments])
    assert_one_plain_line(status, capfd.readouterr().err, tmp_path)


@pytest.mark.parametrize("arguments", {words[0]: words for words in MISTAKES}.values(), ids=" ".join)
def test_a_mistake_ends_the_process_of_each_verb_so(arguments, tmp_path):
    done = timetrial(*arguments, cwd=tmp_path)
    assert_one_plain_line(done.returncode, done.stderr, tmp_path)


def test_a_near_miss_is_told_the_right_name():
    assert "did you mean 'rex'?" in timetrial("run", "-s", "rexx", "--suite", "smoke").stderr


@pytest.mark.parametrize("option", ["--no-prune", "--stop-hopeless"])
def test_an_option_that_is_gone_is_answered_with_what_runs_do_now(option, tmp_path):
    told = timetrial("run", "--suite", "smoke", option, cwd=tmp_path).stderr
    assert option in told and "every trial runs to its end" in told and "--prune safe" in told


def test_the_answer_to_an_option_that_is_gone_is_of_the_verb_that_had_it(tmp_path):
    told = timetrial("report", "--no-prune", cwd=tmp_path).stderr
    assert "--no-prune" in told and "--prune safe" not in told


def test_a_second_run_adds_no_trial(results):
    before = {path: path.read_bytes() for path in results.glob("trials/*/*/*.json")}
    run = ("run", "--suite", "smoke", "-s", "linear", "-s", "rex", "--studies", 1, "--executor", "inline", "--results", results)
    done = timetrial(*run, writes_board=False)
    assert done.returncode == 0
    assert {path: path.read_bytes() for path in results.glob("trials/*/*/*.json")} == before
    assert "0 trials" in done.stdout


def test_five_lines_of_python_are_on_the_board_and_only_their_trials_run(tmp_path):
    mine = tmp_path / "submissions"
    mine.mkdir()
    code = "from harness import schedule\n@schedule\ndef mine(step, horizon):\n    'Mine.'\n"
    code += "    return (1 - step / horizon) ** {}\n"
    (mine / "mine.py").write_text(code.format(0.5))
    run = ("run", "--suite", "smoke", "--studies", 1, "--executor", "inline", "--results", "r")
    assert timetrial(*run, "-s", "linear", cwd=tmp_path, writes_board=False).returncode == 0
    before = set(tmp_path.glob("r/trials/*/*/*.json"))
    assert timetrial(*run, "-s", "mine", cwd=tmp_path).returncode == 0
    new = set(tmp_path.glob("r/trials/*/*/*.json")) - before
    assert {path.parent.name for path in new} == {"mine"}
    assert {row["name"] for row in board(tmp_path / "r")["submissions"]} == {"linear", "mine"}

    (mine / "mine.py").write_text(code.format(0.6))
    assert timetrial(*run, "-s", "linear", "-s", "mine", cwd=tmp_path, writes_board=False).returncode == 0
    rerun = set(tmp_path.glob("r/trials/*/*/*.json")) - before - new
    assert {path.parent.name for path in rerun} == {"mine"}
    assert len(rerun) == len(new)


def test_all_runs_every_schedule_and_the_default_is_the_first_ten(tmp_path):
    rows = json.loads(timetrial("list", "submissions", "--json").stdout)
    schedules = {row["name"] for row in rows if row["kind"] == "schedule"}
    run = ("run", "--suite", "smoke", "--studies", 1, "--trials", 1, "--dry-run", "--results", tmp_path / "r")
    counts = [timetrial(*run, *more).stdout.split(" trials to run")[0].split()[-1] for more in ((), ("--all",))]
    assert counts == ["20", str(2 * len(schedules))] and len(schedules) > 20
    named = timetrial(*run, "--track", "self-tuning", "--all").stdout.split()
    assert {"sam", "soap+cosine", "schedule_free_sgd+constant"} <= set(named) and not {"soap", "cosine"} & set(named)


def test_a_dry_run_prints_trials_and_cost_and_writes_nothing(tmp_path):
    done = timetrial("run", "--suite", "smoke", "-s", "linear", "--dry-run", "--results", tmp_path / "r")
    assert done.returncode == 0
    assert "12 trials to run" in done.stdout
    assert "CPU seconds" in done.stdout
    assert not (tmp_path / "r").exists()


def test_a_dry_run_of_sizes_for_a_gpu_says_hours_of_a_gpu_and_not_cpu_seconds(tmp_path):
    run = ("run", "--suite", "full", "-w", "imagenet_resnet50", "-s", "linear", "--studies", 1, "--trials", 1, "--dry-run")
    said = timetrial(*run, "--results", tmp_path / "r").stdout
    assert "about 0 CPU seconds" in said
    assert "2 of them (imagenet_resnet50) are for a GPU and not in these seconds: about 0.9 hours on one A100" in said


def test_a_dry_run_knows_that_self_tuning_gives_more_than_the_budget(tmp_path):
    run = ("run", "--suite", "smoke", "-s", "adamw", "--track", "self-tuning", "--studies", 2, "--dry-run")
    said = [timetrial(*run, "--results", tmp_path / "r", *more).stdout for more in ((), ("--prune", "safe"))]
    assert "2 trials to run (0 recorded already): about 4 CPU seconds" in said[0] and "pruning" not in said[0]
    assert "at most 4 CPU seconds" in said[1] and "before pruning" in said[1]


def test_a_dry_run_counts_compacted_trials_as_recorded(results, tmp_path):
    copy = shutil.copytree(results, tmp_path / "r")
    run = ("run", "--suite", "smoke", "-s", "linear", "--studies", 1, "--executor", "inline", "--results", copy)
    assert timetrial("report", "--compact", "--results", copy).returncode == 0
    assert not list(copy.glob("trials/*/*/*.json"))
    assert "0 trials to run (4 recorded already)" in timetrial(*run, "--dry-run").stdout
    assert "4 trials to run (4 recorded already)" in timetrial(*run, "-s", "cosine", "--dry-run").stdout


def test_a_dry_run_counts_what_a_run_would_repeat_as_to_run(results, tmp_path):
    copy = shutil.copytree(results, tmp_path / "r")
    run = ("run", "--suite", "smoke", "-s", "linear", "--studies", 1, "--executor", "inline", "--results", copy)
    store = ResultStore(copy)
    killed, failed, *_ = (record for record in store.records() if record.spec.submission == "linear")
    for record, status in ((killed, Status.KILLED), (failed, Status.FAILED)):
        store.write(replace(record, status=status, reason="for this test"))
    assert "1 trials to run (3 recorded already)" in timetrial(*run, "--dry-run").stdout
    assert "2 trials to run (2 recorded already)" in timetrial(*run, "--retry", "--dry-run").stdout


def test_a_damaged_record_is_named_set_aside_and_run_again(results):
    path = sorted(results.glob("trials/*/linear/*.json"))[0]
    content = path.read_bytes()
    path.write_bytes(content[:100])
    run = ("run", "--suite", "smoke", "-s", "linear", "-s", "rex", "--studies", 1, "--executor", "inline", "--results", results)
    done = timetrial(*run)
    assert done.returncode == 0
    assert path.name in done.stdout
    assert json.loads(path.read_bytes())["id"] == json.loads(content)["id"]


def test_two_runs_may_share_a_results_directory(tmp_path):
    run = ("run", "--suite", "smoke", "-s", "linear", "--studies", 1, "--executor", "inline", "--results", tmp_path)
    with ThreadPoolExecutor(2) as threads:  # each thread waits for a process of its own
        both = [threads.submit(timetrial, *run, writes_board=False) for _ in range(2)]
    assert [done.result().returncode for done in both] == [0, 0]
    assert len(list(tmp_path.glob("trials/*/*/*.json"))) == 4
    assert not list(tmp_path.rglob("*.tmp"))


def test_doctor_says_what_there_is():
    done = timetrial("doctor")
    assert "torch" in done.stdout
    assert "device" in done.stdout


def test_the_package_is_found_from_any_directory(tmp_path):
    done = subprocess.run(
        [Path(sys.executable).with_name("timetrial"), "list", "suites"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0
    assert "smoke" in done.stdout


def test_the_version_is_that_of_the_package():
    done = timetrial("--version")
    assert (done.returncode, done.stdout) == (0, f"timetrial {version('timetrial')}\n")
