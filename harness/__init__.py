"""timetrial: races training algorithms over fixed workloads, and says how much compute each saves and how sure it is.

The imports below are the list of public names, for type checkers and for Python alike. At run time each is imported when it
is first used (PEP 562), so that scoring, reports and lists never import torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.first_use import on_first_use

if TYPE_CHECKING:
    from harness.contracts.algorithms import Batch as Batch
    from harness.contracts.algorithms import Task as Task
    from harness.contracts.algorithms import TrainingAlgorithm as TrainingAlgorithm
    from harness.contracts.errors import BadInput as BadInput
    from harness.contracts.errors import ContractError as ContractError
    from harness.contracts.optimizers import Optimizer as Optimizer
    from harness.contracts.optimizers import clip_gradients as clip_gradients
    from harness.contracts.optimizers import optimizer as optimizer
    from harness.contracts.parameters import decay_groups as decay_groups
    from harness.contracts.parameters import hidden_groups as hidden_groups
    from harness.contracts.parameters import split_parameters as split_parameters
    from harness.contracts.schedules import ClosedLoop as ClosedLoop
    from harness.contracts.schedules import Feedback as Feedback
    from harness.contracts.schedules import Schedule as Schedule
    from harness.contracts.schedules import schedule as schedule
    from harness.contracts.spaces import Choice as Choice
    from harness.contracts.spaces import Hyperparameters as Hyperparameters
    from harness.contracts.spaces import LogUniform as LogUniform
    from harness.contracts.spaces import Uniform as Uniform
    from harness.contracts.workloads import DataFacts as DataFacts
    from harness.contracts.workloads import DataUnavailable as DataUnavailable
    from harness.contracts.workloads import Examples as Examples
    from harness.contracts.workloads import Reference as Reference
    from harness.contracts.workloads import Size as Size
    from harness.contracts.workloads import Workload as Workload
    from harness.notebook.board import Leaderboard as Leaderboard
    from harness.notebook.board import leaderboard as leaderboard
    from harness.notebook.comparison import SideBySide as SideBySide
    from harness.notebook.comparison import compare as compare
    from harness.notebook.race import race as race
    from harness.results import load_results as load_results

__version__ = "0.1.0"

if not TYPE_CHECKING:  # a type checker would take a module's `__getattr__` to mean that every name exists
    __getattr__, __dir__ = on_first_use(__name__, __file__, "__version__")
