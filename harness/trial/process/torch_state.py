"""The state that torch keeps per process, as facets; hooks on all modules are refused while weights are judged."""

from __future__ import annotations

import gc
import operator
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.autograd import forward_ad
from torch.nn.modules import module as modules
from torch.optim import optimizer as optimizers
from torch.overrides import _get_current_function_mode_stack as function_modes
from torch.utils._python_dispatch import _get_current_dispatch_mode_stack as dispatch_modes

from harness.contracts.errors import ContractError
from harness.trial.process.facets import Facet, identical, never
from harness.trial.process.float32_precision import FLOAT32_PRECISION

ACCELERATORS = ("cuda", "xpu", "mps")
"""Types of devices that `torch.accelerator` may drive."""

CUDNN = ("benchmark", "benchmark_limit", "deterministic", "enabled")

FLAGS: Mapping[str, tuple[str, str]] = {
    "mkldnn": ("_get_mkldnn_enabled", "_set_mkldnn_enabled"),
    "deterministic mkldnn": ("_get_mkldnn_deterministic", "_set_mkldnn_deterministic"),
    "NNPACK": ("_get_nnpack_enabled", "_set_nnpack_enabled"),
    **{
        f"{what} of cuBLAS": (f"_get_cublas_allow_{name}", f"_set_cublas_allow_{name}")
        for what, name in (
            ("half-precision sums", "fp16_reduced_precision_reduction"),
            ("bfloat16 sums", "bf16_reduced_precision_reduction"),
            ("half-precision accumulation", "fp16_accumulation"),
        )
    },
    "half-precision sums on the CPU": (
        "_get_cpu_allow_fp16_reduced_precision_reduction",
        "_set_cpu_allow_fp16_reduced_precision_reduction",
    ),
    "cuDNN's depthwise convolution": ("_get_cudnn_depthwise_kernel", "_set_cudnn_depthwise_kernel"),
    "the library of matrix products": ("_get_blas_preferred_backend", "_set_blas_preferred_backend"),
    "the library of linear algebra": ("_get_linalg_preferred_backend", "_set_linalg_preferred_backend"),
    "flash attention": ("_get_flash_sdp_enabled", "_set_sdp_use_flash"),
    "memory-efficient attention": ("_get_mem_efficient_sdp_enabled", "_set_sdp_use_mem_efficient"),
    "plain attention": ("_get_math_sdp_enabled", "_set_sdp_use_math"),
    "cuDNN's attention": ("_get_cudnn_sdp_enabled", "_set_sdp_use_cudnn"),
    "a backend's own attention": ("_get_overrideable_sdp_enabled", "_set_sdp_use_overrideable"),
    "flash attention 3": ("_get_fa3_sdp_enabled", "_set_sdp_use_fa3"),
    "flash attention 4": ("_get_fa4_sdp_enabled", "_set_sdp_use_fa4"),
    "low-precision sums of plain attention": (
        "_get_math_sdp_allow_fp16_bf16_reduction",
        "_set_math_sdp_allow_fp16_bf16_reduction",
    ),
    "the order of attention": ("_get_sdp_priority_order", "_set_sdp_priority_order"),
    "filling of uninitialised memory": (
        "_get_deterministic_fill_uninitialized_memory",
        "_set_deterministic_fill_uninitialized_memory",
    ),
    "repeated warnings": ("_get_warnAlways", "_set_warnAlways"),
}
"""Switches of torch: functions of `torch._C` that read and set each, as far as this version has them."""


def torch_facets(device: torch.device) -> tuple[Facet, ...]:
    """Return the facets of torch for trials on `device`: modes, grad mode, precision, switches, threads and hooks."""
    kinds = sorted({"cpu", device.type} - {"meta"})
    return (
        *MODES,
        Facet("autocast", lambda: [_autocast(kind) for kind in kinds], _set_autocast(kinds)),
        *OTHERS,
        *(accelerator_facets() if device.type in ACCELERATORS else ()),
        *(
            Facet(f"torch's switch for {what}", getattr(torch._C, read), _unpacked(getattr(torch._C, write)))
            for what, (read, write) in FLAGS.items()
            if hasattr(torch._C, read) and hasattr(torch._C, write)
        ),
    )


def check_hooks() -> None:
    """Check that no hook is registered for all modules, or all optimizers, of the process.

    Raises:
        ContractError: one is.
    """
    if any(_hooks().values()):
        what = "modules or optimizers of the process: register it on a module of task.model, or on your own optimizer"
        raise ContractError(f"a hook is registered for all {what}")


def _hooks() -> dict[str, dict[Any, Any]]:
    """Return torch's tables of hooks that are called for every module, or every optimizer, of the process."""
    spaces = {**vars(modules), **vars(optimizers)}
    return {name: value for name, value in spaces.items() if name.startswith("_global_") and isinstance(value, dict)}


def _set_hooks(values: Mapping[str, Mapping[Any, Any]]) -> None:
    for name, value in _hooks().items():
        value.clear()
        value.update(values.get(name, {}))


def _leave_modes(read: Callable[[], list[Any]]) -> Callable[[list[Any]], None]:
    """Return a function that leaves the modes which the trial has entered, the last one first."""

    def write(before: list[Any]) -> None:
        for mode in reversed(read()[len(before) :]):
            mode.__exit__(None, None, None)

    return write


