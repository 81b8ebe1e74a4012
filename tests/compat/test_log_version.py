"""The version of AlgoPerf is recognised or asked for, and workloads can be left out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness import BadInput
from harness.compat import V05, V06, read_logs, read_targets, write_logs
from harness.results import ResultStore, board_input
from tests.compat.test_algoperf_logs import DATA
from tests.compat.trees import GOOD, HEADER, put

LM = GOOD.replace("ssim", "ppl").replace("0.73", "22.2").replace("0.5", "90")


@pytest.mark.parametrize("name", ["algoperf_v06", "algoperf-0.6", "AlgoPerf_V0.6", "v06", "algoperf_v06_copy"])
def test_the_version_is_recognised_from_the_path(tmp_path: Path, name: str) -> None:
    put(tmp_path / name / "logs" / "external_tuning", "steady")
    logs = read_logs(tmp_path / name / "logs" / "external_tuning")
    assert (logs.version, logs.suite) == ("0.6", "algoperf-0.6") and name in logs.recognised
    assert logs.trials["budget_seconds"].iloc[0] == 4430 and len(logs.workloads) == 9


def test_the_version_is_recognised_from_a_workload(tmp_path: Path) -> None:
    put(tmp_path / "external_tuning", "steady", LM, workload="finewebedu_lm_jax")
    assert read_logs(tmp_path / "external_tuning").version == "0.6"
    put(tmp_path / "b" / "external_tuning", "steady", workload="fastmri_tanh_jax")
    assert read_logs(tmp_path / "b" / "external_tuning").version == "0.5"


def test_the_version_is_recognised_from_the_budget_stated_beside_a_log(tmp_path: Path) -> None:
    log = put(tmp_path / "external_tuning", "steady")
    (log.parent / "meta_data_0.json").write_text(json.dumps({"workload.max_allowed_runtime_sec": 4430}))
    assert read_logs(tmp_path / "external_tuning").version == "0.6"
    for broken in ("", "[]", '{"workload.max_allowed_runtime_sec": "x"}', "[" * 100_000):
        (log.parent / "meta_data_0.json").write_text(broken)
        assert read_logs(tmp_path / "external_tuning").version == "0.5", "assumed"


def test_the_version_is_recognised_from_a_clock_that_exceeds_the_budget_of_the_other(tmp_path: Path) -> None:
    put(tmp_path / "external_tuning", "steady", f"{GOOD}8000,9,0.5\n")
    assert read_logs(tmp_path / "external_tuning").version == "0.5"
    resnet = HEADER.replace("ssim", "accuracy") + "66000,1,0.5\n"
    put(tmp_path / "b" / "external_tuning", "steady", resnet, workload="imagenet_resnet_jax")
    assert read_logs(tmp_path / "b" / "external_tuning").version == "0.6"


def test_a_version_that_nothing_tells_is_assumed_with_a_note(tmp_path: Path) -> None:
    tree = tmp_path / "external_tuning"
    put(tree, "steady")
    logs = read_logs(tree)
    assert logs.version == "0.5" and logs.recognised.startswith("assumed") and "--benchmark-version 0.6" in logs.recognised
    assert read_logs(tree, version="0.6").version == "0.6"
    with pytest.raises(BadInput, match=r"did you mean '0\.6'"):
        read_logs(tree, version="0.66")
    with pytest.raises(BadInput, match=r"are of AlgoPerf 0\.5, not 0\.6"):
        read_logs(tree, version="0.6", targets=V05)


def test_a_workload_can_be_left_out_and_makes_another_board(tmp_path: Path) -> None:
    tree = tmp_path / "algoperf_v06" / "external_tuning"
    put(tree, "steady")
    put(tree, "steady", LM, workload="finewebedu_lm_jax")
    store = ResultStore(tmp_path / "results")
    write_logs(read_logs(tree), store)
    without = read_logs(tree, without=["finewebedu_lm"])
    write_logs(without, store)
    assert without.suite == "algoperf-0.6-without-finewebedu_lm" and len(without.workloads) == 8
    assert any("Left out, as asked for: finewebedu_lm." in note for note in without.notes)
    left, whole = (board_input(store.directory, track="external", suite=suite) for suite in (without.suite, "algoperf-0.6"))
    assert set(left.trials["workload"]) == {"fastmri"} and "finewebedu_lm" not in left.workloads
    assert set(whole.trials["workload"]) == {"fastmri", "finewebedu_lm"}


def test_a_base_workload_takes_its_variants_with_it() -> None:
    left = V05.leaving_out(["ogbg", "fastmri_tanh"])
    assert not {"ogbg", "ogbg_model_size", "fastmri_tanh"} & set(left.labels) and "fastmri" in left.labels
    with pytest.raises(BadInput, match="did you mean 'finewebedu_lm'"):
        V06.leaving_out(["finewebedu"])
    with pytest.raises(BadInput, match=r"no workload of AlgoPerf 0\.6 is left"):
        V06.leaving_out(V06.bases)


def test_the_budgets_of_a_targets_file_are_its_own_and_a_mark_at_its_start_is_read(tmp_path: Path) -> None:
    value = json.loads((DATA / "workload_targets_v05.json").read_text())
    value["workloads"]["ogbg"] |= {"max_allowed_runtime_sec": 5, "target_metric_goal": "minimize"}
    file = tmp_path / "targets.json"
    file.write_text(json.dumps(value), encoding="utf-8-sig")
    targets = read_targets(file)
    assert targets.budget("ogbg", "external") == 5 and targets.budget("wmt", "external") == V05.seconds["wmt"]
    assert targets.lower_is_better("ogbg") and not targets.lower_is_better("wmt")


BROKEN = [
    {"benchmark_version": "a\nb"},
    {"base_workloads": []},
    {"base_workloads": ["nope"]},
    {"workloads": {}},
    {"workloads": {"wmt": {"target_metric_name": "bleu", "validation_target_value": "nan"}}},
    {"workloads": {"wmt": {"target_metric_name": "bleu", "validation_target_value": 10**400}}},
    {"workloads": {"wmt": {"target_metric_name": "bleu", "validation_target_value": 1, "max_allowed_runtime_sec": -1}}},
]


@pytest.mark.parametrize("change", BROKEN, ids=[str(change)[:60] for change in BROKEN])
def test_a_targets_file_of_another_form_is_bad_input(tmp_path: Path, change: dict[str, object]) -> None:
    value = {"benchmark_version": "0.9", "base_workloads": ["wmt"], "held_out_workloads": []}
    value |= {"workloads": {"wmt": {"target_metric_name": "bleu", "validation_target_value": 1}}, **change}
    file = tmp_path / "targets.json"
    file.write_text(json.dumps(value))
    with pytest.raises(BadInput, match=r"is not an official workload_targets\.json"):
        read_targets(file)
