"""What is recorded about a machine, and when two machines are of one type."""

import platform

import pytest
import torch

from harness.execution import environment
from harness.execution.environment import cpu_facts, describe

AMD = """processor\t: 0
vendor_id\t: AuthenticAMD
cpu family\t: 25
model\t\t: 17
model name\t: AMD EPYC 9R14

processor\t: 1
vendor_id\t: AuthenticAMD
cpu family\t: 25
model\t\t: 99
model name\t: another
"""

ARM = """processor\t: 0
CPU implementer\t: 0x41
CPU architecture: 8
CPU part\t: 0xd40
"""


@pytest.fixture
def linux(tmp_path, monkeypatch):
    """Return a function that makes the machine the one that a /proc/cpuinfo describes."""

    def become(text):
        path = tmp_path / "cpuinfo"
        path.write_text(text)
        monkeypatch.setattr(environment, "CPU_INFO", path)
        cpu_facts.cache_clear()
        return describe("cpu", 2)

    yield become
    cpu_facts.cache_clear()


def test_a_cpu_is_recorded_by_vendor_family_model_and_instructions(linux):
    facts = linux(AMD)
    assert (facts["cpu_vendor"], facts["cpu_family"], facts["cpu_model"]) == ("AuthenticAMD", "25", "17")
    assert facts["cpu_capability"] == torch.backends.cpu.get_cpu_capability()
    assert facts["machine"].startswith("AMD EPYC 9R14, ") and facts["concurrency"] == 2
    assert facts["machine_type"] == f"AuthenticAMD, 25, 17, {facts['cpu_capability']}, torch {torch.__version__}"


def test_an_arm_processor_is_recorded_under_the_same_names(linux):
    facts = linux(ARM)
    assert (facts["cpu_vendor"], facts["cpu_family"], facts["cpu_model"]) == ("0x41", "8", "0xd40")


@pytest.mark.parametrize("line", ["vendor_id\t: AuthenticAMD", "cpu family\t: 25", "model\t\t: 17"])
def test_a_processor_that_differs_in_vendor_family_or_model_is_another_type(linux, line):
    name = line.split(":")[0]
    same, other = linux(AMD.replace("AMD EPYC 9R14", "AMD EPYC")), linux(AMD.replace(line, f"{name}: 77", 1))
    assert same["machine_type"] == linux(AMD)["machine_type"] != other["machine_type"]


def test_another_torch_or_other_instructions_are_another_type(linux, monkeypatch):
    before = linux(AMD)["machine_type"]
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "NO AVX")
    assert linux(AMD)["machine_type"] != before
    monkeypatch.undo()
    monkeypatch.setattr(torch, "__version__", "9.9.9")
    assert describe("cpu", 1)["machine_type"] != before


def test_where_there_is_no_cpuinfo_the_machine_still_has_a_type(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "CPU_INFO", tmp_path / "absent")
    cpu_facts.cache_clear()
    facts = describe("cpu", 1)
    cpu_facts.cache_clear()
    assert facts["cpu_vendor"] == platform.machine() and facts["machine_type"].endswith(f"torch {torch.__version__}")


class Slice:
    """What torch says about a seventh of a GPU."""

    name, total_memory, multi_processor_count = "NVIDIA H100 80GB HBM3 MIG 1g.10gb", 10 * 2**30, 16


@pytest.fixture
def gpu(monkeypatch, tmp_path):
    """Make torch say that there is a slice of a GPU, and the system that there is a driver."""
    text = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build  (dvs@U22)\nGCC version: 12"
    monkeypatch.setattr(environment, "DRIVER", tmp_path / "version")
    environment.DRIVER.write_text(text)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: Slice)
    monkeypatch.setattr(torch.backends.cudnn, "version", lambda: 91002)
    monkeypatch.setattr(torch.version, "cuda", "13.2")


def test_a_gpu_is_recorded_with_its_driver_libraries_slice_and_host(gpu, linux):
    linux(AMD)
    facts = describe("cuda:0", 7)
    assert (facts["machine"], facts["gpu"], facts["mig"]) == (Slice.name, Slice.name, True)
    assert (facts["driver"], facts["cuda"], facts["cudnn"]) == ("580.95.05", "13.2", 91002)
    assert (facts["gpu_memory"], facts["multiprocessors"], facts["concurrency"]) == (10 * 2**30, 16, 7)
    assert (facts["cpu"], facts["cpu_vendor"]) == ("AMD EPYC 9R14", "AuthenticAMD")
    assert (facts["tf32"], facts["matmul_precision"]) == (False, "highest")
    assert facts["machine_type"] == f"{Slice.name}, torch {torch.__version__}, cuDNN 91002"


def test_another_slice_or_another_cudnn_is_another_type(gpu, monkeypatch):
    before = describe("cuda", 1)["machine_type"]
    monkeypatch.setattr(torch.backends.cudnn, "version", lambda: 91100)
    assert describe("cuda", 1)["machine_type"] != before
    monkeypatch.setattr(Slice, "name", "NVIDIA H100 80GB HBM3")
    facts = describe("cuda", 1)
    assert (facts["mig"], facts["machine"]) == (False, "NVIDIA H100 80GB HBM3")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "MIG-12345")
    assert describe("cuda", 1)["mig"]


def test_where_the_system_states_no_driver_none_is_recorded(gpu, monkeypatch, tmp_path):
    monkeypatch.setattr(environment, "DRIVER", tmp_path / "absent")
    assert describe("cuda", 1)["driver"] == ""


@pytest.mark.gpu
def test_a_gpu_is_recorded_by_its_name():
    if not torch.cuda.is_available():
        pytest.skip("no accelerator")
    facts = describe("cuda", 1)
    assert facts["gpu"] == facts["machine"] == torch.cuda.get_device_name()
    assert facts["machine_type"] == f"{facts['gpu']}, torch {torch.__version__}, cuDNN {torch.backends.cudnn.version()}"