def _saved_tensors_hooks() -> Any:
    """Return the innermost hooks of `torch.autograd.graph.saved_tensors_hooks`."""
    return torch._C._autograd._top_saved_tensors_default_hooks(True)


def _leave_saved_tensors_hooks(before: Any) -> None:
    while (now := _saved_tensors_hooks()) is not None and now != before:
        torch._C._autograd._pop_saved_tensors_default_hooks()


def _device_context() -> Any:
    """Return the mode that `torch.set_default_device` has entered, where `torch.get_default_device` looks for it."""
    return getattr(torch._GLOBAL_DEVICE_CONTEXT, "device_context", None)


def _set_device_context(mode: Any) -> None:
    torch._GLOBAL_DEVICE_CONTEXT.device_context = mode


def _leave_inference_mode(before: bool) -> None:
    """End an inference mode that somebody entered by hand: it ends when the object that was entered is freed."""
    if torch.is_inference_mode_enabled() and not before:
        gc.collect()


def _autocast(kind: str) -> tuple[bool, torch.dtype]:
    return torch.is_autocast_enabled(kind), torch.get_autocast_dtype(kind)


def _set_autocast(kinds: list[str]) -> Callable[[list[tuple[bool, torch.dtype]]], None]:
    def write(values: list[tuple[bool, torch.dtype]]) -> None:
        for kind, (enabled, dtype) in zip(kinds, values, strict=True):
            torch.set_autocast_enabled(kind, enabled)
            torch.set_autocast_dtype(kind, dtype)

    return write


def _set_cudnn(values: list[bool]) -> None:
    for name, value in zip(CUDNN, values, strict=True):
        setattr(torch.backends.cudnn, name, value)


def _unpacked(write: Callable[..., object]) -> Callable[[Any], object]:
    """Return a setter of one value; some of torch's getters return the several arguments of their setter as a tuple."""
    return lambda value: write(*value) if isinstance(value, tuple) else write(value)


def _flushes_denormals() -> bool:
    with torch._C.DisableTorchFunction():
        return (torch.tensor(2e-310, dtype=torch.float64, device="cpu") / 2).item() == 0


def registered_kernels() -> frozenset[str]:
    """Return the kernels and operators that Python code has registered among torch's own, as `torch.library` notes them.

    Those in a library's own namespace are left out: only who names them calls them. So are those that torch itself registers
    late: for shapes alone, and for `torch.vmap` when it is first called.
    """
    registered = (*getattr(torch.library, "_impls", ()), *getattr(torch.library, "_defs", ()))
    late = ("/Meta", "/FuncTorchBatched")
    return frozenset(name for name in registered if name.startswith(("aten/", "aten::")) and not name.endswith(late))


def _leave_dual_levels(before: int) -> None:
    while forward_ad._current_level > before:
        forward_ad.exit_dual_level()


MODES = (
    Facet("a torch function mode", function_modes, _leave_modes(function_modes), identical),
    Facet("a torch dispatch mode", dispatch_modes, _leave_modes(dispatch_modes), identical),
    Facet("torch's default device", _device_context, _set_device_context, operator.is_),
    Facet("inference mode", torch.is_inference_mode_enabled, _leave_inference_mode),
    Facet("hooks on saved tensors", _saved_tensors_hooks, _leave_saved_tensors_hooks),
    Facet("forward-mode differentiation", lambda: forward_ad._current_level, _leave_dual_levels),
)

OTHERS = (
    Facet("grad mode", torch.is_grad_enabled, torch.set_grad_enabled),
    Facet("torch's default type", torch.get_default_dtype, torch.set_default_dtype),
    FLOAT32_PRECISION,
    Facet("autocast's cache", torch.is_autocast_cache_enabled, torch.set_autocast_cache_enabled),
    Facet(
        "anomaly detection",
        lambda: (torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()),
        lambda value: torch.autograd.set_detect_anomaly(*value),
    ),
    Facet(
        "deterministic algorithms",
        lambda: (torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()),
        lambda value: torch.use_deterministic_algorithms(value[0], warn_only=value[1]),
    ),
    Facet("flushing of denormal numbers", _flushes_denormals, torch.set_flush_denormal),
    Facet("torch's number of threads", torch.get_num_threads, torch.set_num_threads),
    Facet(
        "cuDNN's switches",
        lambda: [getattr(torch.backends.cudnn, name) for name in CUDNN],
        _set_cudnn,
    ),
    Facet("a hook on all modules or optimizers", lambda: {name: dict(value) for name, value in _hooks().items()}, _set_hooks),
    Facet("a kernel of torch that was registered in Python", registered_kernels, lambda _: None),  # a library ends itself
    Facet("the random numbers of torch", torch.get_rng_state, torch.set_rng_state, never),
)


def accelerator_facets() -> tuple[Facet, ...]:
    """Return the facets that torch keeps per accelerator: the present device, and its stream."""
    accelerator = torch.accelerator
    return (
        Facet("the present accelerator", accelerator.current_device_index, accelerator.set_device_index),
        Facet("the present stream of the accelerator", accelerator.current_stream, accelerator.set_stream),
    )
