"""Compaction: records stay exact and readable by their id, and none is lost, whatever fails."""

import json
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import BadInput, load_results
from harness.canonical import hash_of_json, stable_hash
from harness.results import ResultStore, compact
from harness.results.parquet import read_records, write_records
from tests.execution.commands import timetrial
from tests.test_records import RECORD, SPEC

SPECS = [replace(SPEC, study=study, trial=trial) for study in range(3) for trial in range(2)]

numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.just(-0.0)
micros = st.integers(-(10**9), 10**9).map(lambda n: n / 1e6)
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=8
)


@st.composite
def evaluation_tables(draw):
    names = draw(st.lists(st.text(min_size=1), min_size=1, max_size=4, unique=True))
    kinds = draw(st.lists(st.sampled_from([numbers, micros, st.integers(), leaves]), min_size=len(names), max_size=len(names)))
    lines = draw(st.integers(0, 4))
    return [{name: draw(kind) for name, kind in zip(names, kinds, strict=True)} for _ in range(lines)]


bodies = st.fixed_dictionaries(
    {
        "id": st.text(),
        "checksum": st.text(),
        "evaluations": evaluation_tables() | values,
        "learning_rates": st.lists(st.tuples(st.integers(0, 9), micros, numbers).map(list), max_size=4) | values,
        "facts": values,
        "beater": values,
        "spec": st.dictionaries(st.text(), values, max_size=3),
    }
)


@given(st.lists(bodies, min_size=1, max_size=4))
def test_any_json_of_a_record_is_unchanged_by_writing_and_reading_parquet(tmp_path_factory, written):
    path = tmp_path_factory.mktemp("columns") / "x.parquet"
    write_records(written, path)
    assert [json.dumps(body, sort_keys=True) for body in read_records(path)] == [json.dumps(b, sort_keys=True) for b in written]
    for body, back in zip(written, read_records(path), strict=True):
        assert json.dumps(body["evaluations"]) == json.dumps(back["evaluations"])  # the order of the columns too


@pytest.fixture
def store(tmp_path):
    made = ResultStore(tmp_path / "results")
    for spec in SPECS:
        made.write(replace(RECORD, spec=spec))
    return made


def everything(store):
    return list(ResultStore(store.directory).records())


def test_compacted_records_are_found_as_before_and_in_the_same_order(store):
    before = everything(store)
    assert compact(store) == (6, 6)
    assert store.single_files() == 0
    assert everything(store) == before
    assert all(ResultStore(store.directory).read(spec) == replace(RECORD, spec=spec) for spec in SPECS)
    (path,) = store.directory.glob("trials/*/*.parquet")
    assert store.file_of(SPECS[0]) == path
    assert set(load_results(store.directory)["file"]) == {str(path.relative_to(store.directory))}


def test_records_of_unread_tracks_are_left_out_whether_compacted_or_not(store):
    other = [replace(spec, track="budget") for spec in SPECS[:2]]
    for spec in other:
        store.write(replace(RECORD, spec=spec))
    for count in ((8, 8), (0, 0)):
        own = [record.spec for record in ResultStore(store.directory, [SPEC.track]).records()]
        assert own == [record.spec for record in everything(store) if record.spec.track == "budget"] and len(own) == 2
        assert compact(store) == count


@given(bodies, st.sampled_from(["facts", "beater", "absent"]))
def test_the_hash_of_an_object_with_repeated_values_is_that_of_its_canonical_json(body, repeated):
    texts = {}
    for _ in range(2):
        assert hash_of_json(body, texts, [repeated]) == hash_of_json(body) == stable_hash(body)
    changed = {**body, repeated: [body.get(repeated)]}
    assert hash_of_json(changed, texts, [repeated]) == stable_hash(changed) != stable_hash(body)


def test_compacting_again_changes_no_byte(store):
    compact(store)
    (path,) = store.directory.glob("trials/*/*.parquet")
    content = path.read_bytes()
    assert compact(store) == (0, 0)
    assert path.read_bytes() == content


def test_a_single_file_takes_precedence_over_the_parquet_file_and_the_next_compaction_merges_it(store):
    compact(store)
    again = replace(RECORD, spec=SPECS[0], reason="run again")
    store.write(again)
    assert store.read(SPECS[0]) == again
    assert [r.reason for r in everything(store)].count("run again") == 1
    assert compact(store) == (6, 1)
    assert len(list(store.directory.glob("trials/*/*.parquet"))) == 1
    assert ResultStore(store.directory).read(SPECS[0]) == again


def test_directories_of_two_machines_merge_by_copying(store, tmp_path):
    other = ResultStore(tmp_path / "other")
    extra = replace(SPEC, study=7)
    for spec in (*SPECS[:2], extra):
        other.write(replace(RECORD, spec=spec))
    compact(store)
    compact(other)
    shutil.copytree(other.directory, store.directory, dirs_exist_ok=True)
    assert {r.spec.id for r in everything(store)} == {s.id for s in (*SPECS, extra)}
    assert len(everything(store)) == 7


