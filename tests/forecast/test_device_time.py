"""A guess of a trial's time follows from counted operations and stated rates; a GPU's size is not priced in CPU seconds."""

import pytest

from harness.cli.running.prices import Prices, is_for_gpu, measured_seconds
from harness.forecast.device_time import CORE, DEVICES, LEAST_STEP, SHARE, STATED, device_named
from harness.plan import Request, make_plan
from harness.records import Status, TrialRecord
from harness.registry import find_workload
from harness.registry.costs import flops_per_example
from tests.benchmarks.flops import flops


def spec(suite="full", workload="imagenet_resnet50"):
    return make_plan(Request(suite=suite, workloads=(workload,), submissions=("cosine",), studies=1, trials=1)).trials[-1]


def record(of, device, gpu="", examples=1000.0, seconds=10.0):
    clocks = {"examples": examples, "cpu_seconds": seconds, "wall_seconds": seconds, "seconds": seconds}
    return TrialRecord(of, Status.MISSED, "", clocks=clocks, environment={"device": device, "gpu": gpu})


@pytest.mark.parametrize(
    ("name", "found"),
    [("NVIDIA H100 80GB HBM3", "H100"), ("NVIDIA L40S", "L40S"), ("Tesla T4", "T4"), ("NVIDIA H200 MIG 1g", "H200")],
)
def test_a_gpu_is_known_by_its_name_and_another_one_is_taken_for_the_stated_one(name, found):
    assert device_named(name).name == found
    assert device_named("GeForce 256") is STATED


def test_a_step_takes_its_operations_over_a_share_of_the_peak_and_never_less_than_its_launches():
    assert STATED.step_seconds(312e12, "bfloat16") == pytest.approx(1 / SHARE)
    assert STATED.step_seconds(19.5e12, "float32") == pytest.approx(1 / SHARE)
    assert STATED.step_seconds(1.0, "float32") == LEAST_STEP and CORE.step_seconds(1.0, "float32") < LEAST_STEP
    assert all(device.bfloat16 >= device.float32 > 1e12 for device in DEVICES)


def test_imagenet_takes_tens_of_minutes_of_a_gpu_and_days_of_a_core():
    whole = spec()
    assert is_for_gpu(whole) and not is_for_gpu(spec("laptop", "shakespeare_lm"))
    assert whole.horizon == whole.budget
    assert 20 * 60 < Prices(STATED).seconds(whole) < 60 * 60
    assert Prices(CORE).seconds(whole) > 30 * 86_400


def test_what_was_measured_on_the_device_comes_first_and_other_devices_do_not_count():
    whole = spec()
    records = [record(whole, "cpu", seconds=1.0), record(whole, "cuda", "NVIDIA H100 80GB HBM3"), record(whole, "cuda:0", "T4")]
    h100 = device_named("H100")
    prices = Prices(h100, measured_seconds(records, h100))
    assert prices.seconds(whole) == pytest.approx(whole.horizon * 0.01)
    assert prices.bases == {"measured on records in this directory"}
    on_cpu = measured_seconds([record(whole, "cuda", "NVIDIA H100 80GB HBM3")], CORE)
    assert on_cpu == {}


def test_stated_costs_are_what_is_counted_now():
    for name, size in (("digits_mlp", "smoke"), ("cifar100_wideresnet", "full")):
        workload = find_workload(name, size)
        try:
            assert flops_per_example(workload) == flops(workload), "python -m tests.benchmarks.flops"
        except SystemExit as missing:
            pytest.skip(str(missing))
    assert all(flops_per_example(find_workload(name, "full")) for name in ("text_lm", "imagenet_resnet50", "cifar10_resnet"))
