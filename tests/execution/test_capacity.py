"""What a cluster offers to a run, what is said about it, and which devices can be asked for."""

from __future__ import annotations

import pytest

from harness.cli.running.checks import checked_device
from harness.contracts.errors import BadInput
from harness.execution import environment
from harness.execution.devices import Capacity, cluster_address, device_for, unused_here
from harness.execution.dispatch.capacity import CannotStart, Wanted, found_capacity
from harness.execution.dispatch.mig import parsed
from harness.execution.settings import AUTO, Settings
from workloads.data import data_directory


def nodes(*offers, alive=True):
    """Return nodes as Ray lists them, of pairs (CPUs, GPUs)."""
    resources = [{"CPU": float(cpus), **({"GPU": float(gpus)} if gpus else {})} for cpus, gpus in offers]
    return [{"NodeID": f"n{i}", "Alive": alive, "Resources": has} for i, has in enumerate(resources)]


CLUSTER = nodes((4, 0), (16, 8), (2, 8))
"""A head node without a GPU, and two nodes with eight, of which one has few cores."""


def found(listed, joined=True, **wanted):
    return found_capacity(listed, Wanted(**wanted), joined=joined)


def words(listed, address="head:6379", **wanted):
    return found(listed, joined=bool(address), **wanted).capacity.words(address)


def test_the_cluster_decides_where_the_driver_does_not():
    gpus = found(CLUSTER, device=AUTO)
    assert (gpus.capacity.device, gpus.capacity.workers, gpus.slots) == ("cuda", 16, {"n1": 8, "n2": 8})
    assert gpus.resources == {"CPU": 0.25, "GPU": 1.0}, "eight workers fit on two cores"
    assert found(nodes((4, 0)), device=AUTO).capacity.device == "cpu"
    assert found([*nodes((8, 8), alive=False), *nodes((2, 0))], device=AUTO).capacity.device == "cpu"


def test_a_device_that_the_cluster_lacks_is_one_line():
    for listed, device in ((nodes((4, 0)), "cuda"), (nodes((0, 0)), "cpu")):
        with pytest.raises(CannotStart, match=r"the Ray cluster offers no [CG]PU"):
            found(listed, device=device)
    with pytest.raises(CannotStart, match="--per-device 2: the trials race on CPU cores"):
        found(nodes((4, 0)), device=AUTO, per_device=2)


def test_several_trials_can_share_a_gpu():
    shared = found(CLUSTER, device="cuda", per_device=3)
    assert shared.capacity.workers == 48 and shared.slots["n1"] == 24
    assert 3 * shared.resources["GPU"] <= 1 and 24 * shared.resources["CPU"] <= 2


def test_the_line_says_what_races_where_and_what_does_not():
    assert words(CLUSTER, device=AUTO) == "16 trials at a time on 16 GPUs of 2 nodes (the Ray cluster at head:6379)"
    assert words(CLUSTER, device="cpu") == (
        "22 trials at a time on 22 CPU cores of 3 nodes (the Ray cluster at head:6379); "
        "its 16 GPUs are not used: --device cuda races there"
    )
    assert words(CLUSTER, device="cuda", workers=40).endswith("; 16 of 40 workers start: the others start when nodes join")
    assert words(nodes((4, 1)), "", device="cuda", workers=3) == (
        "1 trial at a time on 1 GPU (this machine); 1 of 3 workers start: there are no more devices"
    )
    assert words(nodes((8, 2)), device=AUTO, per_device=2).endswith(", 2 on each")


def test_workers_beyond_what_a_cluster_offers_wait_for_nodes_and_here_they_are_cut():
    for joined, wanted in ((True, 40), (False, 16)):
        assert found(CLUSTER, joined, device="cuda", workers=40).capacity.wanted == wanted
    assert found(CLUSTER, device="cuda", workers=3).capacity.workers == 3


def test_what_the_keeper_reports_of_the_capacity_is_what_it_found():
    from dataclasses import asdict

    capacity = found(CLUSTER, device=AUTO).capacity
    assert Capacity.from_json(asdict(capacity)) == capacity


def test_a_partitioned_gpu_has_as_many_devices_as_slices():
    whole = "GPU 0: NVIDIA A100 (UUID: GPU-11)\nGPU 1: NVIDIA A100 (UUID: GPU-22)\n"
    parts = "GPU 0: NVIDIA A100 (UUID: GPU-11)\n" + "".join(
        f"  MIG 1g.5gb     Device  {i}: (UUID: MIG-GPU-11/{i}/0)\n" for i in range(7)
    )
    assert parsed(whole) == [] and parsed("No devices were found") == []
    assert len(parsed(parts)) == 7 and parsed(parts + "GPU 1: NVIDIA A100 (UUID: GPU-22)\n")[-1] == "GPU-22"


@pytest.mark.parametrize(("typed", "device"), [("auto", "auto"), ("cpu", "cpu"), ("cuda", "cuda"), ("rocm", "cuda")])
def test_devices_that_can_be_asked_for(typed, device):
    assert checked_device(typed, 1) == device


@pytest.mark.parametrize(
    ("device", "per_device", "words"),
    [
        ("mps", 1, "trials race on cpu or cuda"),
        ("xpu", 1, "trials race on cpu or cuda"),
        ("cdua", 1, "did you mean 'cuda'"),
        ("auto", 0, "--per-device 0: 1 to 100"),
        ("cpu", 2, "a CPU core runs one trial at a time"),
    ],
)
def test_devices_that_cannot_are_one_line(device, per_device, words):
    with pytest.raises(BadInput, match=words):
        checked_device(device, per_device)


def test_without_a_cluster_torch_decides_and_a_device_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(environment, "choose_device", lambda: "cpu")
    here = Settings("ray", data_directory(), device=AUTO)
    assert device_for(here) == "cpu" and cluster_address(here) == ""
    with pytest.raises(BadInput, match="--device cuda: torch sees none on this machine"):
        device_for(Settings("ray", data_directory(), device="cuda"))
    with pytest.raises(BadInput, match="a CPU core runs one trial"):
        device_for(Settings("ray", data_directory(), device=AUTO, per_device=2))
    there = Settings("ray", data_directory(), device=AUTO, address="head:6379")
    assert device_for(there) == AUTO, "the driver's torch decides for a cluster"
    monkeypatch.setenv("RAY_ADDRESS", "head:6379")
    assert device_for(here) == AUTO and device_for(Settings("inline", data_directory(), device=AUTO)) == "cpu"


def test_an_accelerator_on_which_nothing_races_is_named(monkeypatch):
    import torch

    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    for kind, said in (("mps", "mps is not used: timetrial does not race on it"), ("cuda", "the GPU here is not used")):
        monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda kind=kind: torch.device(kind))
        assert unused_here("cpu") == said and unused_here("cuda") == ""
