"""Records on disk: atomic, verified, merged by copying."""

import json
import shutil
from dataclasses import replace

import pytest

from harness import BadInput
from harness.records import TrialRecord
from harness.results import ResultStore, RunNote, board_input, compact, planned_trials, read_trials, write_atomically
from harness.scoring import score_board
from harness.scoring.rules import ScoringRules
from tests.test_records import RECORD, SPEC, VERSION_1


@pytest.fixture
def store(tmp_path):
    return ResultStore(tmp_path / "results")


def _note(*specs, created="1", **hashes):
    trials = {s.id: (s.submission, s.workload_label, s.study) for s in specs}
    known = {s.submission: s.submission_hash for s in specs} | {s.workload_label: s.workload_hash for s in specs}
    return RunNote("schedule", "smoke", trials, known | hashes, {}, created)


def test_a_record_is_read_back(store):
    store.write(RECORD)
    assert store.read(SPEC) == RECORD
    assert list(store.records()) == [RECORD]


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"\xff\xfe", b'{"schema": 1}'])
def test_a_damaged_record_is_named_and_renamed_and_its_trial_counts_as_not_run(store, damage):
    path = store.write(RECORD)
    path.write_bytes(damage)
    assert store.read(SPEC) is None
    assert list(store.damaged) == [path]
    assert not path.exists()
    assert path.with_suffix(".json.damaged").read_bytes() == damage
    store.write(RECORD)
    assert store.read(SPEC) == RECORD


def test_a_truncated_record_is_left_out_of_a_report_but_not_touched(store):
    path = store.write(RECORD)
    path.write_bytes(path.read_bytes()[:-20])
    assert list(store.records()) == []
    assert path.exists()
    assert path in store.damaged


SETTINGS = "polynomial:floor=0.1,power=2"


@pytest.mark.parametrize(
    "name",
    [
        *("../../etc/x", "a/b", "adamw+rex", "torch.optim.Adagrad+cosine", "..", "é" * 200, ".hidden", SETTINGS),
        *("adamw:weight_decay=0.1+polynomial:power=2", "./../my.py:name:mode=a/b", f"adamw:{'x' * 300}=1e-5+rex", "a:b=[1,2]"),
    ],
)
def test_any_submission_name_makes_one_safe_folder(store, name):
    other = replace(SPEC, submission=name)
    path = store.write(replace(RECORD, spec=other))
    assert path.resolve().is_relative_to(store.directory.resolve())
    assert path.parent.parent.parent.name == "trials"
    assert path.parent.name.isascii() and len(path.parent.name) <= 80 and not set(path.parent.name) & set(":=,/[]")
    assert store.read(other).spec.submission == next(store.records()).spec.submission == name


def test_names_that_differ_in_unsafe_characters_alone_or_at_their_ends_have_folders_of_their_own(store):
    names = (SETTINGS, SETTINGS.replace(":", "_"), SETTINGS.replace("=", ","), f"{'x' * 100}:a=1", f"{'x' * 100}:a=2")
    assert len({store.path(replace(SPEC, submission=name)).parent for name in names}) == len(names)


def test_given_hyperparameters_survive_the_disk_and_compaction(store):
    spec = replace(SPEC, submission=SETTINGS, given={"floor": 0.1, "power": 2.0, "mode": "a", "on": True, "none": None})
    store.write(replace(RECORD, spec=spec))
    assert store.read(spec).spec.given == spec.given
    compact(store)
    assert store.file_of(spec).suffix == ".parquet" and store.read(spec).spec == spec
    assert read_trials(store.directory).iloc[0]["given"] == spec.given


def test_names_that_look_alike_when_made_safe_do_not_collide(store):
    names = ["a/b", "a_b", "a:b"]
    for name in names:
        store.write(replace(RECORD, spec=replace(SPEC, submission=name)))
    assert sorted(r.spec.submission for r in store.records()) == sorted(names)


def test_directories_of_two_machines_merge_by_copying(store, tmp_path):
    other = ResultStore(tmp_path / "other")
    second = replace(SPEC, study=2)
    for place, spec in ((store, SPEC), (other, second)):
        place.write(replace(RECORD, spec=spec))
        place.write_run(_note(spec))
    shutil.copytree(other.directory, store.directory, dirs_exist_ok=True)
    assert set(board_input(store.directory).trials["study"]) == {1, 2}


def test_a_failed_write_leaves_the_old_file_and_no_temporary_one(tmp_path):
    path = tmp_path / "x.json"
    write_atomically(path, "old")
    with pytest.raises(TypeError):
        write_atomically(path, 7)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_running_the_same_plan_again_keeps_one_note(store):
    store.write_run(_note(SPEC, created="1"))
    store.write_run(_note(SPEC, created="2"))
    assert [note.created for note in store.runs()] == ["2"]


def test_a_run_notes_which_machines_it_left_out_and_keeps_its_name(store):
    note = _note(SPEC)
    store.write_run(note)
    store.write_run(replace(note, left_out={"gpu-7": "cuda does not compute"}))
    (read,) = store.runs()
    assert read.name == note.name and read.left_out == {"gpu-7": "cuda does not compute"}
    store.write(RECORD)
    given = board_input(store.directory)
    assert given.left_out == read.left_out
    board = score_board(given.trials, ScoringRules(left_out=tuple(given.left_out.items())))
    assert "Node gpu-7 of the cluster ran no trials, or no more: cuda does not compute." in board.notes


