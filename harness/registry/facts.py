"""The types of what lists and boards print of a plug-in, checked when its file is loaded."""

from __future__ import annotations

import re
from collections.abc import Mapping

from harness.contracts.algorithms import TrainingAlgorithm
from harness.contracts.errors import ContractError
from harness.contracts.optimizers import Optimizer
from harness.contracts.schedules import Schedule
from harness.contracts.workloads import DataFacts, Size, Workload

Plugin = Schedule | Optimizer | type[TrainingAlgorithm] | type[Workload]

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")

TEXTS = ("summary", "paper", "cost", "deviation", "algoperf", "metric")
"""The facts of plug-ins that are texts, as far as the kind of plug-in has them."""


def check_facts(file: str, plugin: Plugin) -> None:
    """Check the types of what lists and boards print of a plug-in.

    Raises:
        ContractError: one is of another type, or the name contains characters that the command line does not accept.
    """
    if not isinstance(plugin.name, str) or not NAME.fullmatch(plugin.name):
        raise ContractError(
            f"{file}: a plug-in cannot be called {ascii(plugin.name)[:80]}:"
            " a name starts with a letter and contains only letters, digits, '_' and '-'"
        )
    for fact in TEXTS:
        value = getattr(plugin, fact, "")
        if not isinstance(value, str):
            raise ContractError(f"{file}: the {fact} of '{plugin.name}' must be a string, not a {type(value).__name__}")
    if isinstance(plugin, type) and issubclass(plugin, Workload):
        sizes, variants = plugin.sizes, plugin.variants
        if not (isinstance(sizes, Mapping) and all(isinstance(size, Size) for size in sizes.values())):
            raise ContractError(f'{file}: sizes of {plugin.__name__} must be a mapping, as in {{"laptop": Size(...)}}')
        if not (isinstance(variants, Mapping) and all(isinstance(changes, Mapping) for changes in variants.values())):
            raise ContractError(
                f'{file}: variants of {plugin.__name__} must be a mapping, as in {{"wide": {{"budget": 1000}}}}'
            )
        if not isinstance(plugin.data, DataFacts):
            raise ContractError(f"{file}: data of {plugin.__name__} must be DataFacts(...)")
