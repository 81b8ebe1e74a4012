"""Official logs become records and then a board, and nothing is lost or added."""

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from harness import BadInput
from harness.compat import V05, first_hits, log_records, read_logs, write_logs
from harness.results import ResultStore, board_input, read_trials, records_frame
from harness.scoring import board_json, score_board
from harness.scoring.rules import ScoringRules
from tests.compat.test_algoperf_logs import LOGS
from tests.execution.commands import timetrial
from tests.scoring.test_algoperf import PUBLISHED


def test_records_read_back_as_the_same_trials(tmp_path: Path) -> None:
    logs = read_logs(LOGS)
    assert write_logs(logs, ResultStore(tmp_path)) == 40
    key = ["submission", "workload", "study", "trial"]
    back, sent = (given.sort_values(key, ignore_index=True) for given in (read_trials(tmp_path), logs.trials))
    for name in sent.columns.difference(["curve", "concurrency"]):
        assert [_plain(x) for x in back[name]] == [_plain(x) for x in sent[name]], name
    for a, b in zip(back["curve"], sent["curve"], strict=True):
        for clock in b:
            np.testing.assert_array_equal(a[clock], b[clock])


def _plain(value: object) -> object:
    return "nan" if isinstance(value, float) and math.isnan(value) else value


def test_a_board_from_records_is_the_board_from_logs(tmp_path: Path) -> None:
    logs = read_logs(LOGS)
    write_logs(logs, ResultStore(tmp_path))
    given = board_input(tmp_path)
    assert given.workloads == tuple(sorted(V05.bases))
    a = score_board(given.trials, ScoringRules("seconds", baseline="baseline", workloads=given.workloads))
    b = score_board(logs.trials, ScoringRules("seconds", baseline="baseline", workloads=logs.workloads))
    assert board_json(a, []) == board_json(b, [])


def write_official_logs(place: Path) -> Path:
    """Write the official table as a directory of logs: empty cells up to the first hit, which meets its target."""
    for row in first_hits().trials.itertuples():
        folder = f"{row.submission}/study_{row.study}/{row.workload}_jax/trial_{row.trial}"
        count = max(row.hit_index, 0) + 1
        ends = (row.hit_seconds, int(row.hit_steps)) if row.hit_index >= 0 else (row.budget_seconds, 1000)
        lines = [f"{ends[0] * i / count!r},{i}," for i in range(1, count)]
        lines.append(f"{ends[0]!r},{ends[1]},{row.target if row.hit_index >= 0 else ''}")
        file = place / "external_tuning" / folder / "eval_measurements.csv"
        file.parent.mkdir(parents=True)
        file.write_text("\n".join([f"accumulated_submission_time,global_step,validation/{row.metric}", *lines]) + "\n")
    return place / "external_tuning"


def published(board: object) -> dict[str, float]:
    return {row.name: round(row.score, 4) for row in board.rows}


def test_the_official_table_as_logs_and_records_gives_every_published_score(tmp_path: Path) -> None:
    logs = read_logs(write_official_logs(tmp_path))
    trials = records_frame(log_records(logs), ResultStore(tmp_path))
    rules = ScoringRules("seconds", workloads=logs.workloads, legacy_tie_rule=True, legacy_grid=True)
    assert published(score_board(trials, rules)) == PUBLISHED


@pytest.mark.slow
def test_import_and_report_print_the_published_scores(tmp_path: Path) -> None:
    results = tmp_path / "results"
    assert timetrial("import", "algoperf", write_official_logs(tmp_path), "--results", results).returncode == 0
    flags = ("--clock", "seconds", "--legacy-tie-rule", "--legacy-grid")
    assert timetrial("report", "--results", results, *flags).returncode == 0
    rows = json.loads((results / "leaderboard.json").read_text())["submissions"]
    assert {row["name"]: round(row["score"], 4) for row in rows} == PUBLISHED


def test_importing_again_changes_no_record_and_no_board(tmp_path: Path) -> None:
    logs, store = read_logs(LOGS), ResultStore(tmp_path)
    write_logs(logs, store)
    before = {path: path.read_bytes() for path in tmp_path.glob("trials/*/*/*.json")}
    board = board_json(score_board(board_input(tmp_path).trials, ScoringRules("seconds")), [])
    write_logs(logs, store)
    assert {path: path.read_bytes() for path in tmp_path.glob("trials/*/*/*.json")} == before
    assert len(list(tmp_path.glob("runs/*.json"))) == 1
    assert board_json(score_board(board_input(tmp_path).trials, ScoringRules("seconds")), []) == board


def test_newer_logs_of_a_submission_replace_the_older_ones(tmp_path: Path) -> None:
    shutil.copytree(LOGS, tmp_path / "external_tuning")
    store = ResultStore(tmp_path / "results")
    write_logs(read_logs(tmp_path / "external_tuning"), store)
    shutil.rmtree(tmp_path / "external_tuning" / "baseline" / "study_0" / "ogbg_jax" / "trial_1")
    shutil.rmtree(tmp_path / "external_tuning" / "shampoo_submission")
    write_logs(read_logs(tmp_path / "external_tuning"), store)
    trials = board_input(tmp_path / "results").trials
    assert trials["submission"].value_counts().to_dict() == {"shampoo_submission": 20, "baseline": 19}


def test_two_rulesets_are_two_boards(tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    write_logs(read_logs(LOGS, track="self-tuning"), store)
    write_logs(read_logs(LOGS), store)
    for track in ("external", "self-tuning"):
        assert set(board_input(tmp_path, track=track).trials["track"]) == {track}
    with pytest.raises(BadInput, match=r"--track external --suite algoperf-0\.5"):
        board_input(tmp_path, track="budget")


def test_notes_name_what_is_absent_from_the_logs() -> None:
    notes = " ".join(first_hits().notes)
    assert "No logs of criteo1tb by caspr_adaptive, schedule_free_prodigy" in notes
    assert "The usual number of studies is 5; it is 3 for lawa_ema on librispeech_deepspeech." in notes
    sample = " ".join(read_logs(LOGS).notes)
    assert "absent from the logs, so scored as unsolved: criteo1tb, imagenet_resnet" in sample
    assert "so they have no effect: criteo1tb_embed_init" in sample
