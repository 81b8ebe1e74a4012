"""What a trial sets in torch is as it was for the next trial: every switch by itself."""

import pytest
import torch

from harness.trial.process.facets import kept
from harness.trial.process.float32_precision import FLOAT32_PRECISION, PLACES, compute_exactly, precision
from harness.trial.process.torch_state import FLAGS, accelerator_facets, torch_facets
from tests.trial.process.children import in_a_process

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


def in_torch(name, value):
    """Return a function that sets `torch.NAME`."""
    *path, last = name.split(".")
    place = torch
    for part in path:
        place = getattr(place, part)
    return lambda: setattr(place, last, value)


CHANGES = {
    "matrix products by the older interface": lambda: torch.set_float32_matmul_precision("medium"),
    "TF32 of cuBLAS": in_torch("backends.cuda.matmul.allow_tf32", True),
    "TF32 of cuDNN": in_torch("backends.cudnn.allow_tf32", False),
    "fp32_precision": in_torch("backends.fp32_precision", "tf32"),
    "fp32_precision of CUDA's products": in_torch("backends.cuda.matmul.fp32_precision", "tf32"),
    "fp32_precision of cuDNN": in_torch("backends.cudnn.fp32_precision", "ieee"),
    "fp32_precision of convolutions": in_torch("backends.cudnn.conv.fp32_precision", "ieee"),
    "fp32_precision of recurrent layers": in_torch("backends.cudnn.rnn.fp32_precision", "ieee"),
    "fp32_precision of mkldnn": in_torch("backends.mkldnn.matmul.fp32_precision", "bf16"),
    "deterministic algorithms": lambda: torch.use_deterministic_algorithms(True, warn_only=True),
    "deterministic cuDNN": in_torch("backends.cudnn.deterministic", True),
    "cuDNN's choice of algorithms": in_torch("backends.cudnn.benchmark", True),
    "cuDNN's choice, limit": in_torch("backends.cudnn.benchmark_limit", 3),
    "flash attention": lambda: torch.backends.cuda.enable_flash_sdp(False),
    "memory-efficient attention": lambda: torch.backends.cuda.enable_mem_efficient_sdp(False),
    "plain attention": lambda: torch.backends.cuda.enable_math_sdp(False),
    "cuDNN's attention": lambda: torch.backends.cuda.enable_cudnn_sdp(False),
    "sums of plain attention": lambda: torch.backends.cuda.allow_fp16_bf16_reduction_math_sdp(True),
    "order of attention": lambda: torch._C._set_sdp_priority_order([2, 1, 0, 3, 4]),
    "sums in bfloat16": in_torch("backends.cuda.matmul.allow_bf16_reduced_precision_reduction", False),
    "sums in half precision": in_torch("backends.cuda.matmul.allow_fp16_reduced_precision_reduction", False),
    "accumulation in half precision": in_torch("backends.cuda.matmul.allow_fp16_accumulation", True),
    "anomaly detection": lambda: torch.autograd.set_detect_anomaly(True, check_nan=False),
    "autocast": lambda: torch.set_autocast_enabled("cpu", True),
    "autocast's type": lambda: torch.set_autocast_dtype("cpu", torch.float16),
    "autocast's type on CUDA": lambda: torch.set_autocast_dtype("cuda", torch.bfloat16),
    "autocast's cache": lambda: torch.set_autocast_cache_enabled(False),
    "default device": lambda: torch.set_default_device("meta"),
    "default type": lambda: torch.set_default_dtype(torch.float64),
    "grad mode": lambda: torch.set_grad_enabled(False),
}


def state():
    """Return everything in torch that `CHANGES` changes."""
    flags = [getattr(torch._C, read)() for read, _ in FLAGS.values() if hasattr(torch._C, read)]
    cudnn = [getattr(torch.backends.cudnn, name) for name in ("benchmark", "benchmark_limit", "deterministic")]
    autocast = [(torch.is_autocast_enabled(kind), torch.get_autocast_dtype(kind)) for kind in ("cpu", "cuda")]
    others = (
        *(torch.is_autocast_cache_enabled(), torch.get_default_device(), torch.get_default_dtype(), torch.is_grad_enabled()),
        *(torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()),
        *(torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()),
    )
    return precision(), flags, cudnn, autocast, others


def each_change():
    """Return {change: (whether it changed something, whether all was as before after it, what was reported as lost)}."""
    facets = [facet for facet in torch_facets(CUDA) if facet.name not in {each.name for each in accelerator_facets()}]
    found = {}
    for name, change in CHANGES.items():
        before = state()
        with kept(facets) as lost:
            change()
            changed = state() != before
        found[name] = changed, state() == before, lost
    return found


def test_every_switch_that_a_trial_sets_is_restored():
    found = in_a_process(each_change).value
    assert {name: each for name, each in found.items() if each != (True, True, [])} == {}


def after_exact():
    compute_exactly()
    before = precision()
    with kept([FLOAT32_PRECISION]) as lost:
        torch.backends.cudnn.conv.fp32_precision = "tf32"
    readable = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    return before, precision() == before, lost, readable


def test_products_are_exact_by_both_interfaces_where_the_harness_asks_for_it():
    before, same, lost, readable = in_a_process(after_exact).value
    assert before.places == ("ieee",) * len(PLACES)
    assert (same, lost, readable) == (True, [], ("highest", False, False))


def test_the_present_accelerator_and_its_stream_are_restored(monkeypatch):
    present = {"device_index": 0, "stream": "default"}
    for name in present:
        monkeypatch.setattr(torch.accelerator, f"current_{name}", lambda name=name: present[name])
        monkeypatch.setattr(torch.accelerator, f"set_{name}", lambda value, name=name: present.update({name: value}))
    with kept(accelerator_facets()) as lost:
        torch.accelerator.set_device_index(3)
        torch.accelerator.set_stream("another")
    assert (present, lost) == ({"device_index": 0, "stream": "default"}, [])


@pytest.mark.gpu
def test_every_switch_is_restored_on_an_accelerator_too():
    if not torch.cuda.is_available():
        pytest.skip("no accelerator")
    torch.ones(1, device="cuda")
    with kept(torch_facets(CUDA)) as lost, torch.cuda.stream(torch.cuda.Stream()):
        torch.backends.fp32_precision = "tf32"
    assert lost == []
