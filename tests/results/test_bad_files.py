"""What stands in the place of a record, a note or a Parquet file and is none is left out with one line each.

Everything that could fill memory or wait for ever runs in a process of its own, with a limit on its memory.
"""

import json
import os
import resource
import shutil
import traceback
from dataclasses import replace
from pathlib import Path

import pytest

from harness import BadInput
from harness.results import ResultStore, board_input, compact
from harness.results.parquet import read_records, write_records
from tests.execution.forks import FORKS
from tests.results.bad_files import COMPANIONS, CONFLICTS, FILES, NOTES, PARQUET, contents
from tests.test_records import RECORD, SPEC

MEMORY = 3 * 10**9
OTHER = replace(SPEC, study=5)


def limited(function, *arguments):
    """Call a function in a process that may take `MEMORY` bytes and a minute, and return what it returns (JSON)."""
    receiving, sending = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=_limited, args=(sending, function, arguments))
    process.start()
    sending.close()
    try:
        if not receiving.poll(60):
            process.kill()
            raise TimeoutError("it hangs")
        found, problem = receiving.recv()
        assert not problem, problem
        return found
    finally:
        process.join()


def _limited(sending, function, arguments):
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    try:
        sending.send((function(*arguments), ""))
    except Exception:  # noqa: BLE001  the parent reports whatever it was
        sending.send((None, traceback.format_exc()))


def as_read(directory):
    """Return the ids of the records of a directory that are read, and the names and reasons of the files that are not."""
    store = ResultStore(directory)
    ids = [record.spec.id for record in store.records()]
    notes = [note.name for note in store.runs()]
    return ids, {path.name: reason for path, reason in store.damaged.items()}, notes


def as_run(directory):
    """Read the record of `SPEC` as a run does; return whether there is one, and what is damaged."""
    store = ResultStore(directory)
    record = store.read(SPEC)
    return record is not None, {path.name: reason for path, reason in store.damaged.items()}


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    """Directories with one good record and one bad file each, as a report reads them: {kind: what was found}."""
    places = {}
    for number, kind in enumerate((*FILES, *PARQUET, *NOTES)):
        store = ResultStore(tmp_path_factory.mktemp(f"reported{number}") / "results")
        store.write(replace(RECORD, spec=OTHER))
        put(kind, store)
        places[kind] = store.directory
    before = {kind: contents(place.parent) for kind, place in places.items()}
    return before, limited(all_as_read, places), {kind: contents(place.parent) for kind, place in places.items()}


@pytest.fixture(scope="module")
def run_over(tmp_path_factory):
    """Directories with a bad file in the place of a record, as a run reads them: {kind: what was found}."""
    places = {kind: tmp_path_factory.mktemp(f"run{number}") / "results" for number, kind in enumerate((*FILES, *PARQUET))}
    return limited(all_as_run, places)


def put(kind, store):
    """Put a bad file in the place of the record of `SPEC`, of the Parquet file that may hold it, or of a note."""
    path = store.path(SPEC)
    if kind in FILES:
        content = store.write(RECORD).read_bytes()
        path.unlink()
        FILES[kind](path, content)
    elif kind in PARQUET:
        path = path.parents[1] / "compact-0123456789abcdef.parquet"
        PARQUET[kind](path, RECORD.to_json())
    else:
        path = store.directory / "runs" / "0123456789abcdef.json"
        path.parent.mkdir()
        NOTES[kind](path)
    return path


def all_as_read(places):
    return {kind: as_read(place) for kind, place in places.items()}


def all_as_run(places):
    """Return of every directory: the name of the bad file, whether it is left, whether it was read, and the reasons."""
    found = {}
    for kind, place in places.items():
        store = ResultStore(place)
        store.write(replace(RECORD, spec=OTHER))
        path = put(kind, store)
        mode = path.lstat().st_mode
        read, damaged = as_run(place)
        aside = path.with_name(f"{path.name}.damaged")
        set_aside = not os.path.lexists(path) and os.path.lexists(aside) and aside.lstat().st_mode == mode
        store.write(RECORD)
        again = as_run(place)
        if kind in FILES:
            put(kind, store)
            as_run(place)  # the same once more: what was set aside before is not in the way
        found[kind] = path.name, set_aside, read, damaged, again, os.path.lexists(path)
    return found