def test_a_board_takes_the_newest_version_of_a_submission(store):
    newer = replace(SPEC, submission_hash="n" * 64)
    for spec, created in ((SPEC, "1"), (newer, "2")):
        store.write(replace(RECORD, spec=spec))
        store.write_run(_note(spec, created=created))
    assert list(board_input(store.directory).trials["id"]) == [newer.id]


def test_a_study_with_a_missing_planned_trial_is_left_out_and_counted_as_planned(store):
    recorded, absent, complete = SPEC, replace(SPEC, trial=7), replace(SPEC, study=5)
    store.write(replace(RECORD, spec=recorded))
    store.write(replace(RECORD, spec=complete))
    store.write_run(_note(recorded, absent, complete))
    given = board_input(store.directory)
    assert list(given.trials["study"]) == [5]
    assert (given.done, given.planned) == (2, 3)


def test_a_record_is_a_row_with_its_hit_and_its_end(store):
    store.write(RECORD)
    row = read_trials(store.directory).iloc[0]
    assert (row.hit_examples, row.hit_index, row.end_steps, row.workload) == (100.0, 0, 10.0, "digits_mlp")


def test_a_directory_without_results_gives_an_error_that_says_what_to_do(tmp_path):
    with pytest.raises(BadInput, match="timetrial run"):
        board_input(tmp_path / "nowhere")
    with pytest.raises(BadInput, match="timetrial run"):
        board_input(tmp_path)


def test_a_record_is_strict_json(store):
    diverged = replace(RECORD, evaluations=({"examples": 1.0, "seconds": 1.0, "steps": 1.0, "metric": float("nan")},))
    path = store.write(diverged)
    assert "NaN" not in path.read_text()
    assert json.loads(path.read_text())["evaluations"][0]["metric"] is None
    assert store.read(SPEC).evaluations[0]["metric"] is None


def _ran(store, *specs):
    for spec in specs:
        store.write(replace(RECORD, spec=spec))


def test_studies_of_until_separable_are_on_no_board(store):
    first, extra = SPEC, replace(SPEC, study=2)
    _ran(store, first, extra)
    store.write_run(replace(_note(first, extra, created="2"), pair=("rex", "cosine")))
    with pytest.raises(
        BadInput, match=r"only `run --until-separable` has run .*`--until-separable rex cosine`.* makes a board"
    ):
        board_input(store.directory)
    assert board_input(store.directory, absent_ok=True).trials.empty
    store.write_run(_note(first, created="1"))
    given = board_input(store.directory)
    assert list(given.trials["id"]) == [first.id]
    assert given.planned == 1
    assert [note.pair for note in store.runs()] == [(), ("rex", "cosine")]


def test_sensitivity_is_shown_on_the_schedule_board_and_alone_only_if_there_is_none(store):
    race, probe = SPEC, replace(SPEC, track="sensitivity")
    _ran(store, race, probe)
    store.write_run(replace(_note(probe, created="2"), track="sensitivity"))
    assert list(board_input(store.directory).trials["id"]) == [probe.id]
    store.write_run(_note(race, created="1"))
    given = board_input(store.directory)
    assert (list(given.trials["id"]), list(given.sensitivity["id"])) == ([race.id], [probe.id])
    assert list(board_input(store.directory, track="sensitivity").trials["id"]) == [probe.id]


def test_a_board_names_the_damaged_records_that_it_leaves_out(store):
    path = store.write(RECORD)
    store.write(replace(RECORD, spec=replace(SPEC, study=5)))
    path.write_bytes(b"{")
    given = board_input(store.directory)
    assert list(given.damaged) == [path]
    assert list(given.trials["study"]) == [5]


@pytest.mark.parametrize("compacted", [False, True])
def test_records_of_version_1_are_read_together_with_new_ones_and_carry_their_protocol(store, compacted):
    old = TrialRecord.from_json(json.loads(VERSION_1.read_text()))
    path = store.path(old.spec)
    path.parent.mkdir(parents=True)
    path.write_bytes(VERSION_1.read_bytes())
    store.write(replace(RECORD, spec=replace(SPEC, protocol=2), environment={"machine_type": "a machine"}))
    if compacted:
        compact(store)
    trials = read_trials(store.directory).set_index("protocol")
    assert not store.damaged
    assert (trials.loc[1, "id"], trials.loc[1, "hit_examples"], trials.loc[1, "machine_type"]) == (old.spec.id, 14080.0, "")
    assert trials.loc[2, "machine_type"] == "a machine"
    assert ResultStore(store.directory).read(old.spec) == old


def test_a_workload_that_one_run_has_with_and_without_the_reference_recipe_has_two_versions(store):
    own = replace(SPEC, submission="adamw", workload_hash="o" * 64)
    trials, hashes = planned_trials([SPEC, own])
    note = RunNote(SPEC.track, "smoke", trials, hashes, created="1")
    assert note.versions("rex", "digits_mlp") == (SPEC.submission_hash, SPEC.workload_hash)
    assert note.versions("adamw", "digits_mlp") == (own.submission_hash, own.workload_hash)
    _ran(store, SPEC, own)
    store.write_run(note)
    store.write_run(RunNote(SPEC.track, "smoke", *planned_trials([SPEC]), created="2"))
    assert set(board_input(store.directory).trials["id"]) == {SPEC.id, own.id}
