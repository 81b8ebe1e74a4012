"""No step of a workload waits for its accelerator: nothing is read from the device between two evaluations.

The meta device stands for an accelerator: its tensors have no values, so whatever reads one (`item`, `tolist`, `cpu`, a
condition, a shape that depends on values) raises an error. The trial's own code runs: set-up, batches, loss, backward pass,
reference optimizer and meter.
"""

import pytest
import torch

from harness.plan import Request, make_plan
from harness.registry import find_submission
from harness.trial.loop import train_until
from harness.trial.outcome import Trace
from harness.trial.setup import prepare, start_algorithm
from tests.workloads.conftest import WORKLOADS

STEPS = 3

QUICK = {"digits_mlp", "shakespeare_lm", "census_dlrm", "speech_conformer"}
"""One of each kind of model; the others cost more, most of it to load their data."""

SMALL = [
    pytest.param(cls.name, size, marks=[] if cls.name in QUICK else pytest.mark.slow, id=f"{cls.name}-{size}")
    for cls in WORKLOADS.values()
    for size in ("smoke", "laptop")
    if size in cls.sizes
]

READ = {"speech_conformer", "speech_lstm"}
"""Workloads that read from the device in every step: the longest utterance of a batch, and lengths for CTC and for packing."""


@pytest.mark.parametrize(("name", "size"), SMALL)
def test_a_step_reads_nothing_from_the_device(name, size, loaded):
    workload = WORKLOADS[name](size)
    (spec,) = make_plan(Request(suite=size, workloads=(name,), submissions=("constant",), studies=1, trials=1)).trials[:1]

    def train():
        ready = prepare(spec, workload, loaded(workload), torch.device("meta"))
        algorithm = start_algorithm(find_submission("constant"), ready.task, spec, workload)
        train_until(STEPS * workload.size.batch_size, ready.meter, algorithm, None, Trace(spec.budget, []))
        return ready.meter.steps

    if name in READ:
        with pytest.raises(RuntimeError, match="cannot be called on meta tensors"):
            train()
    else:
        assert train() == STEPS