@pytest.mark.parametrize("kind", FILES)
def test_a_report_names_a_bad_record_leaves_it_where_it_is_and_reads_the_others(reported, kind):
    before, found, after = reported
    ids, damaged, _ = found[kind]
    assert ids == [OTHER.id]
    assert list(damaged) == [ResultStore("").path(SPEC).name]
    (reason,) = damaged.values()
    assert 5 < len(reason) < 300 and reason.isprintable()
    assert after[kind] == before[kind]
    assert not Path("unpickled").exists()


@pytest.mark.parametrize("kind", PARQUET)
def test_a_bad_parquet_file_is_named_by_a_report_and_costs_no_other_record(reported, kind):
    before, found, after = reported
    ids, damaged, _ = found[kind]
    assert ids == [OTHER.id]
    assert damaged and {name.partition("#")[0] for name in damaged} == {"compact-0123456789abcdef.parquet"}
    assert all(len(reason) < 400 for reason in damaged.values())
    assert after[kind] == before[kind]
    assert not Path("unpickled").exists()


@pytest.mark.parametrize("kind", NOTES)
def test_a_bad_run_note_is_one_line_and_the_records_stay(reported, kind):
    before, found, after = reported
    ids, damaged, notes = found[kind]
    assert (ids, list(damaged), notes) == ([OTHER.id], ["0123456789abcdef.json"], [])
    assert after[kind] == before[kind]


@pytest.mark.parametrize("kind", FILES)
def test_a_run_sets_a_bad_record_aside_and_its_trial_runs_again(run_over, kind):
    name, set_aside, read, damaged, again, left = run_over[kind]
    assert set_aside and not read
    assert list(damaged) == [name] and damaged[name].endswith(f"; it is set aside as {name}.damaged")
    assert again == (True, {})
    assert not left


@pytest.mark.parametrize("kind", PARQUET)
def test_a_run_sets_a_bad_parquet_file_aside_unless_only_records_in_it_are_bad(run_over, kind):
    name, set_aside, read, damaged, again, left = run_over[kind]
    assert not read and again[0]
    assert set_aside == (name in damaged) and left != set_aside
    assert {bad.partition("#")[0] for bad in damaged} == {name}


def test_of_many_bad_records_in_one_parquet_file_ten_are_named(tmp_path):
    store = ResultStore(tmp_path / "results")
    for study in range(30):
        store.write(replace(RECORD, spec=replace(SPEC, study=study)))
    compact(store)
    (path,) = store.directory.glob("trials/*/*.parquet")
    write_records([{**row, "reason": "changed"} for row in read_records(path)], path)
    ids, damaged, _ = as_read(store.directory)
    assert ids == [] and len(damaged) == 11
    assert damaged[path.name] == "20 further records of it cannot be read"


def test_a_record_under_the_name_of_another_trial_is_not_that_trials(tmp_path):
    store = ResultStore(tmp_path / "results")
    other = store.write(replace(RECORD, spec=OTHER))
    path = store.path(SPEC)
    shutil.copy(other, path)
    ids, damaged, _ = as_read(store.directory)
    assert ids == [OTHER.id] and damaged == {path.name: f"it holds the record of another trial, {other.name}"}
    assert store.read(SPEC) is None and store.read(OTHER) is not None


def test_a_trial_that_two_folders_hold_is_read_once_and_the_second_file_is_named(tmp_path):
    store = ResultStore(tmp_path / "results")
    path = store.write(RECORD)
    shutil.copytree(path.parent, path.parent.with_name("zz copy"))
    ids, damaged, _ = as_read(store.directory)
    assert ids == [SPEC.id] and list(damaged.values()) == [f"it holds the same trial as {path}"]


