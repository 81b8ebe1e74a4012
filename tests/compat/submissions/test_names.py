"""``algoperf:PATH/submission.py`` names a submission, like any other name."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.contracts.errors import BadInput
from harness.execution.settings import Settings
from harness.execution.worker import work
from harness.registry import canonical_name, find_submission
from tests.compat.submissions.written import IMPORTS, planned, ran, written
from workloads.data import data_directory


def test_a_submission_trains_the_smoke_workload_and_twice_alike(tmp_path):
    name = written(tmp_path / "plain")
    first, second = ran(name), ran(name)
    values = [evaluation["metric"] for evaluation in first.evaluations]
    assert values == [evaluation["metric"] for evaluation in second.evaluations]
    assert values[-1] < values[0] < 2.4 and first.clocks["steps"] == 12


def test_its_content_hash_is_that_of_its_files_and_its_space_wherever_they_lie(tmp_path):
    hashes = [find_submission(written(tmp_path / folder)).content_hash for folder in ("one", "two")]
    assert hashes[0] == hashes[1]
    spaced = find_submission(written(tmp_path / "three", [{"x": 1}])).content_hash
    changed = find_submission(written(tmp_path / "four", extra="LATER = 1")).content_hash
    assert len({hashes[0], spaced, changed}) == 3


def test_a_helper_in_its_folder_counts_and_is_found_under_every_name_that_ends_there(tmp_path):
    folder = tmp_path / "entry"
    name = written(folder, imports=IMPORTS + "from submissions.self_tuning.entry.rate import RATE\nimport rate\n")
    (folder / "rate.py").write_text("RATE = 0.1\n")
    before = find_submission(name)
    assert (folder / "rate.py") in before.files and ran(name).evaluations
    assert "rate" not in sys.modules and "submissions.self_tuning" not in sys.modules
    (folder / "rate.py").write_text("RATE = 0.2\n")
    assert find_submission(name).content_hash != before.content_hash


def test_settings_follow_the_path_and_plus_signs_may_be_in_it(tmp_path):
    name = written(tmp_path / "a+b", {"rate": {"min": 0.1, "max": 1.0, "scaling": "log"}, "other": {"feasible_points": [1, 2]}})
    submission = find_submission(f"{name}:rate=0.50")
    assert submission.given == {"rate": 0.5} and submission.name == canonical_name(f"{name}:rate=.5") == f"{name}:rate=0.5"
    assert submission.defaults == {"rate": pytest.approx(0.1**0.5), "other": 1, "rate_multiple": 1}


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("algoperf:nowhere/submission.py", "no file 'nowhere/submission.py'"),
        ("algoperf:folder", "write algoperf:folder/submission.py"),
        ("algoperf:", "write algoperf:PATH/submission.py"),
    ],
)
def test_a_wrong_path_is_one_line(typed, said):
    with pytest.raises(BadInput, match=said):
        find_submission(typed)


def test_a_worker_in_another_directory_runs_it(tmp_path, monkeypatch):
    written(tmp_path / "entry")
    monkeypatch.chdir(tmp_path)
    spec = planned("algoperf:entry/submission.py")[0]
    assert spec.submission == "algoperf:entry/submission.py"
    monkeypatch.chdir("/")
    record = work(spec, Settings("inline", data_directory=data_directory()), lambda: None).result.record
    assert record.status == "missed", record.reason


def test_modules_by_algoperfs_names_exist_only_while_a_submission_is_loaded_or_runs(tmp_path):
    name = written(
        tmp_path / "entry", imports=IMPORTS + "from absl import flags, logging\nimport algorithmic_efficiency.spec\n"
    )
    code = f"""
import json, sys
from harness.registry import find_submission
find_submission({name!r})
print(json.dumps([n for n in sys.modules if n.partition(".")[0] in ("algoperf", "algorithmic_efficiency", "absl", "optax")]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[3])
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []
