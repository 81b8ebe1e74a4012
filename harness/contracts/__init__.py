"""What a plug-in implements. It imports no other package of `harness`, and torch only inside functions and for types."""

from harness.contracts.algorithms import Batch, Task, TrainingAlgorithm
from harness.contracts.errors import BadInput, ContractError, did_you_mean
from harness.contracts.optimizers import Optimizer, decay_groups, optimizer
from harness.contracts.schedules import SIGNALS, ClosedLoop, Feedback, Schedule, checked_multiplier, schedule
from harness.contracts.spaces import Choice, Hyperparameters, LogUniform, Range, Space, Uniform
from harness.contracts.workloads import DataFacts, DataUnavailable, Examples, Reference, Size, Workload

__all__ = [
    "SIGNALS",
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
    "Range",
    "Reference",
    "Schedule",
    "Size",
    "Space",
    "Task",
    "TrainingAlgorithm",
    "Uniform",
    "Workload",
    "checked_multiplier",
    "decay_groups",
    "did_you_mean",
    "optimizer",
    "schedule",
]
