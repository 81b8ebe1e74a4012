"""A dry run prices what the cluster offers, and says so where it cannot be asked."""

from __future__ import annotations

import pytest

from harness.execution.dispatch.capacity import gpu_types
from tests.execution.clusters import head_node, node
from tests.execution.commands import timetrial

LINE = ("run", "--suite", "smoke", "-s", "linear", "--studies", 1, "--dry-run")

GPUS = ("--num-cpus=3", "--num-gpus=3", '--resources={"accelerator_type:L4": 1}')
"""A node that says that it has three GPUs: nothing computes on them here."""


@pytest.mark.long
def test_a_dry_run_with_an_address_prices_the_devices_of_the_cluster(tmp_path):
    with head_node(cpus=1) as address:
        line = (*LINE, "--address", address, "--results", tmp_path / "results")
        with node(tmp_path / "node.log", f"--address={address}", *GPUS):
            gpus, cores = timetrial(*line), timetrial(*line, "--device", "cpu", "--workers", 9)
    where = f"(the Ray cluster at {address})"
    assert f"3 trials at a time on 3 GPUs of 1 node {where}" in gpus.stdout, gpus.stdout + gpus.stderr
    assert "seconds of L4" in gpus.stdout and "with 3 workers (counted FLOPs over 25% of 30.3 TFLOP/s" in gpus.stdout
    assert f"4 trials at a time on 4 CPU cores of 2 nodes {where}" in cores.stdout and "with 4 workers" in cores.stdout
    assert "CPU seconds" in cores.stdout and "4 of 9 workers start" in cores.stdout
    assert not (tmp_path / "results").exists()


def test_a_dry_run_whose_cluster_does_not_answer_prices_this_machine_and_says_so(tmp_path):
    done = timetrial(*LINE, "--address", "127.0.0.1:1", "--results", tmp_path)
    assert done.returncode == 0
    (line,) = (line for line in done.stdout.splitlines() if "what follows is priced for this machine" in line)
    assert line.startswith("no Ray cluster answers at '127.0.0.1:1'") and "CPU seconds" in done.stdout


def test_gpus_have_the_types_that_ray_names():
    nodes = [
        {"Alive": True, "Resources": {"GPU": 8.0, "accelerator_type:A100": 1.0, "CPU": 4.0}},
        {"Alive": True, "Resources": {"CPU": 4.0}},
        {"Alive": False, "Resources": {"GPU": 8.0, "accelerator_type:H100": 1.0}},
        {"Alive": True, "Resources": {"GPU": 1.0}},
    ]
    assert gpu_types(nodes) == ["A100"]
