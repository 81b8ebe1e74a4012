"""Returns the class of a library as a plug-in, or refuses it by what the table says of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.contracts.errors import BadInput, did_you_mean
from harness.contracts.optimizers import Optimizer
from harness.contracts.schedules import Schedule
from harness.registry.libraries.classes import is_scheduler, library_classes
from harness.registry.libraries.recipes import library_optimizer
from harness.registry.libraries.schedules import check_draws, library_schedule
from harness.registry.libraries.table import all_rows, intended, refuse, row_of
from harness.registry.tried import check_trains


def library_plugin(name: str, *, declared: bool = False) -> Optimizer | Schedule:
    """Return an optimizer recipe or a schedule that wraps a library's class.

    Args:
        name: full name of the class.
        declared: whether the library's own default rate is meant, where another was measured.

    Raises:
        BadInput: the library is not installed, it has no such class, or the table says that the class does not race; the
            message names a way that exists.
    """
    module_name, _, class_name = name.rpartition(".")
    classes = library_classes(module_name)
    if class_name not in classes:
        raise BadInput(f"{module_name} has no '{class_name}'{_hint(name)}")
    row = row_of(name)
    refuse(row)
    kind = classes[class_name]
    return library_schedule(name, kind) if is_scheduler(kind) else library_optimizer(name, kind, row, declared=declared)


def check_library(name: str, plugin: Optimizer | Schedule, values: Mapping[str, Any]) -> None:
    """Check that a library's class does something with the values that the user set: it trains, or gives learning rates.

    Args:
        name: what the user typed.
        plugin: from `library_plugin`.
        values: hyperparameters that the user set.

    Raises:
        BadInput: it does not.
    """
    if isinstance(plugin, Optimizer):
        check_trains(name, plugin, values)
    else:
        check_draws(name, plugin, values)


def _hint(name: str) -> str:
    """Return what the user may have meant, of all classes that race."""
    if meant := intended(name):
        return f"; did you mean '{meant}'?"
    module = name.rpartition(".")[0]
    racing = (row.name.rpartition(".") for row in all_rows().values() if row.races)
    return did_you_mean("", [key for place, _, key in racing if place == module])
