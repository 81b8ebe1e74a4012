"""Bad files and texts beside real results, on every verb: a line each, no traceback, no other row changed."""

import json
import resource
import shutil

import pytest

from harness.records import TrialRecord
from tests.execution.commands import board, timetrial
from tests.execution.races import SMALL, small_race
from tests.results.bad_files import FILES, MARKUP, NOTES, PARQUET, changed, contents
from tests.test_records import RECORD

LIMITED = {resource.RLIMIT_DATA: 3 * 10**9, resource.RLIMIT_CPU: 100}
RUN = (*SMALL, "--executor", "inline")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return small_race(tmp_path_factory)


@pytest.fixture
def results(base, tmp_path):
    shutil.copytree(base, tmp_path / "results")
    return tmp_path / "results"


def lines_with(done, name):
    return [line for line in (done.stdout + done.stderr).splitlines() if name in line]


def test_bad_files_beside_a_board_are_a_line_each_on_every_verb_and_change_no_row(results, base):
    honest = sorted(results.glob("trials/*/linear/*.json"))[0]
    content, names = honest.read_bytes(), []
    for number, make in enumerate(FILES.values()):
        names.append(f"study9-trial{number}-{number:016x}.json")
        make(honest.with_name(names[-1]), content)
    for number, make in enumerate(PARQUET.values()):
        names.append(f"compact-{number:016x}.parquet")
        make(honest.parents[1] / names[-1], RECORD.to_json())
    for number, make in enumerate(NOTES.values()):
        names.append(f"ffff{number:012x}.json")
        make(results / "runs" / names[-1])
    before = contents(results)
    compare = timetrial("compare", "cosine", "linear", "--json", "--results", base)
    for verb in (
        ("report", "--format", "md"),
        ("report",),
        ("compare", "cosine", "linear", "--json"),
        (*RUN, "--dry-run"),
        RUN,
    ):
        done = timetrial(*verb, "--results", results, cwd=results.parent, limits=LIMITED)
        assert done.returncode == 0, (verb, done.stderr)
        assert "Traceback" not in done.stderr and (done.stdout + done.stderr).replace("\n", "").isprintable()
        read = [name for name in names if verb[-1] != "--dry-run" or not name.startswith("ffff")]  # it reads no notes
        counts = {name: len(lines_with(done, name)) for name in read}
        assert not [name for name in read if not counts[name]], verb
        assert not [name for name in read if name.endswith(".json") and counts[name] > 1], verb
        if verb[0] == "compare":
            assert done.stdout == compare.stdout
        if verb[-1] == "--dry-run":
            assert "0 trials to run (8 recorded already)" in done.stdout
        if verb in (("report",), RUN):
            assert board(results)["submissions"] == board(base)["submissions"]
        if verb != RUN:
            now = {name: what for name, what in contents(results).items() if not name.startswith("leaderboard")}
            assert now == {name: what for name, what in before.items() if not name.startswith("leaderboard")}
    assert not list(results.parent.rglob("unpickled"))


def test_a_run_over_bad_records_runs_their_trials_again_and_names_each(results):
    kinds = ["link to an endless device", "pipe", "socket", "directory", "half", "a reason in a list", "NaN", "no bytes"]
    paths = sorted(results.glob("trials/*/*/*.json"))
    assert len(paths) == len(kinds)
    for path, kind in zip(paths, kinds, strict=True):
        content = path.read_bytes()
        path.unlink()
        FILES[kind](path, content)
    done = timetrial(*RUN, "--results", results, limits=LIMITED)
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    assert [len(lines_with(done, path.name)) for path in paths] == [1] * 8
    assert all(TrialRecord.from_json(json.loads(path.read_text())).status for path in paths)
    again = timetrial(*RUN, "--results", results)
    assert again.returncode == 0 and "0 trials run" in again.stdout and "left out" not in again.stdout


@pytest.mark.parametrize("notes", [True, False])
def test_where_nothing_is_left_a_report_says_so_in_one_line(results, notes):
    for path in results.glob("trials/*/*/*.json"):
        path.write_bytes(path.read_bytes()[:-1])
    if not notes:
        shutil.rmtree(results / "runs")
    done = timetrial("report", "--format", "md", "--results", results)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert len(lines_with(done, "timetrial: no ")) == 1
    assert len(done.stderr.splitlines()) == (9 if notes else 1)


def test_text_of_a_record_does_not_act_on_the_page_or_on_the_terminal(results):
    for path in results.glob("trials/*/linear/*.json"):
        body = json.loads(path.read_text())
        body["environment"] |= {"machine": MARKUP, "timetrial": f"\x1b[2J{MARKUP}"}
        body["facts"]["submission"] |= dict.fromkeys(("summary", "paper", "code", "cost", "deviation"), f"\x1b]0;x\x07{MARKUP}")
        body["facts"]["submission"] |= {"space": {MARKUP: MARKUP}, "hyperparameters": {MARKUP: MARKUP}}
        body["facts"]["workload"] |= dict.fromkeys(("summary", "source", "licence", "target_provenance"), MARKUP)
        body["status"], body["evaluations"] = "failed", body["evaluations"][:1]
        path.write_text(json.dumps(changed(body, "reason", f"\x1b[2J{MARKUP}\n\u202e")))
    done = timetrial("report", "--results", results)
    assert done.returncode == 0, done.stderr
    assert (done.stdout + done.stderr).replace("\n", "").isprintable() and "left out" not in done.stdout
    page = (results / "leaderboard.html").read_text()
    assert MARKUP not in page and "&lt;script&gt;alert(1)" in page
    assert "\x1b" not in page and "\u202e" not in page


def test_a_disk_that_is_full_ends_a_run_in_plain_lines_and_the_next_run_goes_on(tmp_path):
    results = tmp_path / "results"
    full = timetrial(*RUN, "--results", results, limits={resource.RLIMIT_FSIZE: 8_000})  # a record has more bytes
    assert full.returncode == 1 and "Traceback" not in full.stderr
    assert len(lines_with(full, "timetrial: File too large: ")) == 1
    assert "run the same command again to resume" in full.stdout
    assert not list(results.glob("trials/*/*/*.json")) and not list(results.rglob("*.tmp"))
    done = timetrial(*RUN, "--results", results, writes_board=False)
    assert done.returncode == 0 and len(list(results.glob("trials/*/*/*.json"))) == 8
