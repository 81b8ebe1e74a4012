"""Compaction while a run, a report or a second compaction uses the same directory; kills at any call."""

import os
import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from harness.canonical import stable_hash
from harness.records import STATUSES
from harness.results import ResultStore, compact
from harness.results import compacted as compacted_module
from harness.results import compaction as compaction_module
from harness.results.parquet import read_records, write_records
from tests.test_records import RECORD, SPEC

SPECS = [replace(SPEC, study=study, trial=trial) for study in range(3) for trial in range(2)]
EXTRA, LATER = replace(SPEC, study=7), replace(SPEC, study=8)


@pytest.fixture
def store(tmp_path):
    made = ResultStore(tmp_path / "results")
    for spec, status in zip(SPECS, STATUSES, strict=False):
        made.write(replace(RECORD, spec=spec, status=status))
    return made


def everything(store):
    return list(ResultStore(store.directory).records())


def beside(store, *specs):
    """Write records and compact, as another process does at the same time."""
    other = ResultStore(store.directory)
    for spec in specs:
        other.write(replace(RECORD, spec=spec))
    compact(other)
    return other


def test_a_second_compaction_removes_nothing_that_it_has_not_read(store, monkeypatch):
    original = compacted_module.read_compacted
    done = []

    def read_and_then_meanwhile(folder, *rest, **named):
        found = original(folder, *rest, **named)
        if not done:
            done.append(folder)
            beside(store, EXTRA).write(replace(RECORD, spec=LATER))
        return found

    monkeypatch.setattr("harness.results.store.read_compacted", read_and_then_meanwhile)
    compact(store)
    assert done
    assert {r.spec.id for r in everything(store)} == {s.id for s in (*SPECS, EXTRA, LATER)}


def test_another_compaction_between_writing_and_removing_loses_no_record(store, monkeypatch):
    before = everything(store)
    original = compaction_module._write

    def write_and_then_meanwhile(folder, bodies):
        path = original(folder, bodies)
        monkeypatch.setattr(compaction_module, "_write", original)
        beside(store, EXTRA)
        return path

    monkeypatch.setattr(compaction_module, "_write", write_and_then_meanwhile)
    compact(store)
    assert [r for r in everything(store) if r.spec != EXTRA] == before
    assert ResultStore(store.directory).read(EXTRA) is not None


def test_a_report_that_reads_during_a_compaction_misses_no_record(store):
    before = everything(store)
    reader = ResultStore(store.directory)
    reading = reader.records()
    first = next(reading)
    compact(store)
    assert [first, *reading] == before
    assert not reader.damaged


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_report_misses_no_record_if_a_compaction_falls_between_its_listing_and_its_reading(store, monkeypatch, when):
    before = everything(store)
    original, done = compacted_module.read_compacted, []

    def beside_a_compaction(folder, *rest, **named):
        if done:
            return original(folder, *rest, **named)
        done.append(folder)
        if when == "before":
            compact(ResultStore(store.directory))
        found = original(folder, *rest, **named)
        if when == "after":
            compact(ResultStore(store.directory))
        return found

    monkeypatch.setattr("harness.results.store.read_compacted", beside_a_compaction)
    reader = ResultStore(store.directory)
    assert list(reader.records()) == before
    assert done and not reader.damaged


@pytest.mark.parametrize("first_copied", [0, 1])
def test_of_two_compacted_records_of_one_trial_the_later_one_is_used(store, tmp_path, first_copied):
    machines = []
    for name, created in (("a", "2026-01-01T00:00:00+00:00"), ("b", "2026-01-02T00:00:00+00:00")):
        machine = ResultStore(tmp_path / name)
        # Several records, so that names by content sort either way in one of the cases.
        for number in range(4):
            spec = replace(SPEC, study=number, workload=f"w{number}")
            machine.write(replace(RECORD, spec=spec, created=created, reason=f"{name} {number} {first_copied}"))
        compact(machine)
        machines.append(machine.directory)
    for directory in (machines[first_copied], machines[1 - first_copied]):
        shutil.copytree(directory, tmp_path / "both", dirs_exist_ok=True)
    both = ResultStore(tmp_path / "both")
    assert {r.reason[0] for r in both.records()} == {"b"}
    compact(both)
    assert {r.reason[0] for r in everything(both)} == {"b"}


