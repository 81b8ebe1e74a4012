"""`timetrial audit` from the outside: exit statuses, JSON, nothing written."""

import json
import shutil
import signal
from dataclasses import replace

import pytest

from harness.cli.app import run_app
from harness.results import ResultStore
from tests.execution.commands import started, timetrial
from tests.execution.races import linear_and_rex


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return shutil.copytree(linear_and_rex(tmp_path_factory), tmp_path_factory.mktemp("audit") / "results")


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_was_recorded_holds_and_nothing_is_written(results, tmp_path):
    before = contents(results)
    done = timetrial("audit", "--results", results, "--sample", 3, "--seed", 5, "--json", "--out", tmp_path / "audit.json")
    assert (done.returncode, done.stderr) == (0, "")
    value = json.loads(done.stdout)
    assert (value["records"], value["chosen"], value["holds"], value["does_not_hold"]) == (8, 3, 3, 0)
    assert all(f["verdict"] == "holds" and f["exact"] for f in value["findings"])
    assert json.loads((tmp_path / "audit.json").read_text()) == value
    assert contents(results) == before


def test_one_edited_record_is_named_and_the_exit_status_is_1(results, tmp_path):
    store = ResultStore(results)
    record = next(r for r in store.records() if r.spec.submission == "rex")
    path = store.path(record.spec)
    before = path.read_bytes()
    better = [{**e, "metric": 0.9 * e["metric"]} for e in record.evaluations]
    try:
        store.write(replace(record, evaluations=tuple(better)))
        done = timetrial("audit", "--results", results, "--sample", "all", "-s", "rex")
    finally:
        path.write_bytes(before)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0] == f"4 of 4 records in {results} are run again (seed 0)"
    (named,) = [line for line in lines if line.startswith("does not hold: ")]
    where = f"rex on digits_mlp, study {record.spec.study}, trial {record.spec.trial}"
    assert named.startswith(f"does not hold: {where}: evaluation 1: metric ") and named.endswith(" found")
    assert lines[-1] == "3 records hold, 3 of them to the last bit; 1 does not hold; 0 could not be compared"


def test_on_another_machine_type_it_compares_within_a_tolerance(results):
    """PyTorch without its vector instructions rounds otherwise, as another processor does."""
    done = timetrial("audit", "--results", results, "--sample", "all", ATEN_CPU_CAPABILITY="default")
    assert done.returncode == 0, done.stdout
    assert "8 records hold, 0 of them to the last bit" in done.stdout
    assert "on another machine type the ends of 8 records are worth" in done.stdout


def test_pruned_trials_are_compared_as_far_as_they_ran(tmp_path):
    run = ("run", "--suite", "smoke", "-s", "linear", "-s", "rex", "--studies", 1, "--executor", "inline", "--prune", "safe")
    done = timetrial(*run, "--results", tmp_path, writes_board=False)
    assert done.returncode == 0, done.stderr
    statuses = {record.status for record in ResultStore(tmp_path).records()}
    done = timetrial("audit", "--results", tmp_path, "--sample", "all")
    assert {"pruned", "reached"} <= statuses and done.returncode == 0, done.stdout
    assert "pruned again, " in done.stdout and "8 records hold, 8 of them to the last bit" in done.stdout


def test_ctrl_c_ends_it_with_what_was_found(results):
    with started("audit", "--results", results, "--sample", "all") as process:
        lines = process.lines()
        _, second = next(lines), next(lines)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    assert second.startswith("holds: ") and process.returncode == 130
    assert said.splitlines()[-1].startswith("interrupted: ")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--sample", "0"), "--sample 0: a whole number of records, at least 1, or all"),
        (("--sample", "1.5"), "--sample 1.5: a whole number"),
        (("--sample", "²"), "--sample ²: a whole number"),
        (("--seed", "-1"), "--seed -1: "),
        (("--time-limit", "nan"), "--time-limit nan: "),
        (("--memory", "0"), "--memory 0: "),
        (("-s", "ryx"), "there are no records of submission 'ryx'; did you mean 'rex'?"),
        (("-w", "digits"), "there are no records of workload 'digits'; did you mean 'digits_mlp'?"),
        (("--out", "."), "--out .: it is a directory: name a file"),
    ],
)
def test_bad_input_is_one_line(results, options, message, capfd):
    status = run_app(["audit", "--results", str(results), *options])
    told = capfd.readouterr()
    assert (status, told.out) == (2, ""), told.err
    assert told.err.startswith(f"timetrial: {message}") and told.err.count("\n") == 1


def test_without_records_or_with_none_that_can_be_compared_there_is_nothing_to_audit(tmp_path, results):
    missing = timetrial("audit", "--results", tmp_path / "none")
    empty = timetrial("audit", "--results", tmp_path)
    assert (missing.returncode, empty.returncode) == (2, 2)
    assert "the directory does not exist" in missing.stderr and "no records in" in empty.stderr
    record = next(ResultStore(results).records())
    ResultStore(tmp_path).write(replace(record, spec=replace(record.spec, protocol=2)))
    old = timetrial("audit", "--results", tmp_path)
    assert old.returncode == 2 and "could be compared here: of protocol 2, and this timetrial runs protocol 3" in old.stderr
