import math
import shutil
from importlib.resources import files
from pathlib import Path

import pandas as pd
import pytest

from harness import BadInput
from harness.compat import V05, log_records, read_logs, read_targets
from harness.records import TrialRecord
from harness.scoring import score_board
from harness.scoring.rules import ScoringRules

DATA = Path(__file__).parents[1] / "data" / "algoperf"
LOGS = DATA / "logs_sample" / "external_tuning"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(LOGS, tmp_path / "external_tuning")
    return tmp_path / "external_tuning"


def test_every_first_hit_equals_the_official_table() -> None:
    trials = read_logs(LOGS).trials
    table = pd.read_csv(files("harness.compat") / "data" / "v05_external_first_hits.csv.gz")
    both = trials.merge(
        table, left_on=["submission", "workload", "study", "trial"], right_on=["submission", "w", "study", "trial"], how="left"
    )
    assert len(trials) == len(both) == 40
    assert (both["hit_index"] == both["idx"]).all()
    assert (both["hit_seconds"] == both["time"]).all()
    assert both["curve"].map(lambda c: len(c["metric"])).eq(both["n"]).all()


def test_the_built_in_targets_are_the_official_ones() -> None:
    official = read_targets(DATA / "workload_targets_v05.json")
    assert (set(official.bases), set(official.held_out)) == (set(V05.bases), set(V05.held_out))
    assert all(official.goals[label] == goal for label, goal in V05.goals.items())
    assert official.seconds == V05.seconds


def test_no_trial_outlives_its_budget_by_more_than_an_evaluation_period() -> None:
    for row in read_logs(LOGS).trials.itertuples():
        assert row.end_seconds <= row.budget_seconds * 1.02


def test_imported_trials_score_with_absent_workloads_unsolved() -> None:
    logs = read_logs(LOGS)
    board = score_board(logs.trials, ScoringRules("seconds", baseline="baseline", workloads=logs.workloads))
    assert board.workloads == tuple(sorted(V05.bases)) and board.held_out == ()
    assert all(row.score <= 2 / 8 for row in board.rows)
    assert any("share no seeds" in note for note in board.notes)


def test_a_clock_that_the_logs_do_not_carry_is_bad_input() -> None:
    with pytest.raises(BadInput, match="--clock seconds"):
        score_board(read_logs(LOGS).trials)


def test_the_order_of_directories_changes_nothing(copy: Path) -> None:
    moved = copy.parent / "moved"
    shutil.move(copy / "baseline", moved)
    shutil.move(moved, copy / "baseline")
    (copy / "baseline" / "study_1" / "fastmri_jax").rename(copy / "baseline" / "study_1" / "fastmri")
    a, b = (score_board(read_logs(d).trials, ScoringRules("seconds", baseline="baseline")) for d in (LOGS, copy))
    assert a == b


def test_missing_trials_and_workloads_are_no_crash(copy: Path) -> None:
    shutil.rmtree(copy / "baseline" / "study_0" / "ogbg_jax")
    shutil.rmtree(copy / "shampoo_submission" / "study_1" / "fastmri_pytorch" / "trial_2")
    logs = read_logs(copy)
    assert len(logs.trials) == 34
    board = score_board(logs.trials, ScoringRules("seconds", baseline="baseline"))
    assert next(row for row in board.rows if row.name == "baseline").cells["ogbg"].missing == 1


def test_a_damaged_file_is_a_failed_trial_and_is_named(copy: Path) -> None:
    file = copy / "baseline" / "study_0" / "ogbg_jax" / "trial_3" / "eval_measurements.csv"
    for text in ("", "global_step\n1\n", file.read_text().splitlines()[0] + "\nx,y,z\n"):
        file.write_text(text)
        logs = read_logs(copy)
        failed = logs.trials[logs.trials["status"] == "failed"]
        assert list(failed["trial"]) == [3] and "trial_3" in logs.notes[0]


def test_nan_never_meets_a_target(copy: Path) -> None:
    file = copy / "baseline" / "study_0" / "fastmri_jax" / "trial_1" / "eval_measurements.csv"
    frame = pd.read_csv(file)
    frame["validation/ssim"] = math.nan
    frame.to_csv(file, index=False)
    row = read_logs(copy).trials.set_index(["submission", "workload", "study", "trial"]).loc[("baseline", "fastmri", 0, 1)]
    assert row["hit_index"] == -1 and row["status"] == "diverged"


def test_a_single_file_without_trial_folders_is_the_trial_of_a_self_tuning_study(copy: Path) -> None:
    study = copy / "baseline" / "study_0" / "ogbg_jax"
    text = (study / "trial_5" / "eval_measurements.csv").read_text()
    shutil.rmtree(study)
    study.mkdir()
    (study / "eval_measurements.csv").write_text(text)
    trials = read_logs(copy, track="self-tuning").trials
    assert len(trials) == 36 and set(trials["track"]) == {"self-tuning"}
    assert trials["budget_seconds"].max() == 3 * 18477


def test_a_mistake_is_an_error_that_says_what_to_type(copy: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--track external"):
        read_logs(shutil.move(copy, tmp_path / "logs"))
    with pytest.raises(BadInput, match="no directory"):
        read_logs(tmp_path / "nowhere")
    (tmp_path / "self_tuning").mkdir()
    with pytest.raises(BadInput, match="eval_measurements"):
        read_logs(tmp_path / "self_tuning")


def test_a_trial_logged_twice_fails_and_is_noted_unless_both_logs_are_equal(copy: Path) -> None:
    study = copy / "baseline" / "study_0"
    shutil.copytree(study / "ogbg_jax", study / "ogbg_pytorch")
    log = study / "ogbg_pytorch" / "trial_1" / "eval_measurements.csv"
    log.write_text(log.read_text() + log.read_text().splitlines()[-1] + "\n")
    logs = read_logs(copy)
    failed = logs.trials[logs.trials["status"] == "failed"]
    assert len(logs.trials) == 40 and list(failed["trial"]) == [1] and "a second time" in failed["reason"].iloc[0]
    assert sum("has the content of" in note for note in logs.oddities) == 4


def test_records_survive_json_and_keep_their_ids() -> None:
    logs = read_logs(LOGS)
    for record, name in zip(log_records(logs), logs.trials["id"], strict=True):
        assert record.spec.id == name
        assert TrialRecord.from_json(record.to_json()).evaluations == record.evaluations
