"""Batches that are read ahead are those of the data order, whatever sizes are asked for, and no thread stays."""

import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from harness.trial import prefetch
from harness.trial.batches import IndexStream, examples_of
from harness.trial.prefetch import AHEAD, Prefetched
from harness.trial.setup import prepare
from tests.hostile import race
from tests.toy import Blobs, Plain, spec

TRAIN = {"inputs": torch.arange(40.0).view(20, 2), "labels": torch.arange(20)}


def readers():
    return [thread for thread in threading.enumerate() if thread.name.startswith("prefetch")]


@pytest.fixture
def reader():
    found = Prefetched(TRAIN, IndexStream(20, 7), pinned=False)
    yield found
    found.close()
    assert readers() == []


@pytest.mark.parametrize("sizes", [[4] * 30, [3, 3, 5, 1, 20, 2, 2, 7, 45, 4, 4, 4, 4, 4, 1, 3]])
def test_the_batches_are_those_of_the_stream_in_its_order(reader, sizes):
    stream = IndexStream(20, 7)
    for size in sizes:
        indices, examples = reader.take(size)
        assert torch.equal(indices, stream.take(size))
        assert all(torch.equal(values, TRAIN[name][indices]) for name, values in examples.items())


def test_batches_are_read_before_they_are_asked_for(monkeypatch):
    read = []
    original = prefetch._Data.__getitem__
    monkeypatch.setattr(prefetch._Data, "__getitem__", lambda self, indices: read.append(1) or original(self, indices))
    reader = Prefetched(TRAIN, IndexStream(20, 7), pinned=False)
    reader.take(4)
    reader._reader.submit(lambda: None).result()  # the thread has done what was asked of it before
    reader.close()
    assert len(read) == 1 + AHEAD


def test_an_error_of_a_read_reaches_the_trial():
    reader = Prefetched(TRAIN, IndexStream(99, 7), pinned=False)  # indices that no example has
    with pytest.raises(IndexError):
        for _ in range(9):
            reader.take(20)
    reader.close()


def test_torch_draws_the_same_numbers_with_and_without_a_reader():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    reader = Prefetched(TRAIN, IndexStream(20, 7), pinned=False)
    reader.take(4)
    reader.close()
    assert torch.equal(torch.rand(2), expected)


def test_a_trial_whose_data_stay_on_the_host_reads_ahead_and_draws_the_same_batches():
    """The meta device stands for an accelerator: its tensors have no values, so that indices are compared."""
    workload = Blobs("smoke")
    data = workload.load(None)
    resident = prepare(spec(), workload, data, torch.device("meta")).task
    workload.size = replace(workload.size, resident=False)
    away = prepare(spec(), workload, data, torch.device("meta")).task
    for size in (4, 4, 9, 4):
        one, other = resident.draw(size), away.draw(size)
        assert torch.equal(one.indices, other.indices)
        assert {values.device.type for values in examples_of(other, away._seal).values()} == {"meta"}
    assert len(readers()) == 1
    away.close()
    assert readers() == []


@pytest.mark.parametrize("resident", [True, False])
def test_examples_that_a_workload_keeps_on_the_host_stay_there(resident):
    workload = Blobs("smoke")
    workload.host = ("labels",)
    workload.size = replace(workload.size, resident=resident)
    data, kept = workload.load(None), {"inputs": "meta", "labels": "cpu"}
    workload.forward = lambda model, examples: model(examples["inputs"])
    workload.example_losses = lambda outputs, examples: outputs.sum(1) + 0 * examples["labels"].to(outputs.device)
    task = prepare(spec(), workload, data, torch.device("meta")).task
    for batch in (task.draw(4), task.fetch(torch.tensor([2, 0]))):
        examples = examples_of(batch, task._seal)
        assert {name: values.device.type for name, values in examples.items()} == kept
        assert torch.equal(examples["labels"], data["train"]["labels"][batch.indices])
    assert task._away == (not resident)
    task.close()


def test_data_on_a_device_whose_number_is_not_named_are_not_read_ahead():
    """A run's device is "cuda", and a tensor there says "cuda:0"; on the CPU these are "cpu:0" and "cpu"."""
    workload = Blobs("smoke")
    task = prepare(spec(), workload, workload.load(None), torch.device("cpu", 0)).task
    assert {values.device for values in task._train.values()} != {task.device} and task.draw(4).size == 4
    assert task._reader is None and readers() == []


class Replaced(Plain):
    """Puts something in the place of its task's reader that notes when it is closed."""

    _closed = []

    def update(self, batch):
        vars(self.task)["_reader"] = SimpleNamespace(close=lambda: self._closed.append(self.task.step), take=None)
        super().update(batch)
        raise ValueError("in the first step")


def test_a_trial_ends_what_it_reads_ahead_however_it_ends():
    assert race(Replaced).status == "failed" and Replaced._closed == [1.0]