@pytest.mark.parametrize("step", ["write_records", "fsync", "replace", "unlink"])
def test_no_record_is_lost_whichever_step_fails(store, monkeypatch, step):
    before = everything(store)

    def fails(*_, **__):
        raise OSError(28, "No space left on device")

    place = {"write_records": ("harness.results.compaction", None), "fsync": (os, None)}.get(step, (Path, None))[0]
    with monkeypatch.context() as broken:
        broken.setattr(
            place if not isinstance(place, str) else f"{place}.{step}",
            *((step, fails) if not isinstance(place, str) else (fails,)),
        )
        with pytest.raises((BadInput, OSError), match="No space"):
            compact(store)
    assert everything(store) == before
    assert compact(store)[0] == 6
    assert everything(store) == before
    assert not list(store.directory.rglob("*.tmp")) or step == "unlink"


def test_a_record_that_is_rewritten_during_a_compaction_is_not_removed(store, monkeypatch):
    newer = replace(RECORD, spec=SPECS[0], reason="newer")
    original = write_records

    def meanwhile(bodies, path):
        original(bodies, path)
        ResultStore(store.directory).write(newer)

    monkeypatch.setattr("harness.results.compaction.write_records", meanwhile)
    assert compact(store) == (6, 5)
    assert ResultStore(store.directory).read(SPECS[0]) == newer


@pytest.mark.parametrize("keep", [0, 100, -30])
def test_a_damaged_parquet_file_is_named_by_a_report_and_renamed_by_a_run(store, keep):
    compact(store)
    (path,) = store.directory.glob("trials/*/*.parquet")
    path.write_bytes(path.read_bytes()[:keep])
    reader = ResultStore(store.directory)
    assert list(reader.records()) == []
    assert path in reader.damaged and path.exists()
    runner = ResultStore(store.directory)
    assert runner.read(SPECS[0]) is None
    assert path in runner.damaged and path.with_suffix(".parquet.damaged").exists()
    runner.write(replace(RECORD, spec=SPECS[0]))
    assert runner.read(SPECS[0]) == replace(RECORD, spec=SPECS[0])


def test_a_flipped_bit_in_a_page_is_noticed(store):
    compact(store)
    (path,) = store.directory.glob("trials/*/*.parquet")
    before = everything(store)
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 16
    path.write_bytes(content)
    reader = ResultStore(store.directory)
    assert list(reader.records()) != before
    assert reader.damaged


def test_a_damaged_row_is_named_and_the_other_rows_are_read(store):
    compact(store)
    (path,) = store.directory.glob("trials/*/*.parquet")
    rows = list(read_records(path))
    rows[2]["status"] = "missed" if rows[2]["status"] != "missed" else "reached"
    write_records(rows, path)
    reader = ResultStore(store.directory)
    assert len(list(reader.records())) == 5
    assert [name.name for name in reader.damaged] == [f"{path.name}#{rows[2]['id']}"]


RACE = ("run", "--suite", "smoke", "-s", "linear", "--studies", 1, "--executor", "inline")


@pytest.fixture(scope="module")
def raced(tmp_path_factory):
    """Return the results of a race; a test that compacts them takes a copy."""
    results = tmp_path_factory.mktemp("raced")
    assert timetrial(*RACE, "--results", results).returncode == 0
    return results


def test_a_run_does_not_repeat_compacted_trials(raced, tmp_path):
    shutil.copytree(raced, tmp_path, dirs_exist_ok=True)
    board = (tmp_path / "leaderboard.json").read_bytes()
    report = timetrial("report", "--compact", "--results", tmp_path)
    assert report.returncode == 0
    assert "compacted 4 files; the Parquet files that were written contain 4 records" in report.stdout
    again = timetrial(*RACE, "--results", tmp_path)
    assert again.returncode == 0
    assert not list(tmp_path.glob("trials/*/*/*.json"))
    assert (tmp_path / "leaderboard.json").read_bytes() == board


def test_compacting_prints_nothing_into_a_table_and_refuses_a_directory_that_does_not_exist(raced, tmp_path):
    shutil.copytree(raced, tmp_path / "r")
    table = timetrial("report", "--compact", "--format", "md", "--results", tmp_path / "r")
    assert table.returncode == 0 and "compacted 4 files" in table.stderr
    assert "compacted" not in table.stdout and "linear" in table.stdout
    nowhere = timetrial("report", "--compact", "--results", tmp_path / "nowhere")
    assert nowhere.returncode == 2 and nowhere.stdout == "" and len(nowhere.stderr.splitlines()) == 1


def test_half_written_files_of_a_killed_process_are_removed_a_day_later_and_newer_ones_stay(store):
    folder = next(path for path in store.directory.glob("trials/*/*") if path.is_dir())
    old, new = folder / ".a.json.1.00000000.tmp", folder.parent / ".b.parquet.2.00000000.tmp"
    for path in (old, new):
        path.write_bytes(b"{")
    day = 24 * 3600
    os.utime(old, (time.time() - day - 60,) * 2)
    os.utime(new, (time.time() - day + 60,) * 2)
    compact(store)
    assert not old.exists()
    assert new.exists()
