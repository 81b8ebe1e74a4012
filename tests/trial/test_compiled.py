"""A compiled workload trains and is evaluated like an uncompiled one, and compilation is on no clock."""

import shutil
from dataclasses import replace
from typing import ClassVar

import pytest
import torch
from torch import nn

from tests.toy import Blobs, Plain, run_record, spec, submission

DATA = Blobs("smoke").load(None)


class Traced(nn.Sequential):
    """Compiled with the "eager" backend: Dynamo traces the model, and no arithmetic changes."""

    made: ClassVar[list[nn.Module]] = []

    def compile(self):
        self.made.append(self)
        super().compile(backend="eager")


class TracedBlobs(Blobs):
    """Counts the models that are compiled."""

    def build_model(self):
        return Traced(*super().build_model())


def race(*, compiled, workload=Blobs):
    instance = workload("smoke")
    instance.size = replace(instance.size, compiled=compiled)
    return run_record(spec(track="self-tuning", target=0.0), instance, submission(Plain), DATA)


def metrics(record):
    return [evaluation["metric"] for evaluation in record.evaluations]


def test_a_compiled_model_has_a_compiled_copy_for_evaluation_and_ends_where_an_uncompiled_one_does():
    """The values are equal to the last bit."""
    found = race(compiled=True, workload=TracedBlobs)
    assert found.status == "missed" and len(Traced.made) == 2  # the model that is trained, and the one that is evaluated
    plain = race(compiled=False)
    assert metrics(found) == metrics(plain)
    assert found.clocks["examples"] == plain.clocks["examples"]


@pytest.mark.slow
def test_generated_code_ends_near_the_same_values_and_its_compilation_is_on_no_clock():
    if shutil.which("g++") is None and shutil.which("clang++") is None:
        pytest.skip("torch.compile needs a C++ compiler")
    torch.compiler.reset()
    found, plain = race(compiled=True), race(compiled=False)
    assert metrics(found) == pytest.approx(metrics(plain), rel=0.02)  # dropout draws from another generator
    assert found.clocks["seconds"] < found.clocks["setup_seconds"]
