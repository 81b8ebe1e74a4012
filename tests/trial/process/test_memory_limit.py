"""A trial that asks for more memory than its limit is out of memory; its process, or its executor, goes on."""

import mmap
import resource
import sys
from contextlib import suppress

import pytest
import torch

from harness.trial.process.failures import is_out_of_memory
from harness.trial.process.limits import Limits
from harness.trial.process.machine_memory import GIB, LEAST_BYTES, default_memory, machine_memory
from harness.trial.process.memory_limit import MEMORY_EXIT, memory_limit
from tests.hostile import race
from tests.toy import Plain
from tests.trial.process.children import in_a_process

LIMIT = 300_000_000

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux limits the memory of a process")


def many_examples():
    return torch.zeros(10**12)


def a_list():
    return [0] * 10**9


def small_pieces():
    kept = []
    while True:
        kept.append(bytearray(10**6))


def many_tensors():
    kept = []
    while True:
        kept.append(torch.ones(10**6))


def fill(mapping):
    for start in range(0, len(mapping), 10**6):
        mapping[start : start + 10**6] = bytes(10**6)
    while True:
        pass


def shared_mapping():
    fill(mmap.mmap(-1, 450_000_000))


def out_of_memory(fill, own_process=False):
    """Run a trial that fills memory in its third step, under a limit; return what its record and its limits say."""

    class Fills(Plain):
        """Fills memory."""

        def update(self, batch):
            super().update(batch)
            if self.task.step >= 3:
                self.kept = fill()

    limits = Limits(None, LIMIT, own_process=own_process)
    before = resource.getrlimit(resource.RLIMIT_DATA)
    record = race(Fills, settings={"limits": limits.applied})
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
    after = race(Plain, target=0.0)
    return record.status, record.reason, limits.hit, after.evaluations[-1]["metric"]


@pytest.mark.parametrize("fill", [many_examples, a_list, small_pieces, many_tensors, shared_mapping])
def test_a_trial_that_fills_memory_is_out_of_memory_and_the_next_one_is_as_without_it(fill):
    status, (trial, reason, hit, metric) = in_a_process(out_of_memory, fill)
    assert (status, trial) == (0, "out-of-memory"), reason
    assert "test_memory_limit.py" in reason
    assert bool(hit) == (fill is shared_mapping)
    assert metric == in_a_process(honest).value


def honest():
    return race(Plain, target=0.0).evaluations[-1]["metric"]


def stubborn():
    mapping = mmap.mmap(-1, 450_000_000)
    while True:
        with suppress(MemoryError):
            fill(mapping)


def test_a_worker_whose_resident_size_stays_over_the_limit_ends_itself_with_a_status_of_its_own():
    assert in_a_process(out_of_memory, stubborn, True).status == MEMORY_EXIT


def catches():
    with memory_limit(LIMIT, own_process=False):
        try:
            a_list()
        except MemoryError:
            return len(bytearray(10**7))


def test_a_plug_in_may_catch_the_error_and_go_on_with_less():
    assert in_a_process(catches).value == 10**7


def traced():
    with memory_limit(LIMIT, own_process=False):
        pass
    seen = []
    sys.settrace(lambda frame, event, argument: seen.append(event))
    try:
        honest()
    finally:
        sys.settrace(None)
    return len(seen) > 100


def test_a_debugger_or_a_measurement_of_coverage_works_after_a_trial_under_a_limit():
    assert in_a_process(traced).value is True


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes."), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("std::bad_alloc"), True),
        (OSError(12, "Cannot allocate memory"), True),
        (RuntimeError("shape mismatch"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_every_allocators_error_counts_as_out_of_memory(error, expected):
    assert is_out_of_memory(error) is expected


def test_the_default_limit_shares_the_machine_less_a_reserve():
    one, two = default_memory(1), default_memory(2)
    assert one < machine_memory() - GIB
    assert LEAST_BYTES <= two <= one
    assert default_memory(10**6) == LEAST_BYTES
