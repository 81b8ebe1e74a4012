"""timetrial: races training algorithms over fixed workloads to a fixed target, and says how sure it is.

Names are loaded when first used (PEP 562), so that scoring, reports and lists never import torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.contracts import *  # noqa: F403
    from harness.results import load_results as load_results

__version__ = "0.1.0"

_CONTRACTS = (
    "BadInput",
    "Batch",
    "Choice",
    "ClosedLoop",
    "ContractError",
    "DataFacts",
    "DataUnavailable",
    "Examples",
    "Feedback",
    "Hyperparameters",
    "LogUniform",
    "Optimizer",
    "Reference",
    "Schedule",
    "Size",
    "Task",
    "TrainingAlgorithm",
    "Uniform",
    "Workload",
    "decay_groups",
    "optimizer",
    "schedule",
)
_HOMES = dict.fromkeys(_CONTRACTS, "harness.contracts") | {"load_results": "harness.results"}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'harness' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
