"""No step of a workload waits for its accelerator: nothing is read from the device between two evaluations.

The meta device stands for an accelerator: its tensors have no values, so whatever reads one (`item`, `tolist`, `cpu`, a
condition, a shape that depends on values) raises an error. The trial's own code runs: set-up, batches, loss, backward pass,
reference optimizer and meter.
"""

import pytest
import torch

from harness.contracts.errors import ContractError
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


def ctc_loss(log_probs, targets, input_lengths, target_lengths, blank=0, zero_infinity=False):
    """Stand in for CTC's loss, which torch has not on the meta device; on an accelerator it reads lengths that lie there."""
    if input_lengths.is_meta or target_lengths.is_meta:
        raise RuntimeError("lengths are read back from the device")
    frames, size, _ = log_probs.shape
    return log_probs.new_empty(size), log_probs.new_empty(size, frames, 2 * targets.shape[-1] + 1)


def ctc_loss_backward(grad, log_probs, *_):
    """Stand in for its gradient."""
    return torch.empty_like(log_probs)


@pytest.fixture(scope="module", autouse=True)
def ctc():
    """Let the meta device compute CTC's loss."""
    library = torch.library.Library("aten", "IMPL")
    library.impl("_ctc_loss.Tensor", ctc_loss, "Meta")
    library.impl("_ctc_loss_backward.Tensor", ctc_loss_backward, "Meta")
    yield
    library._destroy()


@pytest.mark.parametrize(("name", "size"), SMALL)
def test_a_step_reads_nothing_from_the_device(name, size, loaded):
    workload = WORKLOADS[name](size)
    (spec,) = make_plan(Request(suite=size, workloads=(name,), submissions=("constant",), studies=1, trials=1)).trials[:1]

    def train():
        ready = prepare(spec, workload, loaded(workload), torch.device("meta"))
        algorithm = start_algorithm(find_submission("constant"), ready.task, spec, workload)
        train_until(STEPS * workload.size.batch_size, ready.meter, algorithm, None, Trace(spec.budget, []))
        return ready.meter.steps

    assert train() == STEPS


def test_a_name_that_the_examples_have_not_is_refused(monkeypatch, loaded):
    workload = WORKLOADS["digits_mlp"]("smoke")
    spec, *_ = make_plan(Request(suite="smoke", workloads=("digits_mlp",), submissions=("constant",), studies=1)).trials
    monkeypatch.setattr(type(workload), "host", ("lenghts",))
    with pytest.raises(ContractError, match="host names lenghts, which load\\(\\) does not return"):
        prepare(spec, workload, loaded(workload), torch.device("cpu"))
