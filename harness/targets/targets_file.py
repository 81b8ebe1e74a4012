"""Reads and writes `targets.json` and `rulers.json`, the protocol's results beside a workload's module."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from harness.canonical import json_lines, plain
from harness.contracts.errors import BadInput
from harness.contracts.workloads import Workload, rulers_file, targets_file
from harness.results import write_atomically

DEPTH = 4
"""Mappings down to this level are written with one key per line; deeper ones (search, seeds) are on one line."""


def write_entry(workload: Workload, entry: Mapping[str, Any]) -> Path:
    """Write a workload's entry at its size into the file beside its module and return the path; other entries stay.

    Raises:
        BadInput: the file is damaged or cannot be written.
    """
    return _written(targets_file(type(workload)), workload, lambda old: entry)


def write_rulers(workload: Workload, ruler: Mapping[str, Any], variants: Mapping[str, Mapping[str, Any]]) -> Path:
    """Write the rulers of a workload at its size and of its held-out variants; return the path. Other entries stay.

    A ruler keeps its version while its values stay what they were; else the version is raised by one.

    Raises:
        BadInput: the file is damaged or cannot be written.
    """

    def entry(old: Mapping[str, Any]) -> dict[str, Any]:
        before = old.get("variants", {})
        own = {name: _versioned(value, before.get(name, {})) for name, value in variants.items()}
        return {**_versioned(ruler, old), "variants": own}

    return _written(rulers_file(type(workload)), workload, entry)


VALUES = ("budget", "finals", "lower_is_better")
"""What a ruler is; the rest of its entry is provenance."""


def _versioned(ruler: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    if old and all(plain(ruler[name]) == old.get(name) for name in VALUES):
        return dict(old)
    return {**ruler, "version": int(old.get("version", 0)) + 1}


def _written(path: Path, workload: Workload, entry: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Path:
    """Replace a workload's entry at its size in a file, and return the path; `entry` makes the new one from the old one."""
    try:
        content = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        own = content.setdefault(workload.name, {})
        own[workload.size_name] = plain(entry(own.get(workload.size_name, {})))
        write_atomically(path, json_lines(content, DEPTH, sort_keys=True) + "\n")
    except (ValueError, AttributeError) as error:
        raise BadInput(f"{path} is damaged ({error}): restore or remove it") from None
    except OSError as error:
        raise BadInput(f"cannot write {path}: {error.strerror}") from None
    return path


def verified_recipe(workload: Workload) -> str:
    """Return the recipe (OPTIMIZER+SCHEDULE) that set a workload's target; if none did, the reference optimizer+cosine."""
    reference = workload.size.reference.optimizer
    try:
        entries = json.loads(targets_file(type(workload)).read_text(encoding="utf-8"))
        return str(entries[workload.name][workload.size_name]["best"]["submission"])
    except (OSError, ValueError, KeyError, TypeError):
        return f"{reference}+cosine"