def test_a_parquet_file_that_another_process_replaced_while_it_was_opened_is_not_damaged(store, monkeypatch):
    compact(store)
    done = []

    def opened_too_late(path, *unread):
        if not done:
            done.append(path)
            beside(store, EXTRA)
        return read_records(path, *unread)

    monkeypatch.setattr(compacted_module, "read_records", opened_too_late)
    runner = ResultStore(store.directory)
    assert all(runner.read(spec) is not None for spec in (*SPECS, EXTRA))
    assert done and not done[0].exists()
    assert not runner.damaged


def test_a_run_that_read_before_the_compaction_still_finds_every_trial(store):
    runner = ResultStore(store.directory)
    expected = [runner.read(spec) for spec in SPECS]
    compact(store)
    assert [runner.read(spec) for spec in SPECS] == expected
    beside(store, EXTRA)
    assert [runner.read(spec) for spec in (*SPECS, EXTRA)][:-1] == expected


def test_a_file_that_cannot_be_opened_now_is_not_set_aside_as_damaged(store, monkeypatch):
    compact(store)
    (path,) = store.directory.glob("trials/*/*.parquet")

    def too_many(*_):
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as broken:
        broken.setattr(compacted_module, "read_records", too_many)
        with pytest.raises(OSError, match="Too many"):
            ResultStore(store.directory).read(SPECS[0])
        reader = ResultStore(store.directory)
        assert list(reader.records()) == [] and path in reader.damaged
        store.write(replace(RECORD, spec=EXTRA))
        compact(store)
    assert path.exists()
    assert len(everything(store)) == 7


@pytest.mark.parametrize("damage", ["newer schema", "checksum"])
def test_a_parquet_file_with_an_unreadable_record_is_not_removed(store, damage):
    compact(store)
    (path,) = store.directory.glob("trials/*/*.parquet")
    rows = list(read_records(path))
    if damage == "newer schema":
        rows[0]["schema"] = 99
        del rows[0]["checksum"]
        rows[0]["checksum"] = stable_hash(rows[0])
    else:
        rows[0]["reason"] = "altered"
    write_records(rows, path)
    beside(store, EXTRA)
    assert path.exists() and next(read_records(path))["id"] == rows[0]["id"]
    assert {r.spec.id for r in everything(store)} == {s.id for s in (*SPECS, EXTRA)} - {rows[0]["id"]}
    files = set(store.directory.glob("trials/*/*.parquet"))
    assert compact(ResultStore(store.directory)) == (0, 0)
    assert set(store.directory.glob("trials/*/*.parquet")) == files


def test_if_a_single_file_is_damaged_report_and_run_read_the_compacted_record(store):
    before = everything(store)
    compact(store)
    store.write(replace(RECORD, spec=SPECS[0])).write_text("{")
    reader = ResultStore(store.directory)
    assert list(reader.records()) == before
    assert list(reader.damaged) == [store.path(SPECS[0])]
    assert ResultStore(store.directory).read(SPECS[0]) in before


def test_parquet_files_of_several_machines_are_merged_into_one(store, tmp_path):
    other = ResultStore(tmp_path / "other")
    beside(other, SPECS[0], EXTRA)
    compact(store)
    expected = store.read(SPECS[0])
    shutil.copytree(other.directory, store.directory, dirs_exist_ok=True)
    assert len(list(store.directory.glob("trials/*/*.parquet"))) == 2
    assert compact(ResultStore(store.directory)) == (7, 0)
    assert len(list(store.directory.glob("trials/*/*.parquet"))) == 1
    assert len(everything(store)) == 7
    assert ResultStore(store.directory).read(SPECS[0]) in (expected, replace(RECORD, spec=SPECS[0]))


def test_a_record_that_is_rewritten_while_it_is_being_removed_stays(store, monkeypatch):
    newer = replace(RECORD, spec=SPECS[0], reason="newer")
    original, done = compaction_module._stamp, []

    def seen_and_then_meanwhile(path):
        stamp = original(path)
        if list(store.directory.glob("trials/*/*.parquet")) and not done:
            done.append(path)
            ResultStore(store.directory).write(newer)
        return stamp

    monkeypatch.setattr(compaction_module, "_stamp", seen_and_then_meanwhile)
    compact(store)
    assert done
    assert ResultStore(store.directory).read(SPECS[0]) == newer
    assert len(everything(store)) == 6


