"""Trees a step off the expected one: what is read, and that no submission vanishes without a word."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness import BadInput
from harness.compat import Logs, read_logs
from tests.compat.trees import GOOD, HEADER, put, tree_in


def statuses(logs: Logs, submission: str) -> dict[tuple[int, int], str]:
    own = logs.trials[logs.trials["submission"] == submission]
    return {(int(r.study), int(r.trial)): str(r.status) for r in own.itertuples()}


@pytest.mark.parametrize("study", ["Study_0", "study-0", "STUDY 0", "study0", "study_000"])
@pytest.mark.parametrize("trial", ["trial_3", "Trial-3", "trial3"])
def test_names_of_directories_are_read_where_they_are_clear(tmp_path: Path, study: str, trial: str) -> None:
    tree = tree_in(tmp_path)
    put(tree, "odd", study=study, trial=trial, workload="FastMRI_JAX")
    logs = read_logs(tree)
    assert statuses(logs, "odd") == {(0, 3): "reached"} and not logs.oddities


NOT_READ = [
    ({"trial": "trial_best"}, "odd: nothing of it was read: odd/study_0/fastmri_jax/trial_best is not named trial_N"),
    ({"study": "best_study"}, "odd: nothing of it was read: odd/best_study is not named study_N"),
    ({"study": "study_99999999999999999999"}, "is not named study_N"),
    ({"workload": "trial_1", "trial": "."}, "odd/study_0/trial_1 is in no directory of a workload"),
    ({"name": "evals.csv"}, "odd: nothing of it was read: it contains no study_N/WORKLOAD/trial_M/eval_measurements.csv"),
]


@pytest.mark.parametrize(("where", "note"), NOT_READ, ids=[str(case[0]) for case in NOT_READ])
def test_a_submission_of_which_nothing_is_read_is_noted(tmp_path: Path, where: dict[str, str], note: str) -> None:
    tree = tree_in(tmp_path)
    put(tree, "odd", **where)
    logs = read_logs(tree)
    assert statuses(logs, "odd") == {} and statuses(logs, "steady") == {(0, 1): "reached"}
    assert len(logs.oddities) == 1 and note in logs.oddities[0]


def test_compressed_logs_and_measurements_are_read_where_there_is_nothing_better(tmp_path: Path) -> None:
    tree = tree_in(tmp_path)
    put(tree, "packed", gzip.compress(GOOD.encode()), name="eval_measurements.csv.gz")
    put(tree, "both")
    put(tree, "both", "x\n", name="measurements.csv")
    put(tree, "measured", GOOD, name="measurements.csv")
    put(tree, "empty", "x\n", name="measurements.csv")
    logs = read_logs(tree)
    assert all(statuses(logs, name) == {(0, 1): "reached"} for name in ("packed", "both", "measured"))
    assert statuses(logs, "empty") == {(0, 1): "failed"}
    assert sum("there is no eval_measurements.csv" in note for note in logs.oddities) == 2


def test_a_trial_without_a_log_fails_unless_its_whole_study_has_none(tmp_path: Path) -> None:
    tree = tree_in(tmp_path)
    put(tree, "steady", trial="trial_2").unlink()
    put(tree, "steady", study="study_1").unlink()
    logs = read_logs(tree)
    assert statuses(logs, "steady") == {(0, 1): "reached", (0, 2): "failed"}
    assert any("steady, trial 2 of study 0 on fastmri: its directory contains no log" in note for note in logs.oddities)
    assert any("No trial of steady on fastmri has a log in study 1" in note for note in logs.notes)


def test_a_miss_that_ends_before_a_twentieth_of_the_budget_has_failed(tmp_path: Path) -> None:
    tree = tree_in(tmp_path)
    for trial, end in enumerate((100, 442, 444, 8800), start=1):
        put(tree, "steady", f"{HEADER}{end},1,0.5\n", trial=f"trial_{trial}")
    logs = read_logs(tree)
    assert list(statuses(logs, "steady").values()) == ["failed", "failed", "missed", "missed"]
    reasons = list(logs.trials["reason"])
    assert reasons[0] == "its log ends within the first 2 % of the budget, without the target"
    assert reasons[1] == "its log ends within the first 5 % of the budget, without the target"


def test_a_log_that_ends_early_in_nan_has_diverged(tmp_path: Path) -> None:
    tree = tree_in(tmp_path)
    put(tree, "steady", f"{HEADER}100,1,0.5\n120,2,nan\n")
    assert statuses(read_logs(tree), "steady") == {(0, 1): "diverged"}


def test_pipes_devices_loops_and_dead_links_are_noted_and_never_opened(tmp_path: Path) -> None:
    tree = tree_in(tmp_path)
    for name in ("pipe", "device", "folder"):
        put(tree, name).unlink()
    os.mkfifo(tree / "pipe" / "study_0" / "fastmri_jax" / "trial_1" / "eval_measurements.csv")
    (tree / "device" / "study_0" / "fastmri_jax" / "trial_1" / "eval_measurements.csv").symlink_to("/dev/zero")
    (tree / "folder" / "study_0" / "fastmri_jax" / "trial_1" / "eval_measurements.csv").mkdir()
    (tree / "loop").symlink_to("loop")
    (tree / "up").symlink_to("..")
    (tree / "dead").symlink_to("nowhere")
    (tree / "steady" / "study_0" / "fastmri_jax" / "trial_2").symlink_to(".")
    logs = read_logs(tree)
    assert statuses(logs, "steady")[0, 1] == "reached"
    for name in ("pipe", "device", "folder", "loop", "up", "dead"):
        assert sum(note.startswith(name) for note in logs.oddities) == 1, name


def test_a_directory_that_cannot_be_read_is_noted(tmp_path: Path) -> None:
    tree = tree_in(tmp_path)
    closed = put(tree, "closed").parents[2]
    closed.chmod(0)
    for place in (tmp_path, *tmp_path.parents[:3]):
        place.chmod(0o755)
    code = (
        "import os, sys\n"
        "if os.geteuid() == 0: import harness.compat.algoperf_logs; os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "from harness.compat import read_logs\n"
        "print(*read_logs(sys.argv[1]).oddities)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tree)], capture_output=True, text=True, check=False)
    closed.chmod(0o755)
    assert done.stdout.startswith("closed: nothing of it was read: closed/study_0 cannot be read (Permission denied)"), (
        done.stderr
    )


def test_names_that_are_no_text_or_hold_controls_become_printable(tmp_path: Path) -> None:
    tree = tree_in(tmp_path)
    put(tree, "a\nb\x1b[31m")
    folder = os.fsencode(tree) + b"/\xff\xfe/study_0/fastmri_jax/trial_1"
    Path(os.fsdecode(folder)).mkdir(parents=True)
    Path(os.fsdecode(folder), "eval_measurements.csv").write_text("x\n")
    logs = read_logs(tree)
    assert set(logs.trials["submission"]) == {"steady", "a b⟨U+001B⟩[31m", "⟨U+DCFF⟩⟨U+DCFE⟩"}
    assert all(note.isprintable() for note in logs.notes)


def test_a_directory_one_level_too_high_is_told_the_right_one(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"or import '.*external_tuning'"):
        read_logs(tree_in(tmp_path).parent)


def test_a_directory_without_logs_says_why(tmp_path: Path) -> None:
    tree = tmp_path / "external_tuning"
    put(tree, "odd", trial="trial_best")
    with pytest.raises(BadInput, match=r"no logs in .*: expected SUBMISSION/.*trial_best is not named trial_N"):
        read_logs(tree)
