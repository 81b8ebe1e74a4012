"""Optimizers and schedulers of libraries, by their full names: ``torch.optim.Adagrad``, ``pytorch_optimizer.Adan``."""

from harness.registry.libraries.classes import OPTIMIZERS, SCHEDULERS, is_library_name, library_classes
from harness.registry.libraries.plugins import check_library, library_plugin
from harness.registry.libraries.table import Row, Verdict, all_rows, changes, intended, row_of

__all__ = [
    "OPTIMIZERS",
    "SCHEDULERS",
    "Row",
    "Verdict",
    "all_rows",
    "changes",
    "check_library",
    "intended",
    "is_library_name",
    "library_classes",
    "library_plugin",
    "row_of",
]
