"""timetrial: races training algorithms over fixed workloads to a fixed target, and says how sure it is.

The imports below are the list of public names, for type checkers and for Python alike. At run time each is imported when it
is first used (PEP 562), so that scoring, reports and lists never import torch.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

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

    @cache
    def _modules() -> dict[str, str]:
        """Return {public name: module that defines it}, read from the imports at the top of this file."""
        import ast

        statements = ast.parse(Path(__file__).read_text(encoding="utf-8")).body
        imports = next(statement.body for statement in statements if isinstance(statement, ast.If))
        return {alias.name: statement.module for statement in imports for alias in statement.names}

    def __getattr__(name: str) -> Any:
        if name == "__all__":
            return ["__version__", *_modules()]
        if name.startswith("__") or name not in _modules():
            raise AttributeError(f"module 'harness' has no attribute '{name}'")
        return getattr(import_module(_modules()[name]), name)

    def __dir__() -> list[str]:
        return ["__version__", *_modules()]
