"""An error after which an accelerator no longer computes is known, and so is memory that a trial left reserved on one.

There need not be an accelerator: `torch.AcceleratorError` is raised, and a recorded allocator stands for the device's.
"""

import pytest
import torch

from harness.records import Status
from harness.trial.process import accelerator, guard
from harness.trial.process.accelerator import AcceleratorKept, leaves_device_unusable, why_unusable
from harness.trial.process.failures import status_of
from harness.trial.process.limits import Limits

ASSERT = torch.AcceleratorError("CUDA error: device-side assert triggered\nCUDA kernel errors might be asynchronously reported")


def caused(cause):
    error = ValueError("in the optimizer")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "status", "unusable"),
    [
        (ASSERT, Status.FAILED, True),
        (torch.AcceleratorError("CUDA error: an illegal memory access was encountered"), Status.FAILED, True),
        (torch.AcceleratorError("HIP error: unspecified launch failure"), Status.FAILED, True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm`"), Status.FAILED, True),
        (RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"), Status.FAILED, True),
        (caused(ASSERT), Status.FAILED, True),
        (torch.AcceleratorError("CUDA error: out of memory"), Status.OUT_OF_MEMORY, False),
        (
            RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
            Status.OUT_OF_MEMORY,
            False,
        ),
        (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), Status.OUT_OF_MEMORY, False),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."), Status.OUT_OF_MEMORY, False),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), Status.FAILED, False),
        (ValueError("CUDA error: typed by a plug-in"), Status.FAILED, False),
    ],
)
def test_what_an_exception_says_about_memory_and_about_the_device(error, status, unusable):
    assert (status_of(error), leaves_device_unusable(error)) == (status, unusable)


def test_errors_that_lead_in_a_circle_are_followed_once():
    one, other = ValueError(), ValueError()
    one.__cause__, other.__cause__ = other, one
    assert not leaves_device_unusable(one)


@pytest.mark.parametrize(("error", "words"), [(ASSERT, "its accelerator reported an error"), (ValueError(), "")])
def test_a_trial_that_meets_an_error_of_the_accelerator_is_the_last_of_its_process(error, words):
    limits = Limits(None, None, own_process=False)
    with pytest.raises(type(error)), limits.applied():
        raise error
    assert limits.hit == words


def test_a_device_is_usable_when_it_computes():
    assert why_unusable(torch.device("cpu")) == ""
    assert "meta does not compute" in why_unusable(torch.device("meta"))  # its tensors have no values to look at


class Allocator:
    """The functions of `torch.accelerator` that are used, over a list of the bytes that are reserved and in use."""

    def __init__(self, monkeypatch):
        self.reserved = self.used = 0
        self.emptied = 0
        monkeypatch.setattr(torch.accelerator, "memory_reserved", lambda device: self.reserved)
        monkeypatch.setattr(torch.accelerator, "empty_cache", self.empty)
        monkeypatch.setattr(accelerator, "why_unusable", lambda device: "")
        monkeypatch.setattr(accelerator, "_left", [])

    def empty(self):
        self.emptied += 1
        self.reserved = self.used

    def trial(self, reserved, used):
        kept = AcceleratorKept(torch.device("cuda"))
        self.reserved, self.used = reserved, used
        return kept.give_back()


def test_reserved_memory_is_given_back_and_a_process_that_keeps_too_much_is_reported(monkeypatch):
    device = Allocator(monkeypatch)
    assert device.trial(reserved=2**33, used=0) == []
    assert (device.reserved, device.emptied) == (0, 1)
    assert device.trial(reserved=0, used=0) == [] and device.emptied == 1
    assert device.trial(reserved=2**29, used=2**28) == []
    (words,) = device.trial(reserved=2**31, used=2**30)
    assert words == "1024 MiB of the accelerator's memory that its trials took were not given back"


def test_a_device_that_fails_while_its_memory_is_given_back_is_reported(monkeypatch):
    device = Allocator(monkeypatch)

    def fail():
        raise ASSERT

    monkeypatch.setattr(torch.accelerator, "empty_cache", fail)
    (words,) = device.trial(reserved=1, used=0)
    assert words.startswith("cuda does not compute (AcceleratorError: CUDA error: device-side assert triggered")


def test_a_worker_hears_of_a_device_that_no_longer_computes(monkeypatch):
    monkeypatch.setattr(guard.AcceleratorKept, "give_back", lambda self: ["cuda does not compute"])
    aftermath = guard.Aftermath()
    with guard.guarded(aftermath, torch.device("cpu"), {}, own_process=False):
        pass
    assert aftermath.lost == ["cuda does not compute"]
