"""How an accelerator computes is arranged and recorded; a CPU computes as it ever did."""

import os
from dataclasses import replace

import pytest
import torch

from harness import optimizer
from harness.execution.environment import describe
from harness.trial import loop
from harness.trial.arranged import WORKSPACE, arrange, arrange_process, arrangement
from harness.trial.clock import Stopwatch
from harness.trial.process.float32_precision import precision
from harness.trial.process.guard import restored
from harness.trial.setup import prepare
from harness.trial.warming import STEPS, warm_up_steps
from tests.toy import Blobs, linear_down, run_record, spec, submission

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
DATA = Blobs("smoke").load(None)


def state():
    return (
        *(precision(), torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()),
        *(torch.backends.cudnn.benchmark, torch.utils.deterministic.fill_uninitialized_memory),
    )


def test_an_accelerator_computes_exact_products_and_by_deterministic_algorithms_and_the_state_is_restored():
    before = state()
    with restored(CPU) as lost:
        arrange(CUDA)
        assert set(precision().places) == {"ieee"}
        assert state()[1:] == (True, True, False, False)
        arrange(CUDA, deterministic=False)
        assert state()[1] is False
    assert (state(), lost) == (before, [])


def test_nothing_is_arranged_on_a_cpu(monkeypatch):
    monkeypatch.delenv(WORKSPACE[0], raising=False)
    before = state()
    arrange(CPU)
    arrange_process(CPU)
    assert state() == before and WORKSPACE[0] not in os.environ
    assert arrangement(CPU) == {} and "tf32" not in describe("cpu", 1)


def test_what_is_arranged_is_recorded(monkeypatch):
    monkeypatch.delenv(WORKSPACE[0], raising=False)
    monkeypatch.setitem(os.environ, "ANY", "")  # so that monkeypatch restores what the next line sets
    arrange_process(CUDA)
    facts = arrangement(CUDA)
    assert (facts["tf32"], facts["matmul_precision"], facts["cublas_workspace"]) == (False, "highest", WORKSPACE[1])
    monkeypatch.setenv(WORKSPACE[0], ":16:8")
    arrange_process(CUDA)
    assert arrangement(CUDA)["cublas_workspace"] == ":16:8"  # a user's own choice


def test_a_trial_arranges_its_device_once(monkeypatch):
    found = []
    monkeypatch.setattr(loop, "arrange", lambda device, deterministic: found.append((device, deterministic)))
    run_record(spec(target=0.0), Blobs("smoke"), submission(linear_down), DATA)
    assert found == [(CPU, True)]


def test_a_clock_waits_for_its_own_device(monkeypatch):
    waited = []
    monkeypatch.setattr(torch.accelerator, "synchronize", waited.append)
    second = torch.device("cuda:1")
    watch = Stopwatch(second)
    watch.start()
    watch.stop()
    assert waited == [second, second] and watch.seconds >= 0


def test_warming_up_on_copies_changes_nothing_of_the_trial():
    """A CPU stands for the accelerator: all that a first step depends on is as it was before the steps on copies."""
    workload, steps = Blobs("smoke"), []

    class Counted(torch.optim.SGD):
        def step(self, closure=None):
            steps.append(self.param_groups[0]["params"][0])
            return super().step(closure)

    @optimizer(defaults={"learning_rate": 0.1})
    def recipe(model, hyperparameters):
        return Counted(model.parameters(), lr=hyperparameters.learning_rate)

    ready = prepare(spec(), workload, DATA, CPU)
    before = torch.get_rng_state(), ready.task.generator.get_state(), [p.clone() for p in ready.task.model.parameters()]
    warm_up_steps(replace(submission(linear_down), optimizer=recipe), spec(), workload, ready.train, CPU)
    after = torch.get_rng_state(), ready.task.generator.get_state(), list(ready.task.model.parameters())
    assert all(torch.equal(one, other) for one, other in zip((*before[:2], *before[2]), (*after[:2], *after[2]), strict=True))
    assert ready.meter.thirds == 0 and len(steps) == STEPS
    assert all(each is not p for each in steps for p in after[2])
    assert torch.equal(ready.task.draw(4).indices, prepare(spec(), workload, DATA, CPU).task.draw(4).indices)


@pytest.mark.gpu
def test_a_trial_gives_the_same_bits_twice_on_an_accelerator():
    if not torch.cuda.is_available():
        pytest.skip("no accelerator")
    records = [run_record(spec(target=0.0), Blobs("smoke"), submission(linear_down), DATA, device="cuda") for _ in range(2)]
    one, other = ([{**each, "seconds": 0} for each in record.evaluations] for record in records)
    assert one == other
