"""Reads and writes `targets.json`, the file of the protocol's results beside a workload's module."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.contracts import BadInput, Workload
from harness.contracts.workloads import targets_file
from harness.records import plain
from harness.results import write_atomically

DEPTH = 4
"""Mappings down to this level are written with one key per line; deeper ones (search, seeds) are on one line."""


def write_entry(workload: Workload, entry: Mapping[str, Any]) -> Path:
    """Write a workload's entry at its size into the file beside its module and return the path; other entries stay.

    Raises:
        BadInput: the file is damaged or cannot be written.
    """
    path = targets_file(type(workload))
    try:
        content = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        content.setdefault(workload.name, {})[workload.size_name] = plain(entry)
        write_atomically(path, _text(content, DEPTH) + "\n")
    except (ValueError, AttributeError) as error:
        raise BadInput(f"{path} is damaged ({error}): restore or remove it") from None
    except OSError as error:
        raise BadInput(f"cannot write {path}: {error.strerror}") from None
    return path


def verified_recipe(workload: Workload) -> str:
    """Return the recipe (OPTIMIZER+SCHEDULE) that set a workload's target; if none did, the reference optimizer+cosine."""
    reference = workload.settings.reference.optimizer
    try:
        entries = json.loads(targets_file(type(workload)).read_text(encoding="utf-8"))
        return str(entries[workload.name][workload.size_name]["best"]["submission"])
    except (OSError, ValueError, KeyError, TypeError):
        return f"{reference}+cosine"


def _text(value: Any, depth: int, indent: str = "") -> str:
    if not isinstance(value, dict) or not depth or not value:
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    inner = indent + " "
    lines = (f"{inner}{json.dumps(key)}: {_text(item, depth - 1, inner)}" for key, item in sorted(value.items()))
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
