"""A compiled workload trains and is judged as an uncompiled one; compilation is on no clock."""

import shutil
from dataclasses import replace

import pytest
import torch
from torch import nn

from tests.toy import Blobs, Plain, run_record, spec, submission

DATA = Blobs("smoke").load(None)


def race(*, compiled):
    workload = Blobs("smoke")
    workload.size = replace(workload.size, compiled=compiled)
    return run_record(spec(track="self-tuning", target=0.0), workload, submission(Plain), DATA)


def metrics(record):
    return [evaluation["metric"] for evaluation in record.evaluations]


def test_a_compiled_model_is_judged_in_its_own_copy_and_ends_where_the_plain_one_does(monkeypatch):
    """Traced by dynamo and run by the backend that changes no arithmetic: the values are the same to the last bit."""
    made, compile_it = [], nn.Module.compile

    def traced(module):
        made.append(module)
        compile_it(module, backend="eager")

    monkeypatch.setattr(nn.Module, "compile", traced)
    found = race(compiled=True)
    assert found.status == "missed" and len(made) == 2  # what trains, and what is judged
    monkeypatch.undo()
    plain = race(compiled=False)
    assert metrics(found) == metrics(plain)
    assert found.clocks["examples"] == plain.clocks["examples"]


@pytest.mark.slow
def test_code_for_the_machine_ends_near_and_its_making_is_on_no_clock():
    if shutil.which("g++") is None and shutil.which("clang++") is None:
        pytest.skip("torch.compile needs a C++ compiler")
    torch.compiler.reset()
    found, plain = race(compiled=True), race(compiled=False)
    assert metrics(found) == pytest.approx(metrics(plain), rel=0.02)  # dropout draws by another generator
    assert found.clocks["seconds"] < found.clocks["setup_seconds"]
