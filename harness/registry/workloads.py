"""Workloads by name, their content hashes, and the suites that they make up."""

from __future__ import annotations

import inspect
import sys
from dataclasses import asdict
from pathlib import Path

from harness.contracts import BadInput, ContractError, Workload
from harness.records import stable_hash
from harness.registry.index import Index, workloads_index
from harness.registry.loading import Found
from harness.registry.names import from_file, is_file, unknown
from harness.registry.sources import OURS, read_sources
from harness.registry.submissions import find_submission
from harness.rules import RULESETS, SUITES


def find_workload(name: str, size: str, variant: str = "") -> Workload:
    """Return the workload `name` at a size, as itself or as one of its held-out variants.

    A name is looked for in ./workloads and ./submissions, in the built-in folder and among installed entry points
    (group ``timetrial.workloads``); it can also be a file, ``./my.py`` or ``./my.py:name``.

    Raises:
        BadInput: no such workload, size or variant, or two files claim the name.
    """
    index = workloads_index()
    found = from_file(name, index, "workload") if is_file(name) else index.only(name)
    if found is None:
        raise unknown("workload", name, index)
    return _class(found)(size, variant)


def all_workloads() -> list[type[Workload]]:
    """Return every workload that has a name and can be loaded here, sorted by name.

    Raises:
        BadInput: two files claim one name.
    """
    index = workloads_index()
    return [_class(found) for name in sorted(index.found) if (found := index.only(name)) is not None]


def unavailable_workloads() -> dict[str, str]:
    """Return {name: reason} of workload files and entry points that cannot be loaded here."""
    index: Index = workloads_index()
    mine = {name: error for name, error in index.broken.items() if "submissions" not in index.files.get(name, Path()).parts}
    return {name: str(error) for name, error in sorted(mine.items())}


def suites() -> dict[str, list[str]]:
    """Return {suite: names of the workloads that have that size}."""
    workloads = all_workloads()
    return {suite: [workload.name for workload in workloads if suite in workload.sizes] for suite in SUITES}


def workload_hash(workload: Workload, track: str = "schedule") -> str:
    """Return the SHA-256 of everything that fixes the workload at its size and variant under a track's rules.

    That is: name, version, settings, the source of its module and of the modules of ours that it imports; the target
    where the track races to it, the reference recipe and the source of its optimizer where the track holds it fixed.

    Raises:
        ContractError: the class was not defined in a file.
    """
    settings = asdict(workload.settings)
    rules = RULESETS[track]
    del settings["target_provenance"]
    if not rules.targeted:
        del settings["target"]
    facts = [workload.name, workload.version, workload.metric, workload.lower_is_better, workload.size_name, workload.variant]
    recipe = ""
    if rules.reference:
        recipe = find_submission(workload.settings.reference.optimizer).content_hash
    else:
        del settings["reference"]
    return stable_hash(facts, settings, _source_hash(type(workload)), recipe)


def _source_hash(workload: type[Workload]) -> str:
    try:
        path = Path(inspect.getfile(workload)).resolve()
    except (TypeError, OSError):
        raise ContractError(f"workload '{workload.name}' has no source file: define it in a .py file") from None
    packages = dict(OURS)
    top = sys.modules.get(workload.__module__.partition(".")[0])
    if top is not None and "." in workload.__module__ and getattr(top, "__file__", None):
        packages.setdefault(workload.__module__.partition(".")[0], Path(next(iter(top.__path__))).resolve())
    return read_sources(path, packages).content_hash


def _class(found: Found) -> type[Workload]:
    if not (isinstance(found.plugin, type) and issubclass(found.plugin, Workload)):
        raise BadInput(f"'{found.name}' is not a workload")
    return found.plugin
