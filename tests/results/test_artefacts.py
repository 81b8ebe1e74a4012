"""Artefacts of a trial: written before its record, capped, and never mistaken for a record."""

import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from harness.records import ARTEFACT_BYTES, ARTEFACT_LIMIT, Artefact, shortened
from harness.results import ResultStore, compact, read_trials
from tests.test_records import RECORD, SPEC

TRACEBACK = Artefact("traceback.txt", b"Traceback (most recent call last):\n\xff")
LOSSES = Artefact("losses.npy", b"\x00\x01")


@pytest.fixture
def store(tmp_path):
    return ResultStore(tmp_path / "results")


def artefact_files(store):
    return sorted(path for path in (store.directory / "artefacts").rglob("*") if path.is_file())


def contents(store, record):
    return [store.artefact_path(record.spec, name).read_bytes() for name in record.artefacts]


def test_artefacts_are_read_back_byte_by_byte_through_the_names_in_the_record(store):
    store.write(RECORD, [TRACEBACK, LOSSES])
    record = store.read(SPEC)
    assert record == replace(RECORD, artefacts=("traceback.txt", "losses.npy"))
    assert contents(store, record) == [TRACEBACK.content, LOSSES.content]
    assert [path.parent.relative_to(store.directory) for path in artefact_files(store)] == [
        Path("artefacts/digits_mlp/rex")
    ] * 2
    assert [path.name for path in artefact_files(store)] == [
        f"study1-trial2-{SPEC.id}-losses.npy",
        f"study1-trial2-{SPEC.id}-traceback.txt",
    ]
    assert read_trials(store.directory)["artefacts"][0] == tuple(
        f"artefacts/digits_mlp/rex/study1-trial2-{SPEC.id}-{name}" for name in ("traceback.txt", "losses.npy")
    )


def test_nothing_but_records_ends_in_json_under_trials(store):
    store.write(RECORD, [TRACEBACK])
    compact(store)
    store.write(replace(RECORD, spec=replace(SPEC, study=5)), [TRACEBACK])
    files = [path for path in (store.directory / "trials").rglob("*") if path.is_file()]
    assert sorted(path.suffix for path in files) == [".json", ".parquet"]
    with pytest.raises(ValueError, match=r"x\.json"):
        Artefact("x.json", b"{}")


def test_a_write_that_fails_at_an_artefact_leaves_the_earlier_record(store, monkeypatch):
    store.write(RECORD)
    written = []

    def full(path, content):
        written.append(path)
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("harness.results.store.write_atomically", full)
        with pytest.raises(OSError, match="No space"):
            store.write(replace(RECORD, reason="again"), [TRACEBACK])
    assert written == [store.artefact_path(SPEC, TRACEBACK.name)]
    assert store.read(SPEC) == RECORD


def test_a_kill_between_artefacts_and_record_leaves_no_record_that_names_a_missing_file(store, monkeypatch):
    replaced, original = [], Path.replace

    def killed(self, target):
        if len(replaced) == 2:
            raise KeyboardInterrupt
        replaced.append(Path(target))
        return original(self, target)

    with monkeypatch.context() as broken:
        broken.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            store.write(RECORD, [TRACEBACK, LOSSES])
    assert replaced == [store.artefact_path(SPEC, artefact.name) for artefact in (TRACEBACK, LOSSES)]
    assert store.read(SPEC) is None


def test_a_trial_that_runs_again_loses_the_artefacts_of_its_earlier_record_and_no_others(store):
    other = replace(RECORD, spec=replace(SPEC, trial=0))
    store.write(RECORD, [TRACEBACK])
    store.write(other, [TRACEBACK])
    store.write(RECORD, [LOSSES])
    assert contents(store, store.read(SPEC)) == [LOSSES.content]
    assert contents(store, store.read(other.spec)) == [TRACEBACK.content]
    assert len(artefact_files(store)) == 2


def test_the_number_and_the_size_of_artefacts_are_capped(store):
    many = [Artefact(f"{k}.txt", b"") for k in range(ARTEFACT_LIMIT + 1)]
    with pytest.raises(ValueError, match=f"at most {ARTEFACT_LIMIT}"):
        store.write(RECORD, many)
    with pytest.raises(ValueError, match="name of its own"):
        store.write(RECORD, [TRACEBACK, TRACEBACK])
    assert store.read(SPEC) is None and artefact_files(store) == []
    store.write(RECORD, many[:-1])
    assert len(store.read(SPEC).artefacts) == ARTEFACT_LIMIT
    long = bytes(ARTEFACT_BYTES + 1)
    with pytest.raises(ValueError, match=str(len(long))):
        Artefact("long.bin", long)
    assert len(Artefact("long.bin", shortened(long)).content) <= ARTEFACT_BYTES


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a\\b", ".hidden", "x" * 65, "new\nline", "x.json", "é"])
def test_an_artefact_name_is_one_plain_file_name(name):
    with pytest.raises(ValueError, match="artefact"):
        Artefact(name, b"")


def test_compaction_keeps_artefacts_and_their_names(store):
    store.write(RECORD, [TRACEBACK])
    compact(store)
    assert store.single_files() == 0
    record = ResultStore(store.directory).read(SPEC)
    assert record.artefacts == ("traceback.txt",)
    assert contents(store, record) == [TRACEBACK.content]
    assert read_trials(store.directory)["artefacts"][0] == (f"artefacts/digits_mlp/rex/study1-trial2-{SPEC.id}-traceback.txt",)


@pytest.mark.parametrize("compacted", [False, True])
def test_directories_of_two_machines_merge_with_their_artefacts_by_copying(store, tmp_path, compacted):
    other = ResultStore(tmp_path / "other")
    store.write(RECORD, [TRACEBACK])
    second = replace(RECORD, spec=replace(SPEC, study=2))
    other.write(second, [LOSSES])
    if compacted:
        compact(store)
        compact(other)
    shutil.copytree(other.directory, store.directory, dirs_exist_ok=True)
    merged = ResultStore(store.directory)
    assert {record.spec.study: contents(merged, record) for record in merged.records()} == {
        1: [TRACEBACK.content],
        2: [LOSSES.content],
    }


def test_a_half_written_artefact_is_removed_by_a_compaction_a_day_later(store):
    store.write(RECORD, [TRACEBACK])
    (path,) = artefact_files(store)
    left = path.with_name(f".{path.name}.1.00000000.tmp")
    left.write_bytes(b"half")
    os.utime(left, (time.time() - 25 * 3600,) * 2)
    compact(store)
    assert artefact_files(store) == [path]
