"""The script for the first GPU: it runs, as far as it makes sense, without one, and its page follows from what it wrote."""

import json

import pytest
import torch

from analyses.claims import fill
from harness.contracts.errors import BadInput
from harness.records import Status
from harness.registry import find_submission
from harness.trial.loop import TrialSettings, run_trial
from tests.benchmarks import gpu
from tests.benchmarks.gpu import PAGE, PARTS, STORE, How, Part, main, measured
from tests.benchmarks.gpu_page import MARKER, NOT_MEASURED, page
from tests.benchmarks.gpu_parts import commands
from tests.benchmarks.gpu_parts.trials import loaded, short_spec

QUICK = How("cpu", (("digits_mlp", "smoke"),), 2)
ON_CPU = ("--device", "cpu", "--quick")


def test_the_page_says_what_was_measured_or_that_nothing_was():
    stored = json.loads(STORE.read_text(encoding="utf-8")) if STORE.exists() else None
    assert page(stored) in PAGE.read_text(encoding="utf-8")
    assert page(None) == NOT_MEASURED


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_one_line_says_so(capsys):
    assert main([]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "no GPU here" in said


@pytest.mark.parametrize(
    ("arguments", "words"), [((), "name another file with --out"), (("--part", "smoke", "--out", "x.json"), "no part 'smoke'")]
)
def test_a_wrong_option_is_one_line(arguments, words, capsys):
    assert main([*ON_CPU, *arguments]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and words in said


def test_parts_that_need_no_gpu_run_on_a_cpu_and_the_others_are_left_out(tmp_path):
    out = tmp_path / "gpu.json"
    parts = ("machine", "steps", "loading", "many trials", "compiled", "tests")
    assert main([*ON_CPU, "--out", str(out), *(word for name in parts for word in ("--part", name))]) == 0
    found = json.loads(out.read_text())
    assert set(found) == {"about", *parts}
    assert found["steps"]["digits_mlp"]["ms"] > 0 and len(found["loading"]) == 3
    assert found["many trials"]["statuses"] == ["missed"] and found["many trials"]["to_be_replaced"] == []
    assert found["compiled"] == found["tests"] == {"left_out": "it needs a GPU"}
    text = page(found)
    assert "| digits_mlp | " in text and "**compiled**: not measured (it needs a GPU)" in text
    copy = tmp_path / "performance.md"
    copy.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    fill(copy, MARKER, text)
    assert text in copy.read_text(encoding="utf-8") and NOT_MEASURED not in copy.read_text(encoding="utf-8")
    assert main([*ON_CPU, "--out", str(out), "--part", "machine"]) == 0
    assert json.loads(out.read_text())["steps"] == found["steps"]


@pytest.mark.slow
def test_the_same_trial_gives_the_same_bits_in_one_process_and_in_two(tmp_path):
    out = tmp_path / "gpu.json"
    assert main([*ON_CPU, "--out", str(out), "--part", "same bits, deterministic"]) == 0
    found = json.loads(out.read_text())["same bits, deterministic"]["digits_mlp"]
    assert found["same_in_one_process"] and found["same_in_two_processes"]


def test_a_part_that_fails_and_one_that_is_too_late_leave_the_others(tmp_path, monkeypatch):
    def fail(how):
        raise BadInput("no such thing")

    out = tmp_path / "gpu.json"
    results = measured({"one": Part(fail), "two": Part(lambda how: {"a": 1})}, QUICK, out, {})
    assert results["one"] == {"failed": "BadInput: no such thing"} and results["two"] == {"a": 1}
    assert json.loads(out.read_text()) == results
    monkeypatch.setattr(gpu, "SECONDS", -1.0)
    assert "had passed" in measured({"late": Part(lambda how: 1)}, QUICK, out, {})["late"]["left_out"]
    assert all(part.measure for part in PARTS.values())


@pytest.mark.parametrize(("name", "code"), [("asserts", commands.ASSERTS), ("exhausts", commands.EXHAUSTS)])
def test_the_plug_ins_that_break_a_device_are_procedures_that_load(name, code, tmp_path):
    path = tmp_path / f"{name}.py"
    path.write_text(code)
    found = find_submission(str(path))
    assert found.kind == "procedure"
    if name == "asserts":  # a CPU finds the index at once
        workload, data = loaded("digits_mlp", "smoke")
        record = run_trial(short_spec("digits_mlp", "smoke"), workload, found, data, TrialSettings()).record
        assert record.status == Status.FAILED and "out of bounds" in record.reason