def compact_while_the_file_is_rewritten(store, monkeypatch, record, then):
    """Compact while a run writes `record` after the check of its file; `then` is called once the file is renamed."""
    original, done = compaction_module._stamp, []

    def stamp(path):
        seen = original(path)
        if path.name.startswith("."):
            then()
        elif not done and list(store.directory.glob("trials/*/*.parquet")):
            done.append(store.write(record))
        return seen

    with monkeypatch.context() as racing:
        racing.setattr(compaction_module, "_stamp", stamp)
        with suppress(KeyboardInterrupt):
            compact(ResultStore(store.directory))
    assert done


def test_a_record_that_a_killed_compaction_has_renamed_is_restored_by_the_next_one(tmp_path, monkeypatch):
    store, newer = ResultStore(tmp_path), replace(RECORD, reason="newer", created="2")
    store.write(replace(RECORD, created="1"))

    def killed():
        raise KeyboardInterrupt

    compact_while_the_file_is_rewritten(store, monkeypatch, newer, killed)
    (aside,) = store.directory.rglob(".*.aside")
    content = aside.read_bytes()
    compact(ResultStore(store.directory))
    assert everything(store) == [newer]
    assert store.single_files() == 0 and not aside.exists()
    # A renamed file is not restored if a Parquet file has an equal or newer record.
    compacted = set(store.directory.rglob("*"))
    aside.write_bytes(content)
    compact(ResultStore(store.directory))
    assert set(store.directory.rglob("*")) == compacted


def test_restoring_a_renamed_record_overwrites_no_newer_one(tmp_path, monkeypatch):
    store, newest = ResultStore(tmp_path), replace(RECORD, reason="newest", created="3")
    store.write(replace(RECORD, created="1"))
    newer = replace(RECORD, reason="newer", created="2")

    def just_before(original):
        def call(source, *rest):
            if Path(source).name.startswith("."):
                store.write(newest)
            return original(source, *rest)

        return call

    with monkeypatch.context() as racing:
        for place, name in ((os, "link"), (Path, "rename")):
            racing.setattr(place, name, just_before(getattr(place, name)))
        compact_while_the_file_is_rewritten(store, monkeypatch, newer, lambda: None)
    assert everything(store) == [newest]
    assert not list(store.directory.rglob(".*.aside"))


def test_a_renamed_record_is_restored_on_a_file_system_without_hard_links(tmp_path, monkeypatch):
    store, newer = ResultStore(tmp_path), replace(RECORD, reason="newer", created="2")
    store.write(replace(RECORD, created="1"))

    def refused(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    compact_while_the_file_is_rewritten(store, monkeypatch, newer, lambda: None)
    assert everything(store) == [newer]


CALLS = [(os, "fsync"), (Path, "replace"), (Path, "rename"), (Path, "unlink"), (Path, "stat"), (Path, "open")]


def test_a_kill_at_any_file_system_call_loses_no_record_and_the_next_compaction_finishes_the_work(store, monkeypatch):
    compact(store)
    store.write(replace(RECORD, spec=EXTRA))
    store.write(replace(RECORD, spec=SPECS[0], reason="run again"))
    expected, original = everything(store), store.directory.with_name("original")
    shutil.copytree(store.directory, original)
    for last in range(1, 200):
        shutil.rmtree(store.directory)
        shutil.copytree(original, store.directory)
        count = [0]
        with monkeypatch.context() as killed:
            for place, name in CALLS:
                killed.setattr(place, name, _stops(getattr(place, name), count, last))
            try:
                compact(ResultStore(store.directory))
            except KeyboardInterrupt:
                stopped = True
            else:
                stopped = False
        assert everything(store) == expected, f"call {last}"
        compact(ResultStore(store.directory))
        assert everything(store) == expected, f"call {last}, compacted again"
        assert store.single_files() == 0 and len(list(store.directory.glob("trials/*/*.parquet"))) == 1
        if not stopped:
            break
    assert not stopped and last > 10


def _stops(original, count, last):
    """Return the call as a kill would leave it: from call number `last` on, nothing happens, not even cleaning up."""

    def call(*args, **named):
        count[0] += 1
        if count[0] >= last:
            raise KeyboardInterrupt
        return original(*args, **named)

    return call
