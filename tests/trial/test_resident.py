"""Examples may stay on the host: each batch is moved to the device, and nothing else differs."""

from dataclasses import replace

import pytest
import torch

from harness.trial.batches import examples_of
from harness.trial.judging import evaluate, refresh_batchnorm
from harness.trial.setup import prepare
from tests.toy import Blobs, linear_down, run_record, spec, submission

torch.set_num_threads(1)
DATA = Blobs("smoke").load(None)


class Devices(Exception):
    """The devices on which a forward pass found its examples."""


class Located(Blobs):
    """Blobs whose forward pass only reports where its examples are: meta tensors have no values to compute with."""

    def forward(self, model, examples):
        raise Devices(*{values.device.type for values in examples.values()})


def blobs(resident):
    workload = Blobs("smoke")
    workload.size = replace(workload.size, resident=resident)
    return workload


def race(resident, device="cpu"):
    record = run_record(spec(target=0.0), blobs(resident), submission(linear_down), DATA, device=device)
    return [{k: v for k, v in evaluation.items() if k != "seconds"} for evaluation in record.evaluations]


def test_data_on_the_host_train_the_same():
    assert race(True) == race(False)
    assert len(race(False)) == 12


@pytest.mark.gpu
def test_data_on_the_host_train_an_accelerator_the_same():
    if not torch.cuda.is_available():
        pytest.skip("no accelerator")
    assert race(True, "cuda") == race(False, "cuda")


@pytest.mark.parametrize("resident", [True, False])
def test_examples_stay_on_the_device_or_the_host_and_every_batch_is_on_the_device(resident):
    """The meta device stands for an accelerator: its tensors have a device and no values."""
    workload = blobs(resident)
    ready = prepare(spec(), workload, DATA, torch.device("meta"))
    task = ready.task
    home = {v.device.type for v in (*ready.train.values(), *ready.validation.values())}
    assert home == {"meta" if resident else "cpu"}
    assert {v.device.type for v in examples_of(task.draw(4), task._seal).values()} == {"meta"}
    assert task.loss(task.draw(4)).device.type == "meta"
    with pytest.raises(Devices, match="meta"):
        evaluate(Located("smoke"), task.model, ready.validation)
    with pytest.raises(Devices, match="meta"):
        refresh_batchnorm(Located("smoke"), task.model, ready.train, seed=0)