def test_companions_of_systems_and_editors_are_passed_over_and_copies_of_conflicts_are_one_line(tmp_path):
    store = ResultStore(tmp_path / "results")
    path = store.write(RECORD)
    compact(store)
    store.write(RECORD)
    note = store.directory / "runs" / "0123456789abcdef.json"
    note.parent.mkdir()
    note.write_text(json.dumps({"track": "schedule", "suite": "smoke", "hashes": {}, "trials": {}}))
    files = [file for file in store.directory.rglob("*") if file.is_file()]
    for beside in [*files, *(file.parent for file in files), path.parents[1], path.parents[2]]:
        for name in COMPANIONS:
            beside.with_name(name.format(name=beside.name)).write_bytes(b"\x00\x05\x16\x07Mac")
    ids, damaged, notes = as_read(store.directory)
    assert (ids, damaged, len(notes)) == ([SPEC.id], {}, 1)
    for file in (path, note):
        for name in CONFLICTS:
            file.with_name(name.format(stem=file.stem)).write_bytes(file.read_bytes())
    ids, damaged, notes = as_read(store.directory)
    assert (ids, len(notes)) == ([SPEC.id], 1)
    assert list(damaged) == ["results"] and damaged["results"].startswith("6 files have no name of a record or note, such as ")


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_link_to_a_folder_is_not_followed_out_of_the_directory(tmp_path, depth):
    elsewhere, store = ResultStore(tmp_path / "elsewhere"), ResultStore(tmp_path / "results")
    outside = elsewhere.write(RECORD).parents[2 - depth]
    inside = store.directory / outside.relative_to(elsewhere.directory)
    inside.parent.mkdir(parents=True)
    inside.symlink_to(outside)
    before = contents(elsewhere.directory)
    ids, damaged, _ = as_read(store.directory)
    assert (ids, list(damaged)) == ([], [inside.name])
    for act in (store.read, lambda spec: store.write(replace(RECORD, spec=spec))):
        with pytest.raises(BadInput, match=f"'{inside}' is a symbolic link"):
            act(SPEC)
    compact(store)
    assert contents(elsewhere.directory) == before


@pytest.mark.parametrize("fact", ["ruler", "lower_is_better", "metric"])
def test_a_record_that_contradicts_the_others_about_their_workload_does_not_take_the_board(tmp_path, fact):
    ruler = {"workload": "digits_mlp", "version": 1, "lower_is_better": True, "budget": 9.0, "finals": []}
    store = ResultStore(tmp_path)
    workload = {**RECORD.facts["workload"], "ruler": ruler}
    for study in range(3):
        store.write(replace(RECORD, spec=replace(SPEC, study=study), facts={"workload": workload}))
    other = {"ruler": {**ruler, "version": 2}, "lower_is_better": False, "metric": "error"}[fact]
    path = store.write(replace(RECORD, spec=OTHER, facts={"workload": {**workload, fact: other}}))
    given = board_input(tmp_path)
    assert sorted(given.trials["study"]) == [0, 1, 2]
    assert given.damaged == {path: f"it states another {fact} of digits_mlp than most records of the same version"}
    store.write(replace(RECORD, spec=OTHER, facts={}))  # the record of a failed start states nothing
    assert sorted(board_input(tmp_path).trials["study"]) == [0, 1, 2, 5]


def _reads(directory, ids):
    """Read a directory until a file says stop; return what was missing or damaged, and how often it was read."""
    problems, times = [], 0
    while not (directory / "stop").exists():
        found, damaged, _ = as_read(directory)
        problems += [*sorted(set(ids) - set(found)), *damaged.values()]
        times += 1
    return problems[:5], times


def _writes(directory):
    store = ResultStore(directory)
    for number in range(40):
        store.write(replace(RECORD, spec=replace(SPEC, study=100 + number)))
        if number % 4 == 3:
            compact(ResultStore(directory))
    (directory / "stop").touch()
    return len(as_read(directory)[0])


def test_two_processes_read_every_record_while_a_third_writes_and_compacts(tmp_path):
    store = ResultStore(tmp_path / "results")
    specs = [replace(SPEC, study=study) for study in range(20)]
    for spec in specs:
        store.write(replace(RECORD, spec=spec))
    ids = [spec.id for spec in specs]
    receiving = []
    for function, arguments in (
        (_reads, (store.directory, ids)),
        (_reads, (store.directory, ids)),
        (_writes, (store.directory,)),
    ):
        receive, send = FORKS.Pipe(duplex=False)
        process = FORKS.Process(target=_limited, args=(send, function, arguments))
        process.start()
        send.close()
        receiving.append((process, receive))
    (first, _), (second, _), (written, _) = (receive.recv() for _, receive in receiving)
    for process, _ in receiving:
        process.join()
    assert written == 60
    assert first[0] == second[0] == [] and first[1] and second[1]
